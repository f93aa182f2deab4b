"""Best available, in its plain form: the first block of seats side by side, in the order of the layout.

Rows are listed best first, so the first row with room is the best one; within it the leftmost run that is long
enough. Deterministic: the same free seats always give the same answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

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
    blocks: Sequence[Block], categories: Sequence[str], free: bytearray, wish: Best
) -> tuple[int, ...] | None:
    """The seats for `wish`, or None where there are not enough (together, if `wish.adjacent`).

    `free[seat]` is 1 for each seat that can be had, else 0. Without `adjacent`, seats together are tried first, then
    the first free ones anywhere.
    """
    for together in _runs(blocks, categories, free, wish):
        return together
    if wish.adjacent:
        return None
    scattered: list[int] = []
    for block in _wanted(blocks, categories, wish):
        scattered += [seat for seat in range(block.first, block.first + block.count) if free[seat]]
        if len(scattered) >= wish.quantity:
            return tuple(scattered[: wish.quantity])
    return None


def other_blocks(
    blocks: Sequence[Block], categories: Sequence[str], free: bytearray, wish: Best, count_max: int
) -> tuple[tuple[int, ...], ...]:
    """Up to `count_max` answers to `wish`, one from each row, best first: what to offer to somebody who lost."""
    return tuple(islice(_runs(blocks, categories, free, wish), count_max))


def _runs(blocks: Sequence[Block], categories: Sequence[str], free: bytearray, wish: Best) -> Iterator[tuple[int, ...]]:
    # bytearray.find looks for the run in C: a row costs a fraction of a microsecond.
    run = b"\x01" * wish.quantity
    for block in _wanted(blocks, categories, wish):
        first = free.find(run, block.first, block.first + block.count)
        if first >= 0:
            yield tuple(range(first, first + wish.quantity))


def _wanted(blocks: Sequence[Block], categories: Sequence[str], wish: Best) -> Iterator[Block]:
    for block in blocks:
        if wish.category and categories[block.category] != wish.category:
            continue
        if wish.section and block.section != wish.section:
            continue
        yield block
