"""Booking at once: free places of areas, seats that the caller holds, whole reservations of theirs, in one new booking.

All of it or nothing. What it takes out of holds it takes at the prices fixed there; what else those holds have stays
held.
"""

from dataclasses import dataclass, field

from allocator.answer import Answer, moved, with_seats
from allocator.binding import bound_by, too_many_bound
from allocator.keeping import WHY_NOT_HELD, why_not_paid
from allocator.stock import ShowStock
from allocator.taken import conflict_over_area, too_many_of_show, why_not_on_sale
from ticketing import messages
from ticketing.having.asked import NOT_ADMITTED
from ticketing.having.shares import places_of, why_kept
from ticketing.having.whole_tables import torn
from ticketing.messages import AnyOutcome, Conflict, Reservation
from ticketing.vocabulary import BLOCKED_BY, CONFLICTS_SHOWN_MAX, LIVE_STATUSES, ReservationStatus, ShowStatus


@dataclass(slots=True)
class _Basket:
    """What the booking is to have, and what is left of the holds that it comes from."""

    now_ms: int
    seats: list[tuple[int, int]] = field(default_factory=list)
    """`(seat, price)`"""
    areas: dict[tuple[int, int], int] = field(default_factory=dict)
    """`(area, price)` -> quantity: places of one area may have been held at another price than today's."""
    left: list[tuple[Reservation, tuple[int, ...]]] = field(default_factory=list)
    """`(hold as it will be, seats that it gives; none: all that it had)`"""

    def add(self, hold: Reservation, named: set[int] | None = None) -> None:
        """Take the seats named out of a hold, or all that it has."""
        seats = list(zip(hold.seats, hold.prices, strict=False))
        if named is None or (not hold.areas and named.issuperset(hold.seats)):
            self.seats += seats
            for (area, quantity), price in zip(hold.areas, hold.prices[len(hold.seats) :], strict=True):
                self.add_area(area, quantity, price)
            # It came to something: with that moment in it nobody has let it go.
            self.left.append((moved(hold, ReservationStatus.RELEASED, booked_at_ms=self.now_ms), ()))
            return
        given = tuple(seat for seat in hold.seats if seat in named)
        self.seats += [(seat, price) for seat, price in seats if seat in named]
        self.left.append((with_seats(hold, [(seat, price) for seat, price in seats if seat not in named]), given))

    def add_area(self, area: int, quantity: int, price: int) -> None:
        self.areas[area, price] = self.areas.get((area, price), 0) + quantity

    @property
    def amount(self) -> int:
        return sum(price for _, price in self.seats) + sum(price * count for (_, price), count in self.areas.items())


def book_now(show: ShowStock, command: messages.BookNow, answer: Answer) -> list[AnyOutcome]:
    """new -> booked; the holds that it was made of are given back, whole or in part, in the same breath."""
    before = show.find(command.key)
    if before is not None:
        if before.fingerprint != command.fingerprint:
            return [answer.no(messages.CommandRejected, "idempotency_key_reused")]
        return [answer.again(messages.BookingConfirmed, reservation=before.reservation)]
    wrong = _rule_against(show, command, answer.moment.now_ms)
    if wrong is not None:
        return [answer.no(messages.BookingRefused, *wrong)]
    basket = _Basket(answer.moment.now_ms)
    refused = _from_holds(show, command, basket, answer) or _from_areas(show, command, basket, answer)
    if refused is not None:
        return [refused]
    basket.seats.sort()
    booked_seats = tuple(seat for seat, _ in basket.seats)
    if show.layout.tables and any(
        torn(show.layout, seats) for seats in (booked_seats, *(it.seats for it, _ in basket.left))
    ):
        return [answer.no(messages.BookingRefused, "table_not_sold_so")]
    why_not = why_not_paid(show, command.payment, basket.amount)
    if why_not is not None:
        return [answer.no(messages.BookingRefused, *why_not)]
    sources = [show.live[hold.id].reservation for hold, _ in basket.left]
    booking = Reservation(
        id=command.key,
        status=ReservationStatus.BOOKED,
        version=1,
        account=command.account,
        person=command.person,
        seats=booked_seats,
        areas=tuple((area, quantity) for (area, _), quantity in sorted(basket.areas.items())),
        prices=(*(price for _, price in basket.seats), *(price for _, price in sorted(basket.areas))),
        amount=basket.amount,
        held_at_ms=answer.moment.now_ms,
        booked_at_ms=answer.moment.now_ms,
        external_id=command.external_id,
        bound=bound_by(command.person, dict.fromkeys(name for it in sources for name in it.bound), command.bound),
    )
    kept = [hold for hold, _ in basket.left if hold.status in LIVE_STATUSES]
    rule = too_many_bound(show, booking, before=sources, left=kept)
    if rule is not None:
        return [answer.no(messages.BookingRefused, *rule)]
    # The holds first: what they give is free when the booking takes it.
    outcomes = [answer.aside(messages.HoldReleased, reservation=hold, freed=freed) for hold, freed in basket.left]
    return [*outcomes, answer.yes(messages.BookingConfirmed, reservation=booking, payment=command.payment)]


def _rule_against(show: ShowStock, command: messages.BookNow, now_ms: int) -> tuple[str, str] | None:
    if show.status == ShowStatus.CANCELLED:
        return "show_cancelled", ""
    if not (command.areas or command.seats or command.reservations):
        return "nothing_asked_for", ""
    areas = [area for area, _ in command.areas]
    if any(area >= len(show.area_taken) for area in areas) or any(seat >= len(show.free) for seat in command.seats):
        return "unknown_places", "a place is not in the show's layout"
    for named in (areas, command.seats, command.reservations):
        if len(set(named)) < len(named):
            return "malformed", "something is named twice"
    if not areas:
        return None
    # Places that nobody holds are sold on the terms of a hold.
    policy = show.terms.policy
    if policy.admission_required and command.partner:
        return NOT_ADMITTED
    most = policy.seats_per_hold_partner_max if command.partner else policy.seats_per_hold_max
    asked = sum(quantity for _, quantity in command.areas)
    if asked > most:
        return "too_many_seats", f"{asked} places asked for; one hold may have {most}"
    return why_not_on_sale(show, now_ms) or too_many_of_show(show, command.person, asked)


def _from_holds(show: ShowStock, command: messages.BookNow, basket: _Basket, answer: Answer) -> AnyOutcome | None:
    """Take what is held into the basket; or the answer why that cannot be."""
    whole = set(command.reservations)
    for id in command.reservations:
        record = show.find(id)
        if record is None:
            return answer.no(messages.BookingRefused, "reservation_not_found")
        hold = record.reservation
        if hold.account != command.account:
            return answer.no(messages.BookingRefused, "not_yours")
        if hold.status != ReservationStatus.HELD:
            code = WHY_NOT_HELD.get(ReservationStatus(hold.status), "payment_under_way")
            return answer.no(messages.BookingRefused, code)
        basket.add(hold)
    named: dict[bytes, set[int]] = {}
    conflicts = []
    for seat in command.seats:
        owner = show.owners.get(seat)
        conflict = _not_held(show, seat, owner, command.account)
        if conflict is not None:
            conflicts.append(conflict)
        elif owner is not None and owner not in whole:
            named.setdefault(owner, set()).add(seat)
    if conflicts:
        shown = tuple(conflicts[:CONFLICTS_SHOWN_MAX])
        return answer.no(messages.BookingRefused, "hold_not_yours", conflicts=shown, conflicts_total=len(conflicts))
    for id, seats in named.items():
        basket.add(show.live[id].reservation, seats)
    return None


def _not_held(show: ShowStock, seat: int, owner: bytes | None, account: str) -> Conflict | None:
    """Why a seat that is named cannot be booked: it is not held, or not by the caller."""
    if owner is None:
        return Conflict("available", seat=seat)
    if owner == BLOCKED_BY:
        return Conflict("blocked", seat=seat)
    hold = show.live[owner].reservation
    if hold.account == account and hold.status == ReservationStatus.HELD:
        return None
    return Conflict("booked" if hold.status == ReservationStatus.BOOKED else "held", seat=seat)


def _from_areas(show: ShowStock, command: messages.BookNow, basket: _Basket, answer: Answer) -> AnyOutcome | None:
    """Take free places into the basket; or the answer why that cannot be."""
    conflicts = [conflict_over_area(show, it) for it in command.areas]
    lost = tuple(conflict for conflict in conflicts if conflict is not None)
    if lost:
        return answer.no(messages.BookingRefused, "sold_out", conflicts=lost, conflicts_total=len(lost))
    if command.areas and show.terms.allocations:
        kept = why_kept(show, command.account, places_of(show, (), command.areas), answer.moment.now_ms)
        if kept is not None:
            return answer.no(messages.BookingRefused, kept.code, kept.detail)
    for area, quantity in command.areas:
        basket.add_area(area, quantity, show.category_prices[show.layout.areas[area].category])
    return None
