"""Tables as the search for seats sees them: which of their seats can be given one by one, and what stands beside what.

Made once for each layout. A table that is sold whole only is none of them: no single seat of it is given.
"""

from dataclasses import dataclass
from math import dist
from statistics import median

from ticketing.layout import SEAT_SIZE, Bookable, Layout, Shape, Table

NEAR = 1.9
"""Tables stand beside each other that are less than so many times as far apart as either is from the one next to it: in
a grid those around it, at its corners as well, and none behind those."""
FAR = 4.0
"""No tables stand beside each other that are so many times their size apart: measured from centre to centre."""
ONE_BYTE_MAX = 255
LOOKED_AT_MAX = 32
"""Of the tables of one square as large as `FAR`; more of them would stand upon each other."""


@dataclass(frozen=True, slots=True, eq=False)
class TableBlock:
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
    for number, table in enumerate(layout.tables):
        if table.bookable == Bookable.WHOLE:
            continue
        by_category: dict[int, list[int]] = {}
        for seat in table.seats:
            if seat not in kept:
                by_category.setdefault(layout.seats[seat].category, []).append(seat)
        is_round, end = table.shape == Shape.ROUND, table.first + table.count
        blocks += (
            TableBlock(table.section, number, table.first, end, category, tuple(seats), is_round)
            for category, seats in by_category.items()
        )
    return tuple(blocks)


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


def tables_beside(layout: Layout) -> dict[int, tuple[int, ...]]:
    """By a table's number: the tables beside it that are sold by the seat in the same section, the nearest first."""
    by_section: dict[str, list[int]] = {}
    for number, table in enumerate(layout.tables):
        if table.bookable != Bookable.WHOLE:
            by_section.setdefault(table.section, []).append(number)
    found: dict[int, tuple[int, ...]] = {}
    for numbers in by_section.values():
        found |= _beside(layout, numbers)
    return found


def _beside(layout: Layout, numbers: list[int]) -> dict[int, tuple[int, ...]]:
    reach = FAR * median(_size(layout, layout.tables[number]) for number in numbers)
    squares: dict[tuple[int, int], list[int]] = {}
    for number in numbers:
        square = squares.setdefault(_square(layout.tables[number], reach), [])
        if len(square) < LOOKED_AT_MAX:
            square.append(number)
    around: dict[int, list[tuple[float, int]]] = {}
    for number in numbers:
        table = layout.tables[number]
        across, down = _square(table, reach)
        apart = [
            (dist((table.x, table.y), (layout.tables[other].x, layout.tables[other].y)), other)
            for x in (across - 1, across, across + 1)
            for y in (down - 1, down, down + 1)
            for other in squares.get((x, y), ())
            if other != number
        ]
        around[number] = sorted(it for it in apart if it[0] < reach)
    nearest = {number: found[0][0] if found else 0.0 for number, found in around.items()}
    return {
        number: tuple(other for apart, other in found if apart < NEAR * min(nearest[number], nearest[other]))
        for number, found in around.items()
    }


def _size(layout: Layout, table: Table) -> float:
    """How wide or high a table is with its seats, in canvas units."""
    seats = layout.seats[table.first : table.first + table.count]
    xs, ys = [seat.x for seat in seats], [seat.y for seat in seats]
    return max(max(xs) - min(xs), max(ys) - min(ys)) + SEAT_SIZE


def _square(table: Table, side: float) -> tuple[int, int]:
    return int(table.x // side), int(table.y // side)
