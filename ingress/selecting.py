"""Which seats of a hall are wanted: by status, category, and where they are. Pure; quick enough for 100,000 seats."""

from bisect import bisect_left
from collections.abc import Iterable

from ticketing.layout import Layout
from ticketing.show_view import STATUS_NAMES, ShowView

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in canvas units; a seat on the edge is inside."""


def select_seats(
    layout: Layout, view: ShowView, *, status: str | None, category: str | None, box: Box | None
) -> list[int] | None:
    """The numbers of the seats that fit all the filters given; None: no filter, hence all."""
    if status is None and category is None and box is None:
        return None
    chosen: Iterable[int] = range(len(layout.seats)) if box is None else _inside(layout, box)
    if category is not None:
        numbers = {number for number, known in enumerate(layout.categories) if known.name == category}
        chosen = (
            sorted(seat for it in layout.stretches if it.category in numbers for seat in range(it.first, it.end))
            if box is None
            else [seat for seat in chosen if layout.seats[seat].category in numbers]
        )
    if status is not None:
        mark, marks = [name.value for name in STATUS_NAMES].index(status), view.seats
        chosen = [seat for seat in chosen if marks[seat] == mark]
    return list(chosen)


def _inside(layout: Layout, box: Box) -> list[int]:
    """The seats of a box, in order. Rows that are all inside, or all outside, are not looked at seat by seat."""
    x0, y0, x1, y1 = box
    places = layout.seats
    found: list[int] = []
    for row in layout.extents:
        if x0 <= row.x0 and row.x1 <= x1 and y0 <= row.y0 and row.y1 <= y1:
            found.extend(range(row.first, row.end))
        elif row.x0 <= x1 and x0 <= row.x1 and row.y0 <= y1 and y0 <= row.y1:
            found += [seat for seat in range(row.first, row.end)
                      if x0 <= places[seat].x <= x1 and y0 <= places[seat].y <= y1]  # fmt: skip
    return found


def sections_with(layout: Layout, seats: list[int] | None) -> set[str] | None:
    """The sections that any of the seats is in; None: of all seats."""
    if seats is None:
        return None
    chosen = sorted(seats)
    found = set()
    for it in layout.stretches:
        at = bisect_left(chosen, it.first)
        if at < len(chosen) and chosen[at] < it.end:
            found.add(it.section)
    return found
