"""Shares of a show, or of one of its categories, that are kept for partners: so many places that nobody else can have.

A partner sells from its share first, then, as far as it may borrow, from what is kept for nobody. What it has not sold
is anybody's from the moment at which it is to be given back; there is no order that could be late, and what is said
about it afterwards (`give_back`) changes nothing of it. A share is promised only if it can be kept, and nothing is held
or blocked that would break it: in each category there is as much free as is promised of it, and in all as much as is
promised in all. A partner has a share of the show or shares of categories, not both, so that each place counts once.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ticketing.having.allocation import ALL, Allocations, name_of
from ticketing.having.stock import Stock
from ticketing.messages import AreaCount

Places = Mapping[int, int]
"""How many places of each category, by its number."""


class Kept(NamedTuple):
    """Why places cannot be had although they are free; `category`: of which that is true, or `ALL`."""

    code: str
    detail: str
    category: int


def places_of(stock: Stock, seats: Iterable[int], areas: Iterable[AreaCount] = ()) -> dict[int, int]:
    """The same places by category."""
    layout = stock.layout
    found: dict[int, int] = {}
    for seat in seats:
        category = layout.seats[seat].category
        found[category] = found.get(category, 0) + 1
    for area, quantity in areas:
        category = layout.areas[area].category
        found[category] = found.get(category, 0) + quantity
    return found


def broken_by(
    stock: Stock,
    allocations: Allocations,
    taken: Mapping[str, int],
    more: Places,
    now_ms: int,
    *,
    account: str = "",
) -> int | None:
    """Where `account` ("": nobody for whom something is kept) can have so many places `more` only if a promise to
    somebody is broken: in a category, or in `ALL`; None: it can have them. `taken`: what each partner has so far."""
    total = sum(more.values())
    left = _all_free(stock) - total
    promised: dict[int, int] = {}
    for name, allocation in allocations.items():
        if not allocation.is_kept(now_ms):
            continue
        owner, _, of = name.partition(" ")
        category = stock.plan.categories[of] if of else ALL
        has = taken[name]
        if owner == account:
            has += more.get(category, 0) if of else total
        due = max(0, allocation.share - has)
        left -= due
        if of:
            promised[category] = promised.get(category, 0) + due
    if promised:
        free = free_by_category(stock)
        for category, due in promised.items():
            if free[category] - more.get(category, 0) < due:
                return category
    return ALL if left < 0 else None


def why_kept(stock: Stock, account: str, more: Places, now_ms: int) -> Kept | None:
    """Why an account cannot have so many places more, although they are free."""
    for category, places in ((ALL, sum(more.values())), *more.items()):
        name = account if category == ALL else name_of(account, stock.category_names[category])
        own = stock.allocations.get(name)
        if own is not None and own.is_kept(now_ms):
            left = own.share + own.borrow - stock.taken_by_partner[name]
            if places > left:
                said = f"{max(0, left)} places are left of the share and of what may be borrowed"
                return Kept("allocation_exhausted", said, category)
    where = broken_by(stock, stock.allocations, stock.taken_by_partner, more, now_ms, account=account)
    return None if where is None else Kept("sold_out", "what is left is kept for others", where)


def free_seats_by_category(stock: Stock) -> list[int]:
    """Counted anew: some milliseconds for a stadium. A show with shares of categories keeps it up to date."""
    free = [0] * len(stock.category_names)
    for seat, is_free in zip(stock.layout.seats, stock.free, strict=True):
        free[seat.category] += is_free
    return free


def free_by_category(stock: Stock) -> list[int]:
    """How many places of each category can be had, in order."""
    free = list(stock.free_in or free_seats_by_category(stock))
    for area, taken in zip(stock.layout.areas, stock.area_taken, strict=True):
        free[area.category] += area.capacity - taken
    return free


def _all_free(stock: Stock) -> int:
    free = stock.free.count(1)
    for area, taken in zip(stock.layout.areas, stock.area_taken, strict=True):
        free += area.capacity - taken
    return free
