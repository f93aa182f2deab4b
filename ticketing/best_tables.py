"""Best available at tables that are sold by the seat: together at one, else at tables beside each other.

The rules are those of `best_seats`, with a table for a row: the first one in the layout is the best, nobody of a party
sits alone at a table, and a single seat is not left at one where that can be avoided.
"""

from collections.abc import Callable, Iterator, Sequence

from ticketing.table_plan import ONE_BYTE_MAX, TableBlock, Tables

FREE = b"\x01"
YES = b"\x01"
TABLES_TOGETHER_MAX = 50
"""At how many tables people still sit together: two hundred at tables of four."""
TABLES_LOOKED_AT_MAX = 3_000
"""How often a table is looked at while others are sought beside it; then the best so far will do."""
PAIR = 2

Beside = Callable[[TableBlock], Sequence[TableBlock]]


def at_one_table(
    tables: Tables, counts: bytes, free: bytearray, quantity: int, *, enforce: bool = False
) -> tuple[int, ...]:
    """The seats of a party at one table; () where none has room. `counts`: the free seats of each table in all.

    `enforce`: no single seat may be left at it.
    """
    first: TableBlock | None = None
    for block in _with_room(tables, counts, free, quantity, may_leave_one=not enforce):
        if counts[block.table] - quantity != 1:
            return _around(block, free, quantity)
        first = block
        break
    if first is None:
        return ()
    for block in _with_room(tables, counts, free, quantity, may_leave_one=False):
        # All before the first one with room are of no use anyway.
        if block.category == first.category:
            return _around(block, free, quantity)
    return _around(first, free, quantity)


def one_each(
    tables: Tables, counts: bytes, free: bytearray, quantity: int, *, enforce: bool
) -> Iterator[tuple[int, ...]]:
    """The seats of a party at each table that has room, in order."""
    for block in _with_room(tables, counts, free, quantity, may_leave_one=not enforce):
        yield _around(block, free, quantity)


def _with_room(
    tables: Tables, counts: bytes, free: bytearray, quantity: int, *, may_leave_one: bool
) -> Iterator[TableBlock]:
    enough = bytes(count >= quantity and (may_leave_one or count != quantity + 1) for count in range(ONE_BYTE_MAX + 1))
    for table in _where(counts.translate(enough)):
        for block in tables.at.get(table, ()):
            if block.is_all or len(_free_at(block, free)) >= quantity:
                yield block


def _where(marks: bytes) -> Iterator[int]:
    """Where there is a `YES`."""
    at = marks.find(YES)
    while at >= 0:
        yield at
        at = marks.find(YES, at + 1)


def at_adjacent_tables(
    tables: Tables, counts: bytes, free: bytearray, quantity: int, beside: Beside
) -> tuple[int, ...]:
    """The party at few tables beside each other, nobody alone; () where there is no room.

    From each table the party grows to the one that has most free seats of those beside it, until there is room. The
    first of the parties that need the fewest tables; up to three tables, no fewer would do.
    """
    largest = max(counts, default=0)
    best: list[tuple[TableBlock, int]] = []
    most = min(TABLES_TOGETHER_MAX, quantity // PAIR)
    looked_at = 0
    too_small: set[TableBlock] = set()
    """Of tables with all those that can be reached from them: there is not enough at all of these together."""
    for first in _with_room(tables, counts, free, PAIR, may_leave_one=True):
        if most < PAIR or most * largest < quantity or looked_at >= TABLES_LOOKED_AT_MAX:
            break
        looked_at += 1
        room = _room_at(first, counts, free)
        if room >= quantity or first in too_small:  # with room for all it is no table for this rule
            continue
        party = [(first, room)]
        rim: dict[TableBlock, int] = {}
        seen = {first}
        while room < quantity and room + (most - len(party)) * largest >= quantity:
            for block in beside(party[-1][0]):
                if block not in seen and (there := _room_at(block, counts, free)) >= PAIR:
                    seen.add(block)
                    rim[block] = there
            looked_at += len(rim) + 1
            if not rim:
                too_small |= seen
                break
            block = max(rim, key=rim.__getitem__)  # the first that was reached, of those alike
            there = rim.pop(block)
            party.append((block, there))
            room += there
        if room >= quantity and (shared := _shared_out(party, quantity)):
            best, most = shared, len(party) - 1
    return tuple(seat for block, count in best for seat in _around(block, free, count))


def free_at_tables(tables: Tables, free: bytearray) -> Iterator[int]:
    """Every free seat, in order."""
    for block in tables.blocks:
        yield from _free_at(block, free)


def _shared_out(party: list[tuple[TableBlock, int]], quantity: int) -> list[tuple[TableBlock, int]]:
    """How many sit at each table: two at the least, and as many as can at the first ones; [] where that cannot be."""
    more = quantity - PAIR * len(party)
    if more < 0:
        return []
    shared = []
    for block, room in party:
        here = min(room - PAIR, more)
        more -= here
        shared.append((block, PAIR + here))
    return shared


def _room_at(block: TableBlock, counts: bytes, free: bytearray) -> int:
    return counts[block.table] if block.is_all else len(_free_at(block, free))


def _free_at(block: TableBlock, free: bytearray) -> list[int]:
    return [seat for seat in block.seats if free[seat]]


def _around(block: TableBlock, free: bytearray, quantity: int) -> tuple[int, ...]:
    """So many free seats of a block that has them: side by side if there are, also over the last and the first seat of
    a round table; else the first ones."""
    there = bytes(free[seat] for seat in block.seats)
    if block.is_round and block.is_all:
        there += there[: quantity - 1]
    start = there.find(FREE * quantity)
    if start < 0:
        return tuple(_free_at(block, free)[:quantity])
    count = len(block.seats)
    return tuple(sorted(block.seats[(start + nth) % count] for nth in range(quantity)))
