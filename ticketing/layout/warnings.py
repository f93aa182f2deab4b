"""What is odd about a layout that can be sold from all the same: whoever drew it may not have meant it."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import repeat

from ticketing.layout.bodies import LayoutBody
from ticketing.layout.model import NO_SEAT, SEAT_PITCH, Layout, Seat

SQUARE_MOST = 60.0
"""The largest square for looking at neighbours; seats wider than that are not judged."""
PER_SQUARE_MAX = 16
"""So many seats of a square are compared with: a layout that heaps up thousands is told of the first ones."""
TOUCH = 1e-6
"""Canvas units by which two seats may reach into each other before they overlap: what rounding leaves."""
COMPANION_REACH = 3.0
"""How many seats' widths a companion may sit away from its seat before it is worth a warning."""


def layout_warnings(body: LayoutBody, layout: Layout) -> list[tuple[str, str]]:
    """`(JSON pointer, code)` each, for a layout that `build_layout` made of `body`; a seat's pointer is its own."""
    seats = layout.seats
    odd: dict[tuple[int, str], None] = {}
    # In the short form seats stand as this module would set them itself.
    first_of_grid, end_of_grid = _grid(body, layout)
    drawn = [number for number in range(len(seats)) if not first_of_grid <= number < end_of_grid]
    for number in drawn:
        if not (0 <= seats[number].x <= layout.width and 0 <= seats[number].y <= layout.height):
            odd[number, "outside_canvas"] = None
    odd.update(dict.fromkeys((number, "overlaps") for number in _overlapping(layout, drawn)))
    odd.update(dict.fromkeys(_companions(layout)))
    pointers = list(_pointers(body)) if odd else []
    found = [(pointers[number], code) for number, code in sorted(odd)]
    used = {seat.category for seat in seats} | {area.category for area in layout.areas}
    found += [
        (f"/categories/{number}", "unused_category") for number in range(len(layout.categories)) if number not in used
    ]
    found += [(f"/sections/{nth}", "empty_section") for nth, section in enumerate(body.sections) if not section.rows]
    return found


def _companions(layout: Layout) -> Iterator[tuple[int, str]]:
    accompanied = {seat.companion_of for seat in layout.seats}
    for number, seat in enumerate(layout.seats):
        if seat.accessible and number not in accompanied:
            yield number, "no_companion"
        if seat.companion_of != NO_SEAT:
            other = layout.seats[seat.companion_of]
            if not other.accessible:
                yield number, "companion_of_ordinary_seat"
            if max(abs(seat.x - other.x), abs(seat.y - other.y)) > COMPANION_REACH * max(seat.width, SEAT_PITCH):
                yield number, "companion_apart"


def _overlapping(layout: Layout, drawn: list[int]) -> Iterator[int]:
    """Those of `drawn` that reach into one with a lower number. Sorted into squares, so that near ones alone meet."""
    if not drawn:
        return
    side = min(SQUARE_MOST, max(max(layout.seats[number].width, layout.seats[number].height) for number in drawn))
    squares: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number in drawn:
        seat = layout.seats[number]
        if max(seat.width, seat.height) > side:
            continue
        column, line = int(seat.x // side), int(seat.y // side)
        near = (squares.get((column + dx, line + dy), ()) for dx in (-1, 0, 1) for dy in (-1, 0, 1))
        if any(_overlap(seat, layout.seats[other]) for square in near for other in square):
            yield number
        if len(squares[column, line]) < PER_SQUARE_MAX:
            squares[column, line].append(number)


def _overlap(one: Seat, other: Seat) -> bool:
    """Judged as if neither was turned: good enough for a warning."""
    return (
        abs(one.x - other.x) < (one.width + other.width) / 2 - TOUCH
        and abs(one.y - other.y) < (one.height + other.height) / 2 - TOUCH
    )


def _grid(body: LayoutBody, layout: Layout) -> tuple[int, int]:
    """The numbers of the seats of the short form: from the first to before the second."""
    if body.rows is None:
        return 0, 0
    first = sum(len(row.seats) for section in body.sections for row in section.rows)
    return first, len(layout.seats) - sum(table.count for table in layout.tables)


def _pointers(body: LayoutBody) -> Iterator[str]:
    """The pointer of each seat, in order of their numbers; those of the short form share one."""
    for at, section in enumerate(body.sections):
        for row_at, row in enumerate(section.rows):
            yield from (f"/sections/{at}/rows/{row_at}/seats/{nth}" for nth in range(len(row.seats)))
    yield from repeat("/rows", (body.rows or 0) * (body.seats_per_row or 0))
    for at, table in enumerate(body.tables):
        if isinstance(table.seats, int):
            yield from repeat(f"/tables/{at}/seats", table.seats)
        else:
            yield from (f"/tables/{at}/seats/{nth}" for nth in range(len(table.seats)))
