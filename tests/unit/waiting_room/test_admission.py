"""The gate against whole crowds, in virtual time: what it does to the rate, to the allocator and to the last places."""

import time
from dataclasses import replace

import pytest

from onsale.rehearsal import Rush
from waiting_room.gate import Limiter


def limiters(rush: Rush, seconds: float) -> set[Limiter]:
    return {admission.limited_by for admission in rush.reasons[-round(seconds * 5) :]}


@pytest.mark.parametrize("crowd", [10**3, 10**4, 10**5, 10**6, 5 * 10**6])
def test_a_crowd_of_any_size_is_called_at_the_rate_that_was_set(crowd: int) -> None:
    rate = crowd // 4
    rush = Rush(crowd, seats=10 * crowd, rate_per_min=rate, bears_per_s=rate).run(120)
    assert limiters(rush, 120) == {Limiter.OPERATOR}
    assert rush.called_per_min(60) == pytest.approx(rate, rel=0.012)
    assert rush.called_per_min(120) == pytest.approx(rate, rel=0.012)


def test_a_new_ceiling_is_kept_to_from_then_on() -> None:
    rush = Rush(10**6, 10**7, rate_per_min=1_200).run(60)
    for rate in (6_000, 300):
        rush.room.row = replace(rush.room.row, rate_per_min=rate)
        rush.run(20)
        assert rush.called_per_min(1, rush.calls[:-95]) <= rate * 1.1
        assert rush.called_per_min(10) == pytest.approx(rate, rel=0.05)


def test_an_allocator_that_bears_a_fifth_less_is_found_out_within_twenty_seconds() -> None:
    rush = Rush(10**6, 10**7).run(60)
    rush.bears_per_s = 16
    rush.run(20)
    for _ in range(6):
        rush.run(10)
        assert limiters(rush, 10) == {Limiter.LAG}
        assert 0.90 * 960 <= rush.called_per_min(10) <= 1.05 * 960
    assert rush.worst_lag_ms < 5_000


@pytest.mark.parametrize(("chooses_ms", "worst_ms"), [((1_000, 4_000), 12_000), ((5_000, 30_000), 25_000)])
def test_an_allocator_that_bears_half_is_not_drowned(chooses_ms: tuple[int, int], worst_ms: int) -> None:
    """Who was called before comes all the same; after that the backlog is worked off and little of its time is lost."""
    rush = Rush(10**6, 10**7, chooses_ms=chooses_ms).run(60)
    before = rush.held + rush.booked
    rush.bears_per_s = 10
    rush.run(300)
    assert rush.worst_lag_ms < worst_ms
    # 10 a second for 300 s, three quarters of whom take two places, some of which came back.
    assert rush.turned_away == 0
    assert rush.called_per_min(240) == pytest.approx(600, rel=0.1)
    assert rush.held + rush.booked > before


def test_a_stalled_allocator_slows_admission_within_two_seconds_and_recovers_by_itself() -> None:
    for silent in (False, True):
        rush = Rush(10**6, 10**7).run(60)
        rush.bears_per_s, rush.silent = 0, silent
        rush.run(2.2)
        assert rush.called_per_min(0.2) < 800
        rush.run(10)
        assert rush.called_per_min(5) <= 120
        rush.bears_per_s, rush.silent = 1_000, False
        rush.run(10)
        assert rush.called_per_min(5) == 1_200
        assert limiters(rush, 5) == {Limiter.OPERATOR}


def test_after_a_stop_of_everything_nobody_comes_in_a_flood() -> None:
    rush = Rush(10**6, 10**7).run(60)
    rush.tick += 5 * 60
    rush.run(1)
    assert rush.called_per_min(1) <= 1_200


@pytest.mark.parametrize("comes", [1.0, 0.8, 0.6])
def test_as_many_come_as_were_meant_to_although_some_do_not(comes: float) -> None:
    rush = Rush(10**6, 10**7, comes=comes).run(600)
    assert rush.called_per_min(240, rush.claims) == pytest.approx(1_200, rel=0.012)
    assert max(rush.calls) * 300 <= 2 * 1_200 + 300


def test_where_nobody_comes_no_more_than_twice_as_many_are_called() -> None:
    rush = Rush(10**6, 10**7, comes=0.0).run(300)
    assert rush.called_per_min(60) == 2_400


@pytest.mark.parametrize("crowd", [10**3, 10**5, 5 * 10**6])
@pytest.mark.parametrize("comes", [1.0, 0.6])
def test_the_last_places_are_sold_without_turning_away_whoever_was_called(crowd: int, comes: float) -> None:
    seats = max(500, crowd // 20)
    rush = Rush(crowd, seats, rate_per_min=max(600, seats // 2), bears_per_s=crowd, comes=comes).run(1_200)
    assert rush.turned_away < 0.002 * seats
    assert rush.held + rush.booked > 0.98 * min(seats, crowd * comes * 0.75 * 2)


def test_holds_that_end_open_the_line_again() -> None:
    rush = Rush(10**5, 2_000, rate_per_min=6_000, pays=0.2).run(60)
    called = rush.called
    rush.run(300)
    assert rush.called > called + 500
    assert rush.turned_away < 0.01 * 2_000


def test_no_more_passes_are_in_use_than_allowed() -> None:
    rush = Rush(10**6, 10**7, rate_per_min=6_000, wants=0.2, active_max=1_000).run(600)
    assert limiters(rush, 300) == {Limiter.ACTIVE}
    bought = rush.booked / 2
    assert 900 <= rush.claimed - bought <= 1_250
    claimed = rush.claimed
    # Passes run out after twenty minutes, and others may come.
    rush.run(900)
    assert rush.claimed > claimed + 600


def test_a_crowd_of_five_million_costs_no_more_than_one_of_a_thousand() -> None:
    began = time.process_time()
    Rush(5 * 10**6, 80_000, rate_per_min=30_000).run(60)
    assert time.process_time() - began < 3
