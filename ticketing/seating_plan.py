"""A layout as the search for seats sees it: blocks of neighbours, best first, and what stands beside what.

Made once for each layout, by `plan_of`. Rows are listed best first, so a block's place in the list is its rank.
"""

from bisect import bisect_right
from dataclasses import dataclass

from ticketing.layout import Bookable, Layout, Table
from ticketing.table_plan import TableBlock, TableCounts, Tables, TablesBeside, table_blocks_of


@dataclass(frozen=True, slots=True)
class Block:
    """Seats side by side in one row: numbers `first` to `first + count - 1`, all of one `category`.

    The row itself goes from `row_first` to `row_end` (exclusive) and may be longer than the block.
    """

    section: str
    first: int
    count: int
    category: int
    row: int
    row_first: int
    row_end: int

    @property
    def end(self) -> int:
        """The number behind the last seat."""
        return self.first + self.count


def blocks_of(layout: Layout, kept: frozenset[int] = frozenset()) -> tuple[Block, ...]:
    """The layout's rows, cut where the category changes and around the seats that are `kept` from this list."""
    blocks: list[Block] = []
    for number, row in enumerate(layout.rows):
        start = row.first
        end = row.first + row.count
        for seat in range(row.first, end + 1):
            cut = seat == end or seat in kept
            if cut or layout.seats[seat].category != layout.seats[start].category:
                if seat > start:
                    category = layout.seats[start].category
                    blocks.append(Block(row.section, start, seat - start, category, number, row.first, end))
                start = seat + 1 if seat in kept else seat
    return tuple(blocks)


def _next_rows(blocks: tuple[Block, ...]) -> dict[int, tuple[Block, ...]]:
    """By a block's first seat: the blocks of its kind in the next row."""
    by_row: dict[tuple[int, str, int], tuple[Block, ...]] = {}
    for block in blocks:
        place = (block.row, block.section, block.category)
        by_row[place] = (*by_row.get(place, ()), block)
    return {block.first: by_row.get((block.row + 1, block.section, block.category), ()) for block in blocks}


class SeatingPlan:
    """The blocks of one layout, and the pool that is kept for people who need it.

    `protected`: accessible seats and the companion seats that belong to them. `pool`: accessible seat -> its companion
    seats, in order.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.categories = {category.name: number for number, category in enumerate(layout.categories)}
        # No single seat is given of a table that is sold whole.
        whole = {seat for table in layout.tables if table.bookable == Bookable.WHOLE for seat in table.seats}
        self.pool: dict[int, tuple[int, ...]] = {
            number: () for number, seat in enumerate(layout.seats) if seat.accessible and number not in whole
        }
        for number, seat in enumerate(layout.seats):
            if seat.companion_of in self.pool and number not in whole:
                self.pool[seat.companion_of] += (number,)
        companions = frozenset(seat for seats in self.pool.values() for seat in seats)
        self.protected = companions | self.pool.keys()
        self.blocks = blocks_of(layout)
        self.open_blocks = blocks_of(layout, self.protected) if self.protected else self.blocks
        self._rows = [range(row.first, row.first + row.count) for row in layout.rows]
        self._x = [seat.x for seat in layout.seats]
        self._starts = [row.start for row in self._rows]
        self._next_rows = (_next_rows(self.open_blocks), _next_rows(self.blocks))
        tables = Tables(table_blocks_of(layout))
        self._tables = (Tables(table_blocks_of(layout, self.protected)) if self.protected else tables, tables)
        self._tables_beside = TablesBeside(layout)
        self._wanted_tables: dict[tuple[str, str, bool], Tables] = {}
        self.table_counts = TableCounts(layout)
        self._wanted: dict[tuple[str, str, bool], tuple[Block, ...]] = {}

    def row_of(self, seat: int) -> range:
        """The seats of its row; without rows it stands alone."""
        found = self._rows[bisect_right(self._starts, seat) - 1] if self._rows else range(0)
        return found if seat in found else range(seat, seat + 1)

    def table_of(self, seat: int) -> Table | None:
        """The table that a seat is at."""
        return self.layout.tables_of_seats.get(seat)

    def matches(self, seat: int, category: str, section: str) -> bool:
        """Whether a seat is of the category and in the section (empty: any)."""
        if category and self.layout.seats[seat].category != self.categories.get(category):
            return False
        return not section or self._section_of(seat) == section

    def _section_of(self, seat: int) -> str:
        table = self.layout.tables_of_seats.get(seat)
        return table.section if table is not None else self.layout.rows[bisect_right(self._starts, seat) - 1].section

    def is_behind(self, run: range, other: range) -> bool:
        """Whether a run of seats stands behind another one: they share some of the canvas's width."""
        x = self._x
        left, right, other_left, other_right = x[run[0]], x[run[-1]], x[other[0]], x[other[-1]]
        # A row may be numbered from either side.
        return min(left, right) <= max(other_left, other_right) and min(other_left, other_right) <= max(left, right)

    def next_row(self, block: Block, *, protected: bool) -> tuple[Block, ...]:
        """The blocks of the same section and category in the next row of the layout."""
        return self._next_rows[protected][block.first]

    def beside(self, block: TableBlock) -> tuple[TableBlock, ...]:
        """The seats of its category at the tables beside a table, the nearest first; without the protected ones."""
        return self._beside(block, protected=False)

    def beside_released(self, block: TableBlock) -> tuple[TableBlock, ...]:
        """The same with the protected ones."""
        return self._beside(block, protected=True)

    def _beside(self, block: TableBlock, *, protected: bool) -> tuple[TableBlock, ...]:
        at = self._tables[protected].at
        return tuple(
            there
            for table in self._tables_beside.of(block.table)
            for there in at.get(table, ())
            if there.category == block.category
        )

    def wanted_tables(self, category: str, section: str, *, protected: bool) -> Tables:
        """As `wanted`, at the tables that are sold by the seat."""
        tables = self._tables[protected]
        if not tables or not (category or section):
            return tables
        known = self._wanted_tables.get((category, section, protected))
        if known is not None:
            return known
        number = self.categories.get(category)
        found = Tables(
            tuple(
                block
                for block in tables.blocks
                if (not category or block.category == number) and (not section or block.section == section)
            )
        )
        if found:
            self._wanted_tables[category, section, protected] = found
        return found

    def wanted(self, category: str, section: str, *, protected: bool) -> tuple[Block, ...]:
        """The blocks of a category and a section (empty: of all), best first; with the protected seats or without."""
        blocks = self.blocks if protected else self.open_blocks
        if not category and not section:
            return blocks
        known = self._wanted.get((category, section, protected))
        if known is not None:
            return known
        number = self.categories.get(category)
        found = tuple(
            block
            for block in blocks
            if (not category or block.category == number) and (not section or block.section == section)
        )
        if found:  # names that nobody has are not remembered: there is no end of them
            self._wanted[category, section, protected] = found
        return found


def plan_of(layout: Layout) -> SeatingPlan:
    """The plan of a layout, made when it is first asked for and kept with it: shows of one house have it in common."""
    kept = vars(layout)
    if "plan" not in kept:
        kept["plan"] = SeatingPlan(layout)
    plan: SeatingPlan = kept["plan"]
    return plan
