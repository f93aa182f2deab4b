"""Filters and counts of a hall with sections, tables and mixed rows are those that looking at each seat would give."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ingress.drawing import availability
from ingress.selecting import Box, sections_with, select_seats
from ingress.shows import Show
from tests.unit.ingress.tales import T0, show_row
from ticketing.intake import ShowFacts
from ticketing.layout import Layout, LayoutBody, build_layout
from ticketing.show_view import STATUS_NAMES, ShowView
from ticketing.telling import Where

CATEGORIES = ("front", "back")


def seat(label: str, x: int, y: int, category: str) -> dict[str, object]:
    return {"label": label, "x": x, "y": y, "category": category}


HALL = build_layout(
    LayoutBody.model_validate(
        {
            "categories": [{"name": name, "price": 1000} for name in CATEGORIES],
            "sections": [
                {
                    "name": section,
                    "rows": [
                        {"label": f"{section}{row}", "seats": [
                            seat(f"{section}{row}-{n}", 10 * n + left, 10 * row, CATEGORIES[(row + n // 4) % 2])
                            for n in range(6)
                        ]}
                        for row in range(3)
                    ],
                }
                for section, left in (("left", 0), ("right", 100))
            ],
            "tables": [{"label": "T", "x": 200, "y": 20, "seats": 4, "category": "front", "section": "left"}],
        }
    )
)  # fmt: skip
SEATS = len(HALL.seats)
marks = st.lists(st.integers(0, 3), min_size=SEATS, max_size=SEATS)
boxes = st.tuples(*[st.integers(-5, 220).map(float)] * 4).map(
    lambda box: (min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3]))
)


def a_view(of: list[int]) -> ShowView:
    view = ShowView(HALL, seq=9)
    view.seats[:] = bytes(of)
    return view


def section_of(layout: Layout, number: int) -> str:
    sets = [(it.section, it.first, it.count) for it in layout.rows]
    sets += [(it.section, it.first, it.count) for it in layout.tables]
    return next(section for section, first, count in sets if first <= number < first + count)


def category_of(layout: Layout, number: int) -> str:
    return layout.categories[layout.seats[number].category].name


@given(marks, st.none() | st.sampled_from(STATUS_NAMES), st.none() | st.sampled_from(CATEGORIES), st.none() | boxes)
def test_a_filter_keeps_what_looking_at_each_seat_would(
    of: list[int], status: str | None, category: str | None, box: Box | None
) -> None:
    found = select_seats(HALL, a_view(of), status=status, category=category, box=box)
    wanted = [
        number
        for number, it in enumerate(HALL.seats)
        if (status is None or STATUS_NAMES[of[number]] == status)
        and (category is None or HALL.categories[it.category].name == category)
        and (box is None or (box[0] <= it.x <= box[2] and box[1] <= it.y <= box[3]))
    ]
    assert found == (None if (status, category, box) == (None, None, None) else wanted)
    if found is not None:
        assert sections_with(HALL, found) == {section_of(HALL, number) for number in wanted}


@given(marks)
def test_counts_are_those_of_the_seats_one_by_one(of: list[int]) -> None:
    row = show_row()
    facts = ShowFacts(show=row.show, part=row.part, venue=row.venue, layout=HALL, policy=row.policy)
    show = Show(row, facts, HALL.category_prices({}), "shw_x", Where(row.show, row.venue, "EUR", HALL))
    answer = availability(show, a_view(of), T0)
    by_status = {
        "categories": Counter((category_of(HALL, it), STATUS_NAMES[of[it]].value) for it in range(SEATS)),
        "sections": Counter((section_of(HALL, it), STATUS_NAMES[of[it]].value) for it in range(SEATS)),
    }
    for kind, counts in by_status.items():
        for part in getattr(answer, kind):
            for status in ("available", "held", "booked", "blocked"):
                assert getattr(part, status) == counts[part.name, status], (kind, part.name, status)
    (table,) = answer.tables
    assert table.held == sum(of[number] == 1 for number in HALL.tables[0].seats)
