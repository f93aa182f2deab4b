"""Why a place cannot be had by whoever asks for it, one place at a time."""

from allocator.stock import ShowStock
from ticketing.messages import AreaCount, Conflict
from ticketing.vocabulary import BLOCKED_BY, ReservationStatus, ShowStatus


def conflict_over_seat(show: ShowStock, seat: int, account: str, person: str) -> Conflict | None:
    """None: the seat is free."""
    if show.free[seat]:
        return None
    owner = show.owners[seat]
    if owner == BLOCKED_BY:
        return Conflict("blocked", seat=seat)
    reservation = show.live[owner].reservation
    if reservation.account == account and reservation.person == person:
        return Conflict("already_yours", seat=seat, reservation=owner)
    return Conflict("booked" if reservation.status == ReservationStatus.BOOKED else "held", seat=seat)


def conflict_over_area(show: ShowStock, wish: AreaCount) -> Conflict | None:
    """None: the area has as many places left."""
    area, quantity = wish
    capacity = show.layout.areas[area].capacity
    if show.area_taken[area] + quantity <= capacity:
        return None
    return Conflict("booked" if show.area_booked[area] + quantity > capacity else "held", area=area)


def why_not_on_sale(show: ShowStock, now_ms: int) -> tuple[str, str] | None:
    """`(code, detail)` of why nothing of the show can be had now, whatever is free."""
    terms = show.terms
    if show.status == ShowStatus.CANCELLED:
        return "show_cancelled", ""
    if show.status != ShowStatus.OPEN or 0 < terms.closes_at_ms <= now_ms:
        return "show_closed", ""
    if now_ms < terms.opens_at_ms:
        return "not_on_sale", f"the sale opens at {terms.opens_at_ms} ms"
    return None


def too_many_of_show(show: ShowStock, person: str, more: int) -> tuple[str, str] | None:
    """`(code, detail)` of why a person may not have so many places more, held and booked; None: they may."""
    most = show.terms.policy.seats_per_person_max
    if not (most and person):
        return None
    has = show.held_by_person.get(person, 0) + show.booked_by_person.get(person, 0)
    return ("limit_exceeded", f"one person may have {most} places of this show") if has + more > most else None
