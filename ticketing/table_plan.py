"""Tables as the search for seats sees them: which of their seats can be given one by one, and what stands beside what.

Made once for each layout. A table that is sold whole only is none of them: no single seat of it is given.
"""

from collections.abc import Sequence
from math import dist
from statistics import median

import msgspec

from ticketing.layout import SEAT_SIZE, Bookable, Layout, Shape, Table

NEAR = 1.9
"""Tables stand beside each other that are less than so many times as far apart as either is from the one next to it: in
a grid those around it, at its corners as well, and none behind those."""
FAR = 4.0
"""No tables stand beside each other that are so many times their size apart: measured from centre to centre."""
ONE_BYTE_MAX = 255
LOOKED_AT_MAX = 32
"""Of the tables of one square as large as `FAR`; more of them would stand upon each other."""


class TableBlock(msgspec.Struct, frozen=True, eq=False, gc=False):
    """The `seats` of one `category` at a table, in order; the table itself has all from `first` to before `end`."""

    section: str
    table: int
    first: int
    end: int
    category: int
    seats: tuple[int, ...]
    is_round: bool

    @property
    def is_all(self) -> bool:
        """Whether all seats of the table belong to it."""
        return len(self.seats) == self.end - self.first


def table_blocks_of(layout: Layout, kept: frozenset[int] = frozenset()) -> tuple[TableBlock, ...]:
    """The seats at the tables that are sold by the seat, in the layout's order, without those that are `kept`."""
    blocks: list[TableBlock] = []
    of_seats = [seat.category for seat in layout.seats]
    for number, table in enumerate(layout.tables):
        if table.bookable == Bookable.WHOLE:
            continue
        first, end = table.first, table.first + table.count
        seats = [seat for seat in range(first, end) if seat not in kept] if kept else range(first, end)
        is_round = table.shape == Shape.ROUND
        blocks += (
            TableBlock(table.section, number, first, end, category, at_table, is_round)
            for category, at_table in _by_category(seats, of_seats)
        )
    return tuple(blocks)


def _by_category(seats: Sequence[int], of_seats: list[int]) -> list[tuple[int, tuple[int, ...]]]:
    """The seats of each category, which is at most tables the only one; in the order of their first seats."""
    found: dict[int, list[int]] = {}
    for seat in seats:
        found.setdefault(of_seats[seat], []).append(seat)
    return [(category, tuple(together)) for category, together in found.items()]


class Tables:
    """The seats at tables that somebody may have who asks for one kind. `at[table]`: those of a table, by category."""

    def __init__(self, blocks: tuple[TableBlock, ...]) -> None:
        self.blocks = blocks
        self.at: dict[int, tuple[TableBlock, ...]] = {}
        for block in blocks:
            self.at[block.table] = (*self.at.get(block.table, ()), block)

    def __bool__(self) -> bool:
        return bool(self.blocks)


class TableCounts:
    """Counts the free seats of every table at once: of tables of one size that are numbered one behind the other, with
    as many additions as they have seats."""

    def __init__(self, layout: Layout) -> None:
        self._stretches: list[tuple[int, int, int]] = []
        """`(first seat, seats at each table, tables)`"""
        for table in layout.tables:
            if self._stretches:
                first, size, count = self._stretches[-1]
                if size == table.count and first + size * count == table.first:
                    self._stretches[-1] = first, size, count + 1
                    continue
            self._stretches.append((table.first, table.count, 1))

    def of(self, free: bytearray) -> bytes:
        """`counts[table]`: so many seats are free there, 255 at the most."""
        found = []
        for first, size, count in self._stretches:
            if count == 1 or size > ONE_BYTE_MAX:
                spans = range(first, first + size * count, size)
                found.append(bytes(min(ONE_BYTE_MAX, free.count(1, start, start + size)) for start in spans))
                continue
            end = first + size * count
            # One byte a table: no sum is carried over to the next one.
            total = sum(int.from_bytes(free[first + nth : end : size]) for nth in range(size))
            found.append(total.to_bytes(count))
        return b"".join(found)


class TablesBeside:
    """Which tables that are sold by the seat stand beside each other, in the same section.

    Found for each table when it is first asked for, and kept: few ever are, and a hall of ten thousand would keep its
    show waiting while it looks around all of them.
    """

    def __init__(self, layout: Layout) -> None:
        self._tables = layout.tables
        self._centres = [(table.x, table.y) for table in layout.tables]
        self._reaches = {section: FAR * median(sizes) for section, sizes in _sizes(layout).items()}
        self._squares: dict[tuple[str, int, int], list[int]] = {}
        for number, table in enumerate(layout.tables):
            if table.bookable != Bookable.WHOLE:
                square = self._squares.setdefault((table.section, *self._square(table)), [])
                if len(square) < LOOKED_AT_MAX:
                    square.append(number)
        self._near: dict[int, list[tuple[float, int]]] = {}
        self._beside: dict[int, tuple[int, ...]] = {}

    def of(self, number: int) -> tuple[int, ...]:
        """The tables beside the one of this number, the nearest first."""
        known = self._beside.get(number)
        if known is None:
            known = self._beside[number] = tuple(
                other for apart, other in self._near_to(number) if apart < NEAR * self._nearest_to(other)
            )
        return known

    def _nearest_to(self, number: int) -> float:
        near = self._near_to(number)
        return near[0][0] if near else 0.0

    def _near_to(self, number: int) -> list[tuple[float, int]]:
        """`(distance, table)`: the nearest first, and those that are not much farther away."""
        known = self._near.get(number)
        if known is None:
            known = self._near[number] = self._look_around(number)
        return known

    def _look_around(self, number: int) -> list[tuple[float, int]]:
        table, here, centres = self._tables[number], self._centres[number], self._centres
        across, down = self._square(table)
        apart = [
            (dist(here, centres[other]), other)
            for x in (across - 1, across, across + 1)
            for y in (down - 1, down, down + 1)
            for other in self._squares.get((table.section, x, y), ())
            if other != number
        ]
        nearest, _ = min(apart, default=(0.0, number))
        most = min(self._reaches[table.section], NEAR * nearest)
        return sorted(it for it in apart if it[0] < most)

    def _square(self, table: Table) -> tuple[int, int]:
        side = self._reaches[table.section]
        return int(table.x // side), int(table.y // side)


def _sizes(layout: Layout) -> dict[str, list[float]]:
    """By section, of each table that is sold by the seat: how wide or high it is with its seats, in canvas units."""
    xs, ys = [seat.x for seat in layout.seats], [seat.y for seat in layout.seats]
    sizes: dict[str, list[float]] = {}
    for table in layout.tables:
        if table.bookable != Bookable.WHOLE:
            across, down = xs[table.first : table.first + table.count], ys[table.first : table.first + table.count]
            size = max(max(across) - min(across), max(down) - min(down)) + SEAT_SIZE
            sizes.setdefault(table.section, []).append(size)
    return sizes
