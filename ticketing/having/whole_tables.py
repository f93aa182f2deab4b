"""Tables: sold whole, by seat or both. A whole table is one unit, with limits of its own; a torn one cannot be held.

Nobody names a table to the allocator: a command names seats, and all the seats of a table that can be sold whole are
that table.
"""

from ticketing.having.stock import Stock
from ticketing.layout import Bookable, Layout, Table
from ticketing.messages import AreaCount, Conflict


def torn(layout: Layout, seats: tuple[int, ...]) -> Table | None:
    """A table that is sold whole only, and of which `seats` has some and not all."""
    named: dict[int, int] = {}
    for seat in set(seats):
        table = layout.tables_of_seats.get(seat)
        if table is not None and table.bookable == Bookable.WHOLE:
            named[table.first] = named.get(table.first, 0) + 1
    for first, count in sorted(named.items()):
        table = layout.tables_of_seats[first]
        if count < table.count:
            return table
    return None


def can_be_had(
    stock: Stock, seats: tuple[int, ...], areas: tuple[AreaCount, ...], conflicts: list[Conflict]
) -> tuple[tuple[int, ...], tuple[AreaCount, ...]]:
    """What is left of a wish of which a part will do: a whole table goes when one of its seats is not free, an area
    gives what it has left."""
    gone = {conflict.seat for conflict in conflicts}
    for table in stock.layout.whole_tables(seats):
        if not gone.isdisjoint(table.seats):
            gone.update(table.seats)
    left = []
    for area, quantity in areas:
        most = stock.layout.areas[area].capacity - stock.area_taken[area]
        if most > 0:
            left.append((area, min(quantity, most)))
    return tuple(seat for seat in seats if seat not in gone), tuple(left)


def other_tables(stock: Stock, seats: tuple[int, ...], count_max: int) -> tuple[tuple[int, ...], ...]:
    """What to take instead, for who asked for a whole table: free ones that are as large and cost as much."""
    wished = stock.layout.whole_tables(seats)
    if len(wished) != 1 or wished[0].count != len(seats):
        return ()
    first = wished[0]
    category = stock.layout.seats[first.first].category
    offers: list[tuple[int, ...]] = []
    for table in stock.layout.tables:
        if len(offers) == count_max:
            break
        alike = table.count == first.count and table.bookable != Bookable.SEATS
        if (
            alike
            and stock.layout.seats[table.first].category == category
            and all(stock.free[seat] for seat in table.seats)
        ):
            offers.append(tuple(table.seats))
    return tuple(offers)
