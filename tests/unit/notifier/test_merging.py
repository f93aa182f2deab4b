"""Many changes into one: whatever is merged, the picture is the same in the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.merging import ChangeRing, Merged, Pace
from ticketing.show_view import Change

CHANGES = st.lists(
    st.tuples(
        st.dictionaries(st.integers(0, 9), st.integers(0, 3), max_size=4),
        st.dictionaries(st.integers(0, 2), st.integers(0, 50), max_size=2),
    ),
    max_size=40,
)


def ring_of(changes: list[tuple[dict[int, int], dict[int, int]]], start: int, changes_max: int) -> ChangeRing:
    ring = ChangeRing(start, changes_max)
    for number, (seats, areas) in enumerate(changes, start + 1):
        ring.push(Change(number, tuple(seats.items()), tuple(areas.items())))
    return ring


@given(CHANGES, st.integers(0, 1_000), st.data())
def test_a_merged_range_does_what_its_changes_do_one_by_one(
    changes: list[tuple[dict[int, int], dict[int, int]]], start: int, data: st.DataObject
) -> None:
    ring = ring_of(changes, start, changes_max=1_000)
    stands_at = data.draw(st.integers(start, start + len(changes)))
    merged = ring.since(stands_at)
    assert merged is not None
    seats: dict[int, int] = {}
    areas: dict[int, int] = {}
    for of_seats, of_areas in changes[stands_at - start :]:
        seats |= of_seats
        areas |= of_areas
    assert (merged.seats, merged.areas) == (seats, areas)
    assert (merged.from_seq, merged.to_seq) == (stands_at + 1, start + len(changes))


@given(CHANGES, st.data())
def test_two_merges_one_after_the_other_are_as_good_as_one(
    changes: list[tuple[dict[int, int], dict[int, int]]], data: st.DataObject
) -> None:
    middle = data.draw(st.integers(0, len(changes)))
    first = ring_of(changes[:middle], 0, 1_000).since(0)
    ring = ring_of(changes, 0, 1_000)
    second, whole = ring.since(middle), ring.since(0)
    assert first is not None and second is not None and whole is not None
    assert whole.seats == first.seats | second.seats
    assert whole.areas == first.areas | second.areas
    assert first.to_seq + 1 == second.from_seq


def test_who_stands_too_far_behind_or_ahead_gets_nothing() -> None:
    ring = ring_of([({0: 1}, {}), ({1: 1}, {}), ({2: 1}, {})], start=10, changes_max=2)
    assert (ring.floor_seq, ring.seq) == (11, 13)
    assert ring.since(10) is None
    assert ring.since(14) is None
    assert ring.since(11) == Merged(12, 13, {1: 1, 2: 1})


def test_a_missing_change_is_an_error() -> None:
    ring = ChangeRing(5, 10)
    with pytest.raises(ValueError, match="stands at 5"):
        ring.push(Change(7, (), ()))


def test_the_first_goes_at_once_the_next_after_forty_milliseconds_and_under_pressure_later() -> None:
    pace = Pace()
    assert pace.wait_ms(0) == 0
    pace.sent(1_000, took_ms=0)
    assert (pace.wait_ms(1_000), pace.wait_ms(1_030), pace.wait_ms(1_040), pace.wait_ms(9_000)) == (40, 10, 0, 0)
    pace.sent(2_000, took_ms=20)
    assert (pace.wait_ms(2_000), pace.wait_ms(2_020)) == (40, 20), "half of the time may go into sending"
    pace.sent(2_500, took_ms=60)
    assert pace.wait_ms(2_560) == 60
    pace.sent(3_000, took_ms=400)
    assert pace.wait_ms(3_000) == 250
    pace.sent(4_000, took_ms=1)
    assert pace.interval_ms == 40


def test_a_clock_that_is_set_back_silences_nobody() -> None:
    pace = Pace()
    pace.sent(3_600_000, took_ms=0)
    assert pace.wait_ms(0) == 0
    pace.sent(0, took_ms=0)
    assert pace.wait_ms(10) == 30
