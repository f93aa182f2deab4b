"""Tables, companions, and what is wrong or odd about where things stand."""

import math
from typing import Any

import pytest

from ticketing.layout import (
    NO_SEAT,
    Bookable,
    Layout,
    LayoutBody,
    LayoutError,
    build_layout,
    decode_layout,
    encode_layout,
    layout_warnings,
)
from ticketing.seating_plan import SeatingPlan

STANDARD = {"categories": [{"name": "standard", "price": 2500}], "capacity": 10}
"""A floor for ten, so that what a story adds may be as small as it likes."""


def built(**body: Any) -> Layout:
    return build_layout(LayoutBody.model_validate(STANDARD | body))


def errors(**body: Any) -> list[tuple[str, str]]:
    with pytest.raises(LayoutError) as raised:
        built(**body)
    return raised.value.errors


def warnings(**body: Any) -> list[tuple[str, str]]:
    model = LayoutBody.model_validate(STANDARD | body)
    return layout_warnings(model, build_layout(model))


def a_table(**more: Any) -> dict[str, Any]:
    return {"label": "T1", "x": 300, "y": 300, "seats": 8, "category": "standard"} | more


def a_row(*seats: dict[str, Any]) -> dict[str, Any]:
    """One section of one row; seats stand a whole seat apart unless they say otherwise."""
    placed = [{"label": f"A-{n}", "x": 100 + 50 * n, "y": 100} | seat for n, seat in enumerate(seats)]
    return {"sections": [{"name": "s", "rows": [{"label": "A", "category": "standard", "seats": placed}]}]}


def test_a_table_of_eight_has_its_seats_around_it() -> None:
    layout = built(tables=[a_table()])
    (table,) = layout.tables
    assert (table.label, table.section, table.bookable, table.count) == ("T1", "tables", Bookable.WHOLE, 8)
    assert [layout.seats[seat].label for seat in table.seats] == [f"T1-{n}" for n in range(1, 9)]
    assert len({(layout.seats[seat].x, layout.seats[seat].y) for seat in table.seats}) == 8
    reaches = {round(math.dist((layout.seats[seat].x, layout.seats[seat].y), (300, 300)), 2) for seat in table.seats}
    assert len(reaches) == 1
    assert layout.places == 18
    assert layout.table_numbers == {"T1": 0}


def test_a_long_table_has_them_on_both_sides_and_turns_with_them() -> None:
    layout = built(tables=[a_table(shape="rectangle", seats=5)])
    xs_above = [seat.x for seat in layout.seats if seat.y < 300]
    assert len(xs_above) == 3 and len({seat.y for seat in layout.seats}) == 2
    turned = built(tables=[a_table(shape="rectangle", seats=5, rotation=90)])
    for one, other in zip(layout.seats, turned.seats, strict=True):
        assert (300 - (one.y - 300), one.x) == pytest.approx((other.x, other.y), abs=0.01)


def test_a_table_may_list_its_seats_and_the_whole_is_stored_as_it_was_built() -> None:
    seats = [{"label": f"{n}", "x": 290 + 30 * n, "y": 250, "rotation": 15, "width": 20} for n in range(2)]
    layout = built(tables=[a_table(seats=seats, bookable="both", section="balcony")])
    assert [(seat.label, seat.rotation, seat.width) for seat in layout.seats] == [("0", 15, 20), ("1", 15, 20)]
    document, digest = encode_layout(layout)
    assert decode_layout(document, digest) == layout


def test_which_tables_are_asked_for_whole() -> None:
    layout = built(tables=[a_table(seats=2), a_table(label="T2", seats=2, bookable="seats", x=600)])
    assert [table.label for table in layout.whole_tables((0, 1, 2, 3))] == ["T1"]
    assert layout.whole_tables((0, 2)) == []


def test_what_is_wrong_with_tables_and_areas() -> None:
    assert errors(
        tables=[a_table(category=None, seats=2), a_table(seats=[{"label": "T1-1", "x": 0, "y": 0}])],
        areas=[{"label": "pit", "category": "standard", "capacity": 0}],
    ) == [
        ("/tables/0/category", "no_category"),
        ("/tables/1/label", "duplicate_label"),
        ("/tables/1/seats/0/label", "duplicate_label"),
        ("/areas/0/capacity", "no_capacity"),
    ]


def test_a_seat_without_category_and_a_companion_without_seat() -> None:
    row = a_row({"companion_of": "nobody"}, {"companion_of": "A-1"})
    row["sections"][0]["rows"][0]["category"] = None
    assert errors(**row) == [
        ("/sections/0/rows/0/seats/0/category", "no_category"),
        ("/sections/0/rows/0/seats/1/category", "no_category"),
        ("/sections/0/rows/0/seats/0/companion_of", "companion_of_no_seat"),
        ("/sections/0/rows/0/seats/1/companion_of", "companion_of_itself"),
    ]


def test_a_companion_goes_with_its_seat() -> None:
    row = a_row({"accessible": True}, {"companion_of": "A-0"}, {})
    layout = built(**row)
    assert [seat.companion_of for seat in layout.seats] == [NO_SEAT, 0, NO_SEAT]
    assert SeatingPlan(layout).pool == {0: (1,)}
    assert warnings(**row) == []


def test_what_is_odd_is_told_with_its_place() -> None:
    odd = warnings(
        **a_row({}, {"x": 110}, {"x": 5000}, {"accessible": True}, {"companion_of": "A-0"}, {"x": 900}),
        categories=[{"name": "standard", "price": 1}, {"name": "gold", "price": 2}],
        canvas={"width": 1000, "height": 500},
    )
    assert odd == [
        ("/sections/0/rows/0/seats/1", "overlaps"),
        ("/sections/0/rows/0/seats/2", "outside_canvas"),
        ("/sections/0/rows/0/seats/3", "no_companion"),
        ("/sections/0/rows/0/seats/4", "companion_apart"),
        ("/sections/0/rows/0/seats/4", "companion_of_ordinary_seat"),
        ("/categories/1", "unused_category"),
    ]


def test_tables_too_near_to_each_other_overlap() -> None:
    assert warnings(tables=[a_table(), a_table(label="T2", x=420)]) == [("/tables/1/seats", "overlaps")]
    assert warnings(tables=[a_table(), a_table(label="T2", x=600)]) == []


def test_the_short_form_is_never_odd() -> None:
    assert warnings(rows=50, seats_per_row=100) == []


def test_seats_at_tables_belong_to_the_section_of_their_table() -> None:
    seats = [{"label": "wheel", "x": 300, "y": 200, "accessible": True}, {"label": "chair", "x": 350, "y": 200}]
    plan = SeatingPlan(built(tables=[a_table(seats=seats, section="balcony")]))
    assert plan.matches(0, "standard", "balcony")
    assert not plan.matches(0, "", "s")
