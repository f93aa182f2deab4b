"""Shares of a show that are kept for partners: so many places that nobody else can have, wherever they are.

A partner sells from its share first, then, as far as it may borrow, from what is kept for nobody. What it has not sold
is anybody's from the moment at which it is to be given back; there is no order that could be late. A share is promised
only if it can be kept, and nothing is held or blocked that would break it.
"""

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from allocator.stock import ShowStock


class Allocation(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """`share` places are kept; `borrow` more may be had where there are; until `give_back_at_ms` (0: for good)."""

    share: int
    borrow: int = 0
    give_back_at_ms: int = 0

    def is_kept(self, now_ms: int) -> bool:
        """Whether it has not been given back yet."""
        return not 0 < self.give_back_at_ms <= now_ms


Allocations = dict[str, Allocation]
"""By the account of the partner."""


def unkept(show: "ShowStock", now_ms: int, *, but: str = "") -> int:
    """How many free places are kept for nobody, or only for the account `but`."""
    free = show.free.count(1)
    for area, taken in zip(show.layout.areas, show.area_taken, strict=True):
        free += area.capacity - taken
    for account, allocation in show.terms.allocations.items():
        if account != but and allocation.is_kept(now_ms):
            free -= max(0, allocation.share - show.taken_by_partner[account])
    return free


def why_kept(show: "ShowStock", account: str, places: int, now_ms: int) -> tuple[str, str] | None:
    """`(code, detail)` of why an account cannot have so many places more, although they are free."""
    own = show.terms.allocations.get(account)
    if own is not None and own.is_kept(now_ms):
        left = own.share + own.borrow - show.taken_by_partner[account]
        if places > left:
            return "allocation_exhausted", f"{max(0, left)} places are left of the share and of what may be borrowed"
    if places > unkept(show, now_ms, but=account):
        return "sold_out", "what is left is kept for others"
    return None


def taken_by(show: "ShowStock", account: str) -> int:
    """How many places an account has, held and booked."""
    reservations = (record.reservation for record in show.live.values())
    return sum(
        len(it.seats) + sum(quantity for _, quantity in it.areas) for it in reservations if it.account == account
    )
