"""How much partners have of what is kept for them, counted as it changes."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ticketing.having.allocation import ALL, Allocations
from ticketing.having.shares import places_of
from ticketing.messages import Reservation

if TYPE_CHECKING:
    from allocator.stock import ShowStock


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
