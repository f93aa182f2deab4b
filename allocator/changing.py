"""Other seats for a booking, in one step: it never has fewer than it had or will have.

Seats that it keeps keep their price; those that are new to it cost what they cost today. What it no longer costs is
due back. What it costs more a partner settles with its customer; a fan's payment is the provider's word, so a fan of a
show that must be paid gets seats that cost no more.
"""

from allocator.answer import Answer, with_seats
from allocator.binding import too_many_bound
from allocator.cancelling import is_too_late, money_back
from allocator.keeping import about
from allocator.stock import ShowStock
from allocator.taken import conflict_over_seat, too_many_of_show
from ticketing import messages
from ticketing.having.choosing import choose
from ticketing.having.shares import places_of, why_kept
from ticketing.having.whole_tables import torn
from ticketing.messages import AnyOutcome, Reservation
from ticketing.vocabulary import CONFLICTS_SHOWN_MAX, OrphanRule, ReservationStatus, ShowStatus


def change(show: ShowStock, command: messages.ChangeBooking, answer: Answer) -> list[AnyOutcome]:
    """booked -> booked with other seats, and the difference in price told; or nothing of it."""
    booking = about(show, command, answer, messages.ChangeRefused)
    if not isinstance(booking, Reservation):
        return [booking]
    rule = _rule_against(show, booking, command, answer.moment.now_ms)
    if rule is not None:
        return [answer.no(messages.ChangeRefused, *rule)]
    found = [conflict_over_seat(show, seat, command.account, booking.person) for seat in command.take]
    conflicts = [conflict for conflict in found if conflict is not None]
    if conflicts:
        shown = tuple(conflicts[:CONFLICTS_SHOWN_MAX])
        return [answer.no(messages.ChangeRefused, "seats_unavailable", conflicts=shown, conflicts_total=len(conflicts))]
    given = set(command.give)
    kept = [(seat, price) for seat, price in zip(booking.seats, booking.prices, strict=False) if seat not in given]
    layout = show.layout
    new = [(seat, show.category_prices[layout.seats[seat].category]) for seat in command.take]
    seats = sorted([*kept, *new])
    if layout.tables and torn(show.layout, tuple(seat for seat, _ in seats)) is not None:
        return [answer.no(messages.ChangeRefused, "table_not_sold_so")]
    if command.take and show.terms.policy.orphan_rule != OrphanRule.OFF:
        chosen = choose(show, command.take, None, answer.moment.now_ms)
        if isinstance(chosen, str):
            return [answer.no(messages.ChangeRefused, chosen)]
    if command.take and show.terms.allocations:
        more = places_of(show, command.take)
        for category, places in places_of(show, command.give).items():
            more[category] = more.get(category, 0) - places
        others = why_kept(show, booking.account, more, answer.moment.now_ms) if max(more.values()) > 0 else None
        if others is not None:
            return [answer.no(messages.ChangeRefused, others.code, others.detail)]
    changed = with_seats(booking, seats)
    if changed.amount > booking.amount and not command.partner and show.terms.policy.payment_required:
        said = f"these seats cost {changed.amount - booking.amount} more"
        return [answer.no(messages.ChangeRefused, "payment_missing", said)]
    rule = too_many_bound(show, changed, before=(booking,)) if len(command.take) > len(command.give) else None
    if rule is not None:
        return [answer.no(messages.ChangeRefused, *rule)]
    outcome = answer.yes(messages.BookingChanged, reservation=changed, freed=command.give, amount_before=booking.amount)
    cheaper = max(0, booking.amount - changed.amount)
    return [outcome, *money_back(show, changed, answer, "booking_changed", cheaper)]


def _rule_against(
    show: ShowStock, booking: Reservation, command: messages.ChangeBooking, now_ms: int
) -> tuple[str, str] | None:
    if show.status != ShowStatus.OPEN:
        return ("show_cancelled" if show.status == ShowStatus.CANCELLED else "show_closed"), ""
    if booking.status != ReservationStatus.BOOKED:
        cancelled = booking.status == ReservationStatus.CANCELLED
        return ("booking_cancelled" if cancelled else "not_booked"), ""
    if is_too_late(show, now_ms):
        return "refund_window_closed", ""
    give, take = set(command.give), set(command.take)
    if not give and not take:
        return "nothing_asked_for", ""
    if len(give) < len(command.give) or len(take) < len(command.take) or give & take:
        return "malformed", "a seat is named twice"
    if not give.issubset(booking.seats):
        return "seats_not_in_reservation", ""
    if take and max(take) >= len(show.free):
        return "unknown_places", "a place is not in the show's layout"
    left = len(booking.seats) - len(give) + len(take)
    if left == 0 and not booking.areas:
        return "nothing_asked_for", "nothing would be left of the booking; cancel it"
    policy = show.terms.policy
    most = policy.seats_per_hold_partner_max if command.partner else policy.seats_per_hold_max
    if left > max(most, len(booking.seats)):
        return "too_many_seats", f"one booking may have {most} seats"
    more = len(take) - len(give)
    return too_many_of_show(show, booking.person, more) if more > 0 else None
