"""What people see of a show follows the outcomes, and a view that missed one says so."""

import random

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from allocator.netting import Position
from allocator.stock import PartitionState
from tests.simulation.crowd import LAYOUT, LAYOUT_ID, SHA256, SHOWS, Crowd, opening
from tests.simulation.writer import Writer
from tests.unit.allocator.stories import LAYOUT as SMALL
from tests.unit.allocator.stories import (
    SECOND,
    T0,
    Told,
    cancel,
    close_show,
    confirm,
    expire,
    extend,
    hold,
    release,
)
from tests.unit.allocator.stories import given as given_a_show
from ticketing.messages import AnyOutcome
from ticketing.show_view import AVAILABLE, BOOKED, HELD, Change, SequenceGap, ShowView, is_change
from ticketing.vocabulary import BLOCKED_BY


def outcomes_of(*story: Told) -> list[AnyOutcome]:
    """All outcomes of a story, after the show was opened."""
    scene = given_a_show()
    return [outcome for told in story for outcome in scene.say(told)]


def view() -> ShowView:
    return ShowView(SMALL, seq=1)


def test_a_seat_goes_from_free_to_held_to_booked_to_free() -> None:
    seen = view()
    changes = [
        seen.apply(outcome)
        for outcome in outcomes_of(hold("anna", "A-1"), extend("anna"), confirm("anna"), cancel("anna"))
    ]
    assert changes == [
        Change(2, ((0, HELD),), ()),
        Change(3, (), ()),
        Change(4, ((0, BOOKED),), ()),
        Change(5, ((0, AVAILABLE),), ()),
    ]
    assert seen.counts() == {"total": 22, "available": 22, "held": 0, "booked": 0, "blocked": 0}


def test_areas_are_counted() -> None:
    seen = view()
    story = outcomes_of(hold("anna", floor=3), hold("ben", floor=2), confirm("anna"), release("ben"))
    left = []
    for outcome in story:
        change = seen.apply(outcome)
        assert change is not None
        left.append(change.areas)
    assert left == [((0, 7),), ((0, 5),), ((0, 5),), ((0, 7),)]
    assert (seen.areas_held, seen.areas_booked) == ([0], [3])
    assert seen.counts()["booked"] == 3


def test_refusals_and_repeats_change_nothing() -> None:
    seen = view()
    taken, lost, again = outcomes_of(hold("anna", "A-1"), hold("ben", "A-1"), hold("anna", "A-1"))
    assert [is_change(outcome) for outcome in (taken, lost, again)] == [True, False, False]
    assert seen.apply(taken) is not None
    assert seen.apply(lost) is None and seen.apply(again) is None
    assert seen.seq == 2


def test_what_was_seen_is_not_applied_again_and_what_is_missing_is_an_error() -> None:
    seen = view()
    first, second, third = outcomes_of(hold("anna", "A-1"), hold("ben", "A-2"), hold("cleo", "A-3"))
    assert seen.apply(first) is not None
    assert seen.apply(first) is None
    with pytest.raises(SequenceGap):
        seen.apply(third)
    assert seen.apply(second) is not None and seen.apply(third) is not None
    assert seen.seats[:4] == bytes([HELD, HELD, HELD, AVAILABLE])


def test_a_closed_show_is_shown_as_closed() -> None:
    seen = view()
    story = outcomes_of(hold("anna", "A-1"), close_show(), expire("anna", at=T0 + 60 * SECOND))
    assert [seen.apply(outcome) is not None for outcome in story] == [True, True, True]
    assert seen.status == "closed"
    assert seen.counts()["available"] == 22


@settings(max_examples=40)
@for_all(st.integers(0, 2**32), st.integers(0, 120))
def test_a_snapshot_and_what_follows_is_what_all_of_it_is(seed: int, cut: int) -> None:
    show = SHOWS[0]
    state = PartitionState(0)
    state.layouts[LAYOUT_ID, SHA256] = LAYOUT
    writer, crowd = Writer(Position(0, 1, 0, 0), state), Crowd(random.Random(seed))
    writer.sealed(opening(show, T0))
    whole = ShowView(LAYOUT, seq=1)
    late: ShowView | None = None
    for nth in range(120):
        if nth == cut:
            stock = state.shows[show]
            late = ShowView(LAYOUT, seq=stock.seq, status=stock.status)
            for record in stock.live.values():
                it = record.reservation
                late.load(it.id, it.status, it.seats, it.areas)
            blocked = tuple(seat for seat, owner in stock.owners.items() if owner == BLOCKED_BY)
            late.load(BLOCKED_BY, "blocked", blocked, ())
        writer.sealed(crowd.command(T0 + nth * 100))
        for outcome in writer.outcomes:
            if outcome.show == show:
                whole.apply(outcome)
                if late is not None:
                    late.apply(outcome)
    stock = state.shows[show]
    for seen in (whole, late):
        if seen is None:
            continue
        assert [bool(mark) for mark in seen.seats] == [not free for free in stock.free]
        assert seen.seats.count(BOOKED) == stock.seats_booked
        assert [
            held + booked for held, booked in zip(seen.areas_held, seen.areas_booked, strict=True)
        ] == stock.area_taken
        assert seen.areas_booked == stock.area_booked
        assert (seen.seq, seen.status) == (stock.seq, stock.status)
