"""What becomes of a reservation that somebody has: extended, given back, booked, cancelled."""

from typing import assert_never

from allocator.answer import Answer, moved, with_seats
from allocator.stock import Record, ShowStock
from allocator.whole_tables import torn
from ticketing import messages
from ticketing.messages import AnyCommand, AnyOutcome, Reservation
from ticketing.vocabulary import LIVE_STATUSES, SYSTEM_ACCOUNT, UNPAID_STATUSES, ReservationStatus


def about_reservation(
    show: ShowStock,
    command: messages.ExtendHold | messages.ReleaseHold | messages.ConfirmBooking | messages.CancelBooking,
    answer: Answer,
) -> AnyOutcome:
    refused = messages.BookingRefused if isinstance(command, messages.ConfirmBooking) else messages.CommandRejected
    record = show.find(command.reservation)
    if record is None:
        return answer.no(refused, "reservation_not_found")
    hold = record.reservation
    if command.account not in {hold.account, SYSTEM_ACCOUNT}:
        return answer.no(refused, "not_yours")
    repeated = _verdict_before(record, command, answer)
    if repeated is not None:
        return repeated
    if isinstance(command, messages.CancelBooking):
        return _cancel(show, hold, command, answer)
    if isinstance(command, messages.ReleaseHold) and hold.status == ReservationStatus.RELEASED:
        return answer.again(messages.HoldReleased, reservation=hold)
    if hold.status not in UNPAID_STATUSES:
        return answer.no(refused, WHY_NOT_HELD[ReservationStatus(hold.status)])
    match command:
        case messages.ExtendHold():
            return _extend(show, hold, command, answer)
        case messages.ReleaseHold():
            return _release(show, hold, command, answer)
        case messages.ConfirmBooking():
            return _confirm(show, hold, command, answer)
        case _:
            assert_never(command)


WHY_NOT_HELD = {
    ReservationStatus.BOOKED: "already_booked",
    ReservationStatus.RELEASED: "hold_released",
    ReservationStatus.EXPIRED: "hold_expired",
    ReservationStatus.CANCELLED: "booking_cancelled",
}


def _verdict_before(record: Record, command: AnyCommand, answer: Answer) -> AnyOutcome | None:
    if not command.keyed:
        return None
    for key, fingerprint, kind in record.recent:
        if key == command.key:
            if fingerprint != command.fingerprint:
                return answer.no(messages.CommandRejected, "idempotency_key_reused")
            return answer.again(getattr(messages, kind), reservation=record.reservation)
    return None


def _extend(show: ShowStock, hold: Reservation, command: messages.ExtendHold, answer: Answer) -> AnyOutcome:
    wished_ms = answer.moment.now_ms + (command.by_s or hold.hold_s) * 1000
    most_ms = hold.held_at_ms + max(show.terms.policy.hold_max_s, hold.hold_s) * 1000
    expires_at_ms = max(hold.expires_at_ms, min(wished_ms, most_ms))
    return answer.yes(messages.HoldExtended, reservation=moved(hold, hold.status, expires_at_ms=expires_at_ms))


def _release(show: ShowStock, hold: Reservation, command: messages.ReleaseHold, answer: Answer) -> AnyOutcome:
    gone = set(command.seats)
    kept = [(seat, price) for seat, price in zip(hold.seats, hold.prices, strict=False) if seat not in gone]
    if len(gone) != len(hold.seats) - len(kept) or len(gone) != len(command.seats):
        return answer.no(messages.CommandRejected, "seats_not_in_reservation")
    if show.layout.tables and torn(show, tuple(seat for seat, _ in kept)) is not None:
        return answer.no(messages.CommandRejected, "table_not_sold_so")
    if not gone or not (kept or hold.areas):
        return answer.yes(messages.HoldReleased, reservation=moved(hold, ReservationStatus.RELEASED))
    return answer.yes(messages.HoldReleased, reservation=with_seats(hold, kept), freed=command.seats)


def _confirm(show: ShowStock, hold: Reservation, command: messages.ConfirmBooking, answer: Answer) -> AnyOutcome:
    paid = command.payment
    if paid is None and show.terms.policy.payment_required:
        return answer.no(messages.BookingRefused, "payment_missing")
    if paid is not None:
        if paid.amount != hold.amount:
            return answer.no(messages.BookingRefused, "amount_wrong", f"the reservation costs {hold.amount}")
        if (paid.provider, paid.reference) in show.payments:
            return answer.no(messages.BookingRefused, "payment_reused")
    booked = moved(hold, ReservationStatus.BOOKED, booked_at_ms=answer.moment.now_ms)
    return answer.yes(messages.BookingConfirmed, reservation=booked, payment=paid)


def _cancel(show: ShowStock, booking: Reservation, command: messages.CancelBooking, answer: Answer) -> AnyOutcome:
    if booking.status == ReservationStatus.CANCELLED:
        return answer.again(messages.BookingCancelled, reservation=booking, reason=command.reason)
    if booking.status not in LIVE_STATUSES or booking.status in UNPAID_STATUSES:
        return answer.no(messages.CommandRejected, "not_booked")
    terms = show.terms
    if answer.moment.now_ms > terms.starts_at_ms - terms.policy.refund_until_s * 1000:
        return answer.no(messages.CommandRejected, "refund_window_closed")
    cancelled = moved(booking, ReservationStatus.CANCELLED)
    return answer.yes(messages.BookingCancelled, reservation=cancelled, reason=command.reason)
