"""Best available: which free seats to give to people who want to sit together.

The rules, tried in this order (`Why.rule` says which one found the seats):

1. `same_row`: side by side in one row. The first row with room is the best one, since rows are listed best first.
   Within the category so found, the seats that leave the fewest single seats behind.
2. `same_table`: at one table that is sold by the seat, the first with room; see `best_tables`.
3. `adjacent_rows`: in as few consecutive rows of one section and category as possible, each part behind the one before
   it, nobody alone in a row. So a group of two hundred sits in blocks.
4. `adjacent_tables`: at few tables beside each other, of one section and category, nobody alone at a table.
5. `apart`: the first free seats anywhere, for those who said that this will do.

The rules of tables are tried where there are such tables of the kind that is wished for. A table that is sold whole
only is never torn: none of its seats is given.

`accessible` is a rule of its own: an accessible seat, its companion seats, then its neighbours. Until they are
released, accessible seats and their companions are given to nobody else by this search.

Pure and deterministic: the same free seats always give the same answer.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from ticketing.best_accessible import accessible_seats
from ticketing.best_tables import at_adjacent_tables, at_one_table, free_at_tables, one_each
from ticketing.messages import Best, Why
from ticketing.seating_plan import Block, SeatingPlan
from ticketing.table_plan import Tables
from ticketing.vocabulary import OrphanRule

FREE = b"\x01"
TAKEN = b"\x00"
PAIR = FREE * 2
RUNS_WEIGHED_MAX = 500
"""How many runs of free seats are looked at for one that leaves no single seat; then the best so far will do."""
ROWS_TOGETHER_MAX = 10
"""Over how many consecutive rows people still sit together."""
ALONE = 1
"""A part of a party that small is not together with the rest."""
_PAIRS_OR_MORE = re.compile(rb"\x01{2,}")


@dataclass(frozen=True, slots=True)
class Found:
    """The seats, in the order in which they were chosen, and why these."""

    seats: tuple[int, ...]
    why: Why


def best_seats(
    plan: SeatingPlan, free: bytearray, wish: Best, *, rule: str = OrphanRule.OFF, released: bool = False
) -> Found | None:
    """The seats for `wish`; None where there are not enough (together, if `wish.adjacent`).

    `free[seat]` is 1 for each seat that can be had, else 0. Under `rule` enforce an answer that leaves a single seat is
    none. `released`: the accessible seats that are left may go to anybody.
    """
    tried: list[str] = []
    for name, seats in _by_rule(plan, free, wish, enforce=rule == OrphanRule.ENFORCE, released=released):
        orphans = orphans_left(plan, free, seats) if seats else ()
        if seats and not (orphans and rule == OrphanRule.ENFORCE):
            return Found(seats, Why(name, tuple(tried), len(orphans)))
        tried.append(name)
    return None


def other_blocks(
    plan: SeatingPlan, free: bytearray, wish: Best, count_max: int, *, rule: str = OrphanRule.OFF
) -> tuple[tuple[int, ...], ...]:
    """Up to `count_max` answers to `wish`, one from each block, best first: what to offer to somebody who lost."""
    offers: list[tuple[int, ...]] = []
    for block in plan.wanted(wish.category, wish.section, protected=False):
        if len(offers) >= count_max:
            break
        for orphans, first in _places(block, free, wish.quantity, enforce=rule == OrphanRule.ENFORCE):
            if not (orphans and rule == OrphanRule.ENFORCE):
                offers.append(tuple(range(first, first + wish.quantity)))
                break
    tables = plan.wanted_tables(wish.category, wish.section, protected=False)
    if tables and len(offers) < count_max:
        counts = plan.table_counts.of(free)
        at_tables = one_each(tables, counts, free, wish.quantity, enforce=rule == OrphanRule.ENFORCE)
        offers += islice(at_tables, count_max - len(offers))
    return tuple(offers)


def orphans_left(plan: SeatingPlan, free: bytearray, seats: Sequence[int]) -> tuple[int, ...]:
    """The free seats that would stand alone between taken ones, or at a row's end, or as the last one at a table, once
    `seats` are taken."""
    taken = set(seats)
    orphans = set()
    for seat in seats:
        row = plan.row_of(seat)
        for beside in (seat - 1, seat + 1):
            if beside in row and free[beside] and beside not in taken:
                around = (beside - 1, beside + 1)
                if not any(other in row and free[other] and other not in taken for other in around):
                    orphans.add(beside)
    if plan.layout.tables:
        for table in {table.first: table for seat in seats if (table := plan.table_of(seat)) is not None}.values():
            left = [seat for seat in table.seats if free[seat] and seat not in taken]
            if len(left) == 1:
                orphans.add(left[0])
    return tuple(sorted(orphans))


def _by_rule(
    plan: SeatingPlan, free: bytearray, wish: Best, *, enforce: bool, released: bool
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """`(rule, seats)` of each rule that applies, in order; no seats: it found none."""
    if wish.accessible:
        yield "accessible", accessible_seats(plan, free, wish)
        return
    blocks = plan.wanted(wish.category, wish.section, protected=released)
    tables = plan.wanted_tables(wish.category, wish.section, protected=released)
    yield "same_row", _in_one_row(blocks, free, wish.quantity, enforce=enforce)
    counts = plan.table_counts.of(free) if tables else b""
    if tables:
        yield "same_table", at_one_table(tables, counts, free, wish.quantity, enforce=enforce)
    if wish.quantity > 2 * ALONE + 1:
        yield "adjacent_rows", _in_adjacent_rows(plan, blocks, free, wish.quantity, protected=released)
        if tables:
            beside = plan.beside_released if released else plan.beside
            yield "adjacent_tables", at_adjacent_tables(tables, counts, free, wish.quantity, beside)
    if not wish.adjacent:
        yield "apart", _apart(blocks, tables, free, wish.quantity)


def _in_one_row(blocks: Sequence[Block], free: bytearray, quantity: int, *, enforce: bool) -> tuple[int, ...]:
    best: tuple[int, int] | None = None
    category = -1
    weighed = 0
    for block in blocks:
        if best is not None and (block.category != category or weighed >= RUNS_WEIGHED_MAX):
            continue
        for orphans, first in _places(block, free, quantity, enforce=enforce):
            if orphans == 0:
                return tuple(range(first, first + quantity))
            if not enforce and (best is None or orphans < best[0]):
                best, category = (orphans, first), block.category
            weighed += 1
    return () if best is None else tuple(range(best[1], best[1] + quantity))


def _places(block: Block, free: bytearray, quantity: int, *, enforce: bool) -> Iterator[tuple[int, int]]:
    """`(orphans, first seat)` of the best place for so many in each free run of the block that is long enough.

    `enforce`: those that leave an orphan are of no use.
    """
    # bytearray.find looks for the run in C: a row without room costs a fraction of a microsecond.
    run = FREE * quantity
    start = free.find(run, block.first, block.end)
    if enforce and start >= 0 and _one_too_many(block, free, quantity):
        return
    while start >= 0:
        end = free.find(TAKEN, start + quantity, block.end)
        if end < 0:
            end = block.end
        yield _best_place(block, free, start, end, quantity)
        start = free.find(run, end, block.end)


def _one_too_many(block: Block, free: bytearray, quantity: int) -> bool:
    """Whether all runs of the block that are long enough are one seat too long, so that each place leaves an orphan.

    Nothing ends the search for a place without one before the last row, so a whole row is looked at in C.
    """
    for edge, beyond, ends in (
        (block.first, block.first - 1, block.first == block.row_first),
        (block.end - 1, block.end, block.end == block.row_end),
    ):
        if not ends and free[edge] and free[beyond]:
            return False  # the run goes on in the next block
    lengths = set(map(len, free[block.first : block.end].split(TAKEN)))
    return all(length < quantity or length == quantity + 1 for length in lengths)


def _best_place(block: Block, free: bytearray, start: int, end: int, quantity: int) -> tuple[int, int]:
    """`(orphans, first seat)` of the leftmost place with the fewest orphans in the block's free run `start` to `end`.

    The run may go on in the row's neighbouring blocks: what is free there keeps a seat at the block's end from being
    alone. Only a remainder of exactly one seat is an orphan, on either side, so three places decide it.
    """
    left = 0
    while left < 2 and start - left > block.row_first and free[start - left - 1]:
        left += 1
    right = 0
    while right < 2 and end + right < block.row_end and free[end + right]:
        right += 1
    best = (3, start)
    for shift in range(min(3, end - start - quantity + 1)):
        remainder = end - start - quantity - shift + right
        orphans = (left + shift == 1) + (remainder == 1)
        if orphans < best[0]:
            best = (orphans, start + shift)
    return best


def _in_adjacent_rows(
    plan: SeatingPlan, blocks: Sequence[Block], free: bytearray, quantity: int, *, protected: bool
) -> tuple[int, ...]:
    """The party in the fewest consecutive rows, the best such rows first; () where there is no room.

    From each block the party's first part is the longest run there; each next row adds its longest run of those that
    stand behind the part before it.
    """
    runs: dict[int, list[range]] = {}

    def runs_in(block: Block) -> list[range]:
        found = runs.get(block.first)
        if found is None:
            spans = _PAIRS_OR_MORE.finditer(free, block.first, block.end)
            found = runs[block.first] = [range(*span.span()) for span in spans]
        return found

    best: list[range] = []
    rows_max = ROWS_TOGETHER_MAX
    weighed = 0
    for first_block in blocks:
        if free.find(PAIR, first_block.first, first_block.end) < 0:
            continue
        weighed += len(runs_in(first_block))
        block: Block | None = first_block
        part = max(runs_in(first_block), key=len, default=None)
        parts: list[range] = []
        room = 0
        while part is not None and block is not None:
            parts.append(part)
            room += len(part)
            if room >= quantity or len(parts) == rows_max:
                break
            block, part, looked_at = _part_behind(plan, runs_in, block, part, protected=protected)
            weighed += looked_at
        if room >= quantity and len(parts) > 1 and (shared := _shared_out(parts, quantity)):
            best = shared
            rows_max = len(parts) - 1
        if rows_max < 2 or weighed >= RUNS_WEIGHED_MAX:
            break
    return tuple(seat for part in best for seat in part)


def _part_behind(
    plan: SeatingPlan, runs_in: Callable[[Block], list[range]], block: Block, part: range, *, protected: bool
) -> tuple[Block | None, range | None, int]:
    """`(block, run, how many were looked at)`: the longest free run behind `part` in the next row, if there is one."""
    behind = [
        (next_block, run)
        for next_block in plan.next_row(block, protected=protected)
        for run in runs_in(next_block)
        if plan.is_behind(run, part)
    ]
    if not behind:
        return None, None, 1
    longest, run = max(behind, key=lambda found: len(found[1]))
    return longest, run, len(behind)


def _shared_out(parts: list[range], quantity: int) -> list[range]:
    """The first seats of each part, `quantity` in all and never one person alone; [] where that cannot be."""
    shared: list[range] = []
    left = quantity
    for number, part in enumerate(parts):
        most = min(len(part), left)
        if number < len(parts) - 1 and left - most == ALONE:
            most -= 1
        if most <= ALONE:
            return []
        shared.append(part[:most])
        left -= most
    return shared if left == 0 else []


def _apart(blocks: Sequence[Block], tables: Tables, free: bytearray, quantity: int) -> tuple[int, ...]:
    scattered: list[int] = []
    for block in blocks:
        seat = free.find(FREE, block.first, block.end)
        while seat >= 0:
            scattered.append(seat)
            if len(scattered) == quantity:
                return tuple(scattered)
            seat = free.find(FREE, seat + 1, block.end)
    scattered += islice(free_at_tables(tables, free), quantity - len(scattered))
    return tuple(scattered) if len(scattered) == quantity else ()
