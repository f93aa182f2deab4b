"""A part of the hall, and a hall before its sale."""

from notifier.audience import Right
from notifier.hall import Hall
from notifier.ports import Limits
from tests.unit.notifier.theatre import (
    PART,
    SECOND,
    SHOW,
    T0,
    VENUE,
    Sale,
    flush,
    hall_at,
    happens,
    small_layout,
    watching,
)
from ticketing.intake import ShowFacts
from ticketing.messages import Policy, ShowOpened
from ticketing.show_view import ShowView


def test_who_watches_a_part_hears_of_the_seats_in_it_without_a_gap_in_the_numbers() -> None:
    hall, sale = hall_at(), Sale()
    places = {seat.label: seat for seat in hall.view.layout.seats}
    left = (places["A-1"].x, places["A-1"].y, places["A-2"].x, places["B-2"].y)
    happens(hall, sale.hold("ent_anna", [0, 5]))
    (_, all_of_it), (part, in_part) = watching(hall), watching(hall)
    hall.start(part, None, T0, left)
    assert in_part.told("snapshot")[-1]["data"]["seats"]["held"] == ["A-1"]
    assert in_part.told("snapshot")[-1]["data"]["bbox"] == list(left)
    for step, seats in enumerate(([1, 4], [3], [6]), 1):
        happens(hall, sale.hold("ent_ben", seats))
        flush(hall, T0 + step * SECOND)
    assert [frame["data"]["seats"] for frame in in_part.told("seat_status_changed")] == [
        {"held": ["A-2"]},
        {},
        {"held": ["B-1"]},
    ]
    for wire in (all_of_it, in_part):
        told = [(frame["data"]["from_seq"], frame["data"]["to_seq"]) for frame in wire.told("seat_status_changed")]
        assert told == [(2, 2), (3, 3), (4, 4)]
    changed = in_part.told("seat_status_changed")[-1]["data"]
    assert changed["counts"] == all_of_it.told("seat_status_changed")[-1]["data"]["counts"], "of the whole show"
    hall.start(part, None, T0)
    assert in_part.told("snapshot")[-1]["data"]["seats"]["held"] == ["A-1", "A-2", "A-4", "A-5", "A-6", "B-1"]


def test_a_show_that_opens_while_it_is_watched_tells_prices_in_its_currency() -> None:
    layout = small_layout()
    hall = Hall(
        facts=ShowFacts(SHOW, PART, VENUE, layout, Policy()),
        currency="",
        view=ShowView(layout),
        batch_seq=0,
        limits=Limits(),
        sign_finish=lambda show, reservation: "",
    )
    anna, wire = watching(hall)
    hall.identify(anna, Right("ent_anna"))
    opened = ShowOpened(
        show=SHOW, seq=1, at_ms=T0, offset=1, account="key_office", layout="lay_1", currency="CHF", policy=Policy()
    )
    happens(hall, opened, Sale(1).hold("ent_anna", [0]))
    assert wire.told("request_decided")[0]["data"]["outcome"]["currency"] == "CHF"
