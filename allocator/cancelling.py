"""The end of bookings: one by one, inside the refund window; and all of them, where the show itself is cancelled.

A show is cancelled in one step, and its bookings after it in chunks that the expiry worker proposes: all at once they
would be a batch that no topic takes.
"""

from allocator.answer import Answer, moved
from allocator.keeping import about
from allocator.stock import ShowStock
from ticketing import messages
from ticketing.messages import AnyOutcome, Reservation
from ticketing.vocabulary import SYSTEM_ACCOUNT, ReservationStatus, ShowStatus


def cancel(show: ShowStock, command: messages.CancelBooking, answer: Answer) -> list[AnyOutcome]:
    """booked -> cancelled, and what was paid is due back."""
    booking = about(show, command, answer, messages.CommandRejected)
    if not isinstance(booking, Reservation):
        return [booking]
    if booking.status == ReservationStatus.CANCELLED:
        return [answer.again(messages.BookingCancelled, reservation=booking, reason=command.reason)]
    if booking.status != ReservationStatus.BOOKED:
        return [answer.no(messages.CommandRejected, "not_booked")]
    if is_too_late(show, answer.moment.now_ms):
        return [answer.no(messages.CommandRejected, "refund_window_closed")]
    cancelled = moved(booking, ReservationStatus.CANCELLED)
    outcome = answer.yes(messages.BookingCancelled, reservation=cancelled, reason=command.reason)
    return [outcome, *refund(show, cancelled, answer, "booking_cancelled")]


def is_too_late(show: ShowStock, now_ms: int) -> bool:
    """Whether it is too close to the show for a booking to be cancelled or changed."""
    return now_ms > show.terms.starts_at_ms - show.terms.policy.refund_until_s * 1000


def is_chunk(command: messages.AnyCommand) -> bool:
    """Whether it proposes bookings of a show that is cancelled: nobody waits for an answer."""
    return isinstance(command, messages.CancelShow) and command.account == SYSTEM_ACCOUNT


def cancel_some(show: ShowStock, command: messages.CancelShow, answer: Answer) -> list[AnyOutcome]:
    """Of those proposed, those that are still as they were when they were; nobody waits for the answer."""
    outcomes: list[AnyOutcome] = []
    if show.status != ShowStatus.CANCELLED:
        return outcomes
    for id, version in dict(command.bookings).items():
        record = show.live.get(id)
        if record is None:
            continue
        booking = record.reservation
        if booking.status == ReservationStatus.BOOKED and booking.version == version:
            cancelled = moved(booking, ReservationStatus.CANCELLED)
            outcomes.append(answer.aside(messages.BookingCancelled, reservation=cancelled, reason="show_cancelled"))
            outcomes += refund(show, cancelled, answer, "show_cancelled")
    return outcomes


def refund(show: ShowStock, booking: Reservation, answer: Answer, reason: str) -> list[AnyOutcome]:
    """What is still left of the booking's payment is due back."""
    return money_back(show, booking, answer, reason, None)


def money_back(
    show: ShowStock, booking: Reservation, answer: Answer, reason: str, most: int | None
) -> list[AnyOutcome]:
    """Up to `most` of what is left of the booking's payment is due back; None: all of it."""
    found = show.payments.of(booking.id)
    if found is None:
        return []
    (provider, reference), paid = found
    amount = paid.left if most is None else min(most, paid.left)
    if amount == 0:
        return []
    return [
        answer.aside(
            messages.RefundDue,
            reservation_id=booking.id,
            provider=provider,
            reference=reference,
            amount=amount,
            reason=reason,
            owner=booking.account,
        )
    ]
