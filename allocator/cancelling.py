"""The end of bookings: one by one, inside the refund window."""

from allocator.answer import Answer, moved
from allocator.keeping import about
from allocator.stock import ShowStock
from ticketing import messages
from ticketing.messages import AnyOutcome, Reservation
from ticketing.vocabulary import ReservationStatus


def cancel(show: ShowStock, command: messages.CancelBooking, answer: Answer) -> list[AnyOutcome]:
    """booked -> cancelled, and what was paid is due back."""
    booking = about(show, command, answer, messages.CommandRejected)
    if not isinstance(booking, Reservation):
        return [booking]
    if booking.status == ReservationStatus.CANCELLED:
        return [answer.again(messages.BookingCancelled, reservation=booking, reason=command.reason)]
    if booking.status != ReservationStatus.BOOKED:
        return [answer.no(messages.CommandRejected, "not_booked")]
    terms = show.terms
    if answer.moment.now_ms > terms.starts_at_ms - terms.policy.refund_until_s * 1000:
        return [answer.no(messages.CommandRejected, "refund_window_closed")]
    cancelled = moved(booking, ReservationStatus.CANCELLED)
    outcome = answer.yes(messages.BookingCancelled, reservation=cancelled, reason=command.reason)
    return [outcome, *refund(show, cancelled, answer, "booking_cancelled")]


def refund(show: ShowStock, booking: Reservation, answer: Answer, reason: str) -> list[AnyOutcome]:
    """What is still left of the booking's payment is due back."""
    found = show.payments.of(booking.id)
    if found is None or found[1].left == 0:
        return []
    (provider, reference), paid = found
    return [
        answer.aside(
            messages.RefundDue,
            reservation_id=booking.id,
            provider=provider,
            reference=reference,
            amount=paid.left,
            reason=reason,
            owner=booking.account,
        )
    ]
