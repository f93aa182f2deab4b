"""How often people are told to look: the more come of it, the more seldom."""

import pytest

from waiting_room.looks import SELDOM, Poll, looks_per_s, poll_for

USUAL = Poll(1, 10, 10)


def measured(poll: Poll, waiting: int, calls_per_s: float) -> float:
    """The same by adding up, person by person."""
    total = 0.0
    for ahead in range(waiting):
        wait_s = (ahead + 0.5) / calls_per_s if calls_per_s else float("inf")
        total += 1 / min(max(wait_s / poll.divisor, poll.floor_s), poll.ceiling_s)
    return total


@pytest.mark.parametrize("poll", [USUAL, *SELDOM])
@pytest.mark.parametrize(("waiting", "calls_per_s"), [(50, 5.0), (3_000, 20.0), (20_000, 300.0), (5_000, 0.0)])
def test_the_looks_are_those_of_each_added_up(poll: Poll, waiting: int, calls_per_s: float) -> None:
    assert looks_per_s(poll, waiting, calls_per_s) == pytest.approx(measured(poll, waiting, calls_per_s), rel=0.02)


def test_in_a_small_line_people_look_as_often_as_is_usual() -> None:
    assert poll_for(USUAL, 500, 20.0, 2_000) == USUAL


def test_in_a_large_one_more_seldom_and_never_beyond_half_a_minute() -> None:
    steps = [poll_for(USUAL, waiting, 300.0, 2_000) for waiting in (100, 1_000, 10_000, 100_000, 5_000_000)]
    assert [step.ceiling_s for step in steps] == sorted(step.ceiling_s for step in steps)
    assert steps[-1] == SELDOM[-1]
    assert all(step.ceiling_s * 1.1 < 30 for step in SELDOM)


def test_what_operators_set_as_usual_is_never_looked_at_more_often() -> None:
    rare = Poll(20, 60, 2)
    assert poll_for(rare, 1_000_000, 500.0, 1) == rare


def test_near_the_front_everybody_looks_within_ten_seconds() -> None:
    for step in SELDOM:
        wait_s = 20
        assert min(max(wait_s / step.divisor, step.floor_s), step.ceiling_s) <= 10
