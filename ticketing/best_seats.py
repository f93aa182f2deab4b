"""Best available, in its plain form: the first block of seats side by side, in the order of the layout.

Rows are listed best first, so the first row with room is the best one; within it the leftmost run that is long
enough. Deterministic: the same free seats always give the same answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ticketing.layout import Layout
from ticketing.messages import Best


@dataclass(frozen=True, slots=True)
class Block:
    """Seats side by side in one row: numbers `first` to `first + count - 1`, all of one `category`."""

    section: str
    first: int
    count: int
    category: int


def blocks_of(layout: Layout) -> tuple[Block, ...]:
    """The layout's rows, cut where the category changes, best first."""
    blocks: list[Block] = []
    for row in layout.rows:
        start = row.first
        end = row.first + row.count
        for seat in range(row.first + 1, end + 1):
            if seat == end or layout.seats[seat].category != layout.seats[start].category:
                blocks.append(Block(row.section, start, seat - start, layout.seats[start].category))
                start = seat
    return tuple(blocks)


def best_seats(
    blocks: Sequence[Block], categories: Sequence[str], is_free: Sequence[bool] | bytearray, wish: Best
) -> tuple[int, ...] | None:
    """The seats for `wish`, or None where there are not enough (together, if `wish.adjacent`).

    `is_free[seat]` is true (non-zero) for each seat that can be had. Without `adjacent` seats together are tried
    first, then the first free ones anywhere.
    """
    scattered: list[int] = []
    for block in blocks:
        if wish.category and categories[block.category] != wish.category:
            continue
        if wish.section and block.section != wish.section:
            continue
        run = 0
        for seat in range(block.first, block.first + block.count):
            if not is_free[seat]:
                run = 0
                continue
            run += 1
            if run == wish.quantity:
                return tuple(range(seat - run + 1, seat + 1))
            if len(scattered) < wish.quantity:
                scattered.append(seat)
    if not wish.adjacent and len(scattered) == wish.quantity:
        return tuple(scattered)
    return None
