"""Shares of a show, or of one of its categories, that are kept for partners: so many places that nobody else can have.

A partner sells from its share first, then, as far as it may borrow, from what is kept for nobody. What it has not sold
is anybody's from the moment at which it is to be given back; there is no order that could be late, and what is said
about it afterwards (`give_back`) changes nothing of it. A share is promised only if it can be kept, and nothing is held
or blocked that would break it: in each category there is as much free as is promised of it, and in all as much as is
promised in all. A partner has a share of the show or shares of categories, not both, so that each place counts once.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ticketing.messages import AreaCount, Reservation

if TYPE_CHECKING:
    from allocator.stock import ShowStock

ALL = -1
"""Stands where a category's number would, for the whole show."""


class Allocation(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """`share` places are kept; `borrow` more may be had where there are; until `give_back_at_ms` (0: for good), of
    which it was said at `said_back_at_ms` that it had come."""

    share: int
    borrow: int = 0
    give_back_at_ms: int = 0
    said_back_at_ms: int = 0

    def is_kept(self, now_ms: int) -> bool:
        """Whether it has not been given back yet."""
        return not 0 < self.give_back_at_ms <= now_ms


Allocations = dict[str, Allocation]
"""By name: the partner's account, and behind a space the category, if it is of one."""

Places = Mapping[int, int]
"""How many places of each category, by its number."""


class Kept(NamedTuple):
    """Why places cannot be had although they are free; `category`: of which that is true, or `ALL`."""

    code: str
    detail: str
    category: int


def name_of(account: str, category: str) -> str:
    """The name of an allocation. No account has a space in it."""
    return f"{account} {category}" if category else account


def places_of(show: "ShowStock", seats: Iterable[int], areas: Iterable[AreaCount] = ()) -> dict[int, int]:
    """The same places by category."""
    layout = show.layout
    found: dict[int, int] = {}
    for seat in seats:
        category = layout.seats[seat].category
        found[category] = found.get(category, 0) + 1
    for area, quantity in areas:
        category = layout.areas[area].category
        found[category] = found.get(category, 0) + quantity
    return found


def broken_by(
    show: "ShowStock",
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
    left = _all_free(show) - total
    promised: dict[int, int] = {}
    for name, allocation in allocations.items():
        if not allocation.is_kept(now_ms):
            continue
        owner, _, of = name.partition(" ")
        category = show.plan.categories[of] if of else ALL
        has = taken[name]
        if owner == account:
            has += more.get(category, 0) if of else total
        due = max(0, allocation.share - has)
        left -= due
        if of:
            promised[category] = promised.get(category, 0) + due
    if promised:
        free = free_by_category(show)
        for category, due in promised.items():
            if free[category] - more.get(category, 0) < due:
                return category
    return ALL if left < 0 else None


def why_kept(show: "ShowStock", account: str, more: Places, now_ms: int) -> Kept | None:
    """Why an account cannot have so many places more, although they are free."""
    for category, places in ((ALL, sum(more.values())), *more.items()):
        name = account if category == ALL else name_of(account, show.category_names[category])
        own = show.terms.allocations.get(name)
        if own is not None and own.is_kept(now_ms):
            left = own.share + own.borrow - show.taken_by_partner[name]
            if places > left:
                said = f"{max(0, left)} places are left of the share and of what may be borrowed"
                return Kept("allocation_exhausted", said, category)
    where = broken_by(show, show.terms.allocations, show.taken_by_partner, more, now_ms, account=account)
    return None if where is None else Kept("sold_out", "what is left is kept for others", where)


def count_taken(show: "ShowStock", reservation: Reservation, sign: int) -> None:
    """Add (+1) or take away (-1) what a reservation has, where something is kept for its account."""
    account, taken = reservation.account, show.taken_by_partner
    if account in taken:
        taken[account] += sign * (len(reservation.seats) + sum(quantity for _, quantity in reservation.areas))
    names = show.shares_by_category.get(account)
    if names:
        for category, places in places_of(show, reservation.seats, reservation.areas).items():
            if category in names:
                taken[names[category]] += sign * places


def taken_by(show: "ShowStock", account: str, category: int) -> int:
    """How many places of a category (or of `ALL`) an account has, held and booked."""
    own = (record.reservation for record in show.live.values() if record.reservation.account == account)
    each = (places_of(show, it.seats, it.areas) for it in own)
    return sum(sum(places.values()) if category == ALL else places.get(category, 0) for places in each)


def shares_by_category(allocations: Allocations, categories: Mapping[str, int]) -> dict[str, dict[int, str]]:
    """By account the categories of which something is kept for it, each with the allocation's name."""
    found: dict[str, dict[int, str]] = {}
    for name in allocations:
        account, _, category = name.partition(" ")
        if category:
            found.setdefault(account, {})[categories[category]] = name
    return found


def count_free(show: "ShowStock", seats: Iterable[int], sign: int) -> None:
    """Add (+1) or take away (-1) seats that can be had, in a show that counts them by category."""
    for seat in seats:
        show.free_in[show.layout.seats[seat].category] += sign


def free_seats_by_category(show: "ShowStock") -> list[int]:
    """Counted anew: some milliseconds for a stadium. A show with shares of categories keeps it up to date."""
    free = [0] * len(show.category_names)
    for seat, is_free in zip(show.layout.seats, show.free, strict=True):
        free[seat.category] += is_free
    return free


def free_by_category(show: "ShowStock") -> list[int]:
    """How many places of each category can be had, in order."""
    free = list(show.free_in or free_seats_by_category(show))
    for area, taken in zip(show.layout.areas, show.area_taken, strict=True):
        free[area.category] += area.capacity - taken
    return free


def _all_free(show: "ShowStock") -> int:
    free = show.free.count(1)
    for area, taken in zip(show.layout.areas, show.area_taken, strict=True):
        free += area.capacity - taken
    return free
