"""A layout as people send it, as it is stored, and what is wrong with some."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ticketing.layout import (
    SEAT_PITCH,
    LayoutBody,
    LayoutError,
    build_layout,
    decode_layout,
    encode_layout,
    row_letters,
)
from ticketing.vocabulary import SEATS_PER_SHOW_MAX

STANDARD = [{"name": "standard", "price": 2500}]


def built(**body: Any) -> Any:
    return build_layout(LayoutBody.model_validate(body))


def errors(**body: Any) -> list[tuple[str, str]]:
    with pytest.raises(LayoutError) as raised:
        built(**body)
    return raised.value.errors


def a_row(label: str, *seats: str, category: str = "standard") -> dict[str, Any]:
    return {"label": label, "category": category, "seats": [{"label": seat, "x": 0, "y": 0} for seat in seats]}


def test_rows_times_seats() -> None:
    layout = built(rows=2, seats_per_row=5, categories=STANDARD)
    assert [seat.label for seat in layout.seats] == [f"{row}-{n}" for row in "AB" for n in range(1, 6)]
    assert [(row.label, row.first, row.count) for row in layout.rows] == [("A", 0, 5), ("B", 5, 5)]
    assert (layout.seats[6].x, layout.seats[6].y) == (2 * SEAT_PITCH, 2 * SEAT_PITCH)
    assert layout.seat_numbers["B-2"] == 6
    assert layout.places == 10


def test_a_capacity_alone_is_one_area_of_one_category() -> None:
    layout = built(capacity=500)
    assert [(area.label, area.capacity) for area in layout.areas] == [("general", 500)]
    assert [(category.name, category.price) for category in layout.categories] == [("standard", 0)]
    assert layout.area_numbers == {"general": 0}


def test_categories_name_their_rows_and_the_first_without_takes_the_others() -> None:
    layout = built(
        rows=3,
        seats_per_row=4,
        categories=[{"name": "best", "price": 9, "rows": [2]}, {"name": "other", "price": 5}],
    )
    assert [layout.seats[row.first].category for row in layout.rows] == [1, 0, 1]
    assert layout.category_prices({}) == (9, 5)
    assert layout.category_prices({"other": 4, "unknown": 1}) == (9, 4)


def test_sections_rows_and_seats_in_full() -> None:
    first = a_row("1", *"abcde")
    first["seats"][0] |= {"category": "wheelchair", "accessible": True, "x": 3.5}
    layout = built(
        categories=[*STANDARD, {"name": "wheelchair", "price": 1}],
        sections=[{"name": "stalls", "rows": [first, a_row("2", *"fghij")]}],
        areas=[{"label": "pit", "category": "standard", "capacity": 3}],
    )
    seat = layout.seats[0]
    assert (seat.label, seat.category, seat.x, seat.accessible, seat.number) == ("a", 1, 3.5, True, 1)
    assert [(row.section, row.first) for row in layout.rows] == [("stalls", 0), ("stalls", 5)]
    assert layout.places == 13


def test_every_error_is_named_with_its_place() -> None:
    assert errors(
        categories=[*STANDARD, *STANDARD],
        sections=[{"name": "s", "rows": [a_row("1", "a", "a"), a_row("2", "b", category="gold")]}],
        areas=[{"label": "b", "category": "silver", "capacity": 1}],
    ) == [
        ("/categories", "duplicate_name"),
        ("/sections/0/rows/0/seats/1/label", "duplicate_label"),
        ("/sections/0/rows/1/seats/0/category", "unknown_category"),
        ("/areas/0/label", "duplicate_label"),
        ("/areas/0/category", "unknown_category"),
    ]


def test_too_small_and_too_large() -> None:
    assert errors(rows=3, seats_per_row=3) == [("", "places_out_of_range")]
    assert errors(categories=STANDARD) == [("", "places_out_of_range")]
    assert errors(rows=2000, seats_per_row=2000) == [("/rows", "too_many_places")]
    assert errors(capacity=SEATS_PER_SHOW_MAX, rows=1, seats_per_row=1) == [("", "places_out_of_range")]
    assert built(capacity=SEATS_PER_SHOW_MAX).places == SEATS_PER_SHOW_MAX


@pytest.mark.parametrize(
    "body",
    [
        {"rows": 3},
        {"seats_per_row": 3},
        {"rows": 0, "seats_per_row": 3},
        {"capacity": 0},
        {"capacity": -1},
        {"capacity": SEATS_PER_SHOW_MAX + 1},
        {"categories": []},
        {"categories": [{"name": "x", "price": -1}]},
        {"categories": [{"name": "", "price": 1}]},
        {"categories": [{"name": "a/b", "price": 1}]},
        {"categories": [{"name": "a\x00b", "price": 1}]},
        {"categories": [{"name": "x", "price": 1, "colour": "red"}]},
        {"sections": [{"name": "s", "rows": [{"label": "1", "category": "standard", "seats": []}]}]},
        {"canvas": {"width": 0}},
        {"unknown": 1},
        {"sections": [{"name": "s", "rows": [a_row("1", "a") | {"seats": [{"label": "a", "x": "NaN", "y": 0}]}]}]},
    ],
    ids=str,
)
def test_what_has_not_the_form_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        LayoutBody.model_validate(body)


def test_what_is_stored_is_what_was_built_and_has_its_digest() -> None:
    layout = built(rows=2, seats_per_row=5, capacity=3, categories=STANDARD)
    document, digest = encode_layout(layout)
    assert decode_layout(document, digest) == layout
    assert encode_layout(decode_layout(document, digest)) == (document, digest)
    with pytest.raises(ValueError, match="sha256"):
        decode_layout(document + b" ", digest)


def test_rows_are_lettered_as_in_theatres() -> None:
    assert [row_letters(row) for row in (1, 26, 27, 52, 53, 702, 703)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]


@given(st.integers(1, 2000), st.integers(1, 2000))
def test_no_two_rows_have_the_same_letters(one: int, other: int) -> None:
    assert (row_letters(one) == row_letters(other)) == (one == other)
