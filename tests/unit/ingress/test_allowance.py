"""How many may wait for a verdict follows how long one waits for it."""

import pytest

from ingress.allowance import LEAST, UNDER_WAY_AIM_MS, WAIT_AIM_MS, Allowance, Windows
from ingress.lately import WINDOW_MS

MOST = 500


def serve(allowance: Allowance, per_s: float, from_ms: int, to_ms: int) -> list[int]:
    """A crowd that fills every place at once, before something that serves `per_s`; how long each one waited."""
    waits: list[int] = []
    queue: list[int] = []
    served = 0.0
    for now_ms in range(from_ms, to_ms):
        queue += [now_ms] * (allowance.now - len(queue))
        served += per_s / 1000
        while served >= 1 and queue:
            served -= 1
            began_ms = queue.pop(0)
            allowance.note(began_ms, now_ms)
            waits.append(now_ms - began_ms)
    return waits


def test_as_long_as_all_are_served_soon_it_is_what_was_set() -> None:
    allowance = Allowance(MOST)
    waits = serve(allowance, 9_000, 0, 5_000)
    assert allowance.now == MOST
    assert max(waits) < WAIT_AIM_MS


@pytest.mark.parametrize("per_s", [300, 600, 1_200, 2_000])
def test_where_verdicts_take_long_fewer_wait_and_none_for_long(per_s: int) -> None:
    allowance = Allowance(MOST)
    serve(allowance, per_s, 0, 5_000)
    waits = sorted(serve(allowance, per_s, 5_000, 15_000))
    assert waits[int(0.95 * len(waits))] < 2 * WAIT_AIM_MS
    assert len(waits) >= 0.97 * 10 * per_s  # nobody who could be served is sent away for it


def test_when_it_is_over_it_grows_back_within_two_seconds() -> None:
    allowance = Allowance(MOST)
    serve(allowance, 100, 0, 20_000)
    assert allowance.now == LEAST
    serve(allowance, 9_000, 20_000, 22_000)
    assert allowance.now == MOST


def test_whoever_came_under_another_number_says_nothing_of_this_one() -> None:
    allowance = Allowance(MOST)
    allowance.note(1_000, 2_000)
    fewer = allowance.now
    assert fewer < MOST
    for now_ms in range(2_000, 2_000 + 2 * WINDOW_MS):
        allowance.note(1_000, now_ms)
    assert allowance.now == fewer


def test_a_clock_that_is_set_back_stops_nothing() -> None:
    allowance = Allowance(MOST)
    serve(allowance, 100, 1_000_000, 1_020_000)
    serve(allowance, 9_000, 0, 2_500)
    assert allowance.now == MOST


def test_where_less_is_set_it_is_that() -> None:
    allowance = Allowance(3)
    serve(allowance, 1, 0, 10_000)
    assert allowance.now == 3


@pytest.mark.parametrize("per_s", [1_000, 4_000, 8_000])
def test_a_window_is_what_is_decided_in_the_time_that_a_command_may_take(per_s: int) -> None:
    windows, queue, served = Windows(2_000), list[int](), 0.0
    for now_ms in range(10_000):
        queue += [now_ms] * (windows.now(3) - len(queue))
        served += per_s / 1000
        while served >= 1 and queue:
            served -= 1
            windows.note(3, queue.pop(0), now_ms)
    assert windows.now(3) == pytest.approx(per_s * UNDER_WAY_AIM_MS / 1000, rel=0.1)
    assert windows.now(4) == 2_000
