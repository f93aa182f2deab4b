"""Tables as people see them: in the map, with their free seats, in the counts; and what was odd about a layout."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from ingress import shown
from ingress.answers import tell
from ingress.drawing import SeatPieces, availability, draw_seats, seat_map
from ingress.shows import LayoutRow, Show
from tests.unit.ingress.stage import ADMIN_KEY, SECRET, Stage
from tests.unit.ingress.tales import LAYOUT, SHOW, T0, VENUE, a_show, held, reservation
from ticketing import messages, telling
from ticketing.labels import PlaceConflict
from ticketing.layout import Layout, LayoutBody, build_layout
from ticketing.show_view import ShowView
from ticketing.telling import Where
from ticketing.tokens import TokenKeys

pytestmark = pytest.mark.anyio

SUPPER: dict[str, Any] = {
    "categories": [{"name": "supper", "price": 4000}, {"name": "bar", "price": 1000}],
    "sections": [
        {
            "name": "stalls",
            "rows": [
                {
                    "label": "A",
                    "category": "bar",
                    "seats": [
                        {"label": "A-1", "x": 50, "y": 50, "accessible": True},
                        {"label": "A-2", "x": 90, "y": 50, "companion_of": "A-1", "rotation": 10},
                    ],
                }
            ],
        }
    ],
    "tables": [
        {"label": "T1", "x": 300, "y": 300, "seats": 8, "category": "supper"},
        {"label": "T2", "x": 600, "y": 300, "seats": 2, "category": "supper", "bookable": "both"},
    ],
}


def supper() -> Layout:
    """A-1 and A-2 in one row; a table of eight sold whole; one of two sold either way."""
    return build_layout(LayoutBody.model_validate(SUPPER))


def a_supper() -> tuple[Show, ShowView]:
    show = a_show()
    layout = supper()
    facts = replace(show.facts, layout=layout)
    return replace(show, facts=facts, prices=layout.category_prices({})), ShowView(layout, seq=3)


def test_a_table_is_shown_with_its_free_seats() -> None:
    show, view = a_supper()
    view.seats[2 + 3] = 1
    view.seats[2 + 8] = 2
    drawn = msgspec.json.decode(draw_seats(show, view, SeatPieces(show), None, T0), type=shown.SeatsAnswer)
    first, second = drawn.tables
    assert (first.label, first.bookable, first.price, first.seats, first.available) == ("T1", "whole", 32000, 8, 7)
    assert "T1-4" not in first.free and "T1-5" in first.free
    assert (second.available, second.free) == (1, ["T2-2"])


def test_tables_are_counted_once_in_sections_and_categories() -> None:
    show, view = a_supper()
    view.seats[2] = 1
    answer = availability(show, view, T0)
    assert {part.name: (part.total, part.held) for part in answer.sections} == {"stalls": (2, 0), "tables": (10, 1)}
    assert {part.name: (part.total, part.held) for part in answer.categories} == {"supper": (10, 1), "bar": (2, 0)}
    assert {part.name: (part.total, part.available) for part in answer.tables} == {"T1": (8, 7), "T2": (2, 2)}


def test_the_map_has_all_that_stands_in_the_layout() -> None:
    row = LayoutRow(layout=LAYOUT, venue=VENUE, version=1, sha256=b"", places=12, created_at_ms=T0)
    answer = seat_map(row, supper())
    table = answer.tables[0]
    assert (table.label, table.shape, table.x, len(table.seats)) == ("T1", "round", 300, 8)
    wheelchair, companion = answer.sections[0].rows[0].seats
    assert (wheelchair.accessible, companion.companion_of, companion.rotation) == (True, "A-1", 10)


async def test_what_is_odd_is_answered_and_does_not_refuse() -> None:
    near = SUPPER | {"tables": [SUPPER["tables"][0], {**SUPPER["tables"][0], "label": "T3"}]}
    reply = await Stage().call("PUT", f"/api/admin/venues/{VENUE}/layout", near, token=ADMIN_KEY)
    assert (reply.status, reply.body["tables"], reply.body["seats"]) == (200, 2, 18)
    assert reply.body["warnings_total"] == 8
    assert reply.body["warnings"][0] == {"pointer": "/tables/1/seats", "code": "overlaps"}


def test_a_hold_is_told_with_its_tables_and_with_what_was_left_out() -> None:
    show, _ = a_supper()
    outcome = held(reservation(b"a" * 16, seats=(0, *range(2, 10))), seq=1)
    assert isinstance(outcome, messages.SeatsHeld)
    outcome = msgspec.structs.replace(outcome, left_out=(messages.Conflict("held", seat=1),), left_out_total=1)
    told = tell(outcome, replace(show, where=Where(SHOW, VENUE, "EUR", supper())), "req_1", TokenKeys([SECRET])).body
    assert isinstance(told, telling.ReservationAnswer)
    assert told.tables == ["T1"]
    assert told.left_out == [PlaceConflict(label="A-2", reason="held")]
