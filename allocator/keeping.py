"""What becomes of a reservation that somebody has: extended, given back, booked."""

from typing import assert_never

from allocator.answer import Answer, moved, with_seats
from allocator.binding import bound_by, too_many_bound
from allocator.draft import Record
from allocator.stock import ShowStock
from ticketing import messages
from ticketing.having.whole_tables import torn
from ticketing.messages import AnyCommand, AnyOutcome, Reservation
from ticketing.vocabulary import SYSTEM_ACCOUNT, UNPAID_STATUSES, ReservationStatus, ShowStatus

AboutOne = (
    messages.ExtendHold | messages.ReleaseHold | messages.ConfirmBooking | messages.CancelBooking
    | messages.BeginPayment | messages.ChangeBooking
)  # fmt: skip


def about(
    show: ShowStock, command: AboutOne, answer: Answer, refused: type[messages.Refusal]
) -> Reservation | AnyOutcome:
    """The reservation that a command is about; or the answer where there is none, or not theirs, or it is a repeat."""
    record = show.find(command.reservation)
    if record is None:
        return answer.no(refused, "reservation_not_found")
    if command.account not in {record.reservation.account, SYSTEM_ACCOUNT}:
        return answer.no(refused, "not_yours")
    return verdict_before(record, command, answer) or record.reservation


def about_reservation(
    show: ShowStock,
    command: messages.ExtendHold | messages.ReleaseHold | messages.ConfirmBooking,
    answer: Answer,
) -> AnyOutcome:
    refused = messages.BookingRefused if isinstance(command, messages.ConfirmBooking) else messages.CommandRejected
    hold = about(show, command, answer, refused)
    if not isinstance(hold, Reservation):
        return hold
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


def verdict_before(record: Record, command: AnyCommand, answer: Answer) -> AnyOutcome | None:
    """The first verdict again, where the command is a repeat."""
    if not command.keyed:
        return None
    for key, fingerprint, kind in record.recent:
        if key == command.key:
            if fingerprint != command.fingerprint:
                return answer.no(messages.CommandRejected, "idempotency_key_reused")
            return answer.again(getattr(messages, kind), reservation=record.reservation)
    return None


def _extend(show: ShowStock, hold: Reservation, command: messages.ExtendHold, answer: Answer) -> AnyOutcome:
    if hold.status == ReservationStatus.PAYING:
        return answer.no(messages.CommandRejected, "payment_under_way")
    wished_ms = answer.moment.now_ms + (command.by_s or hold.hold_s) * 1000
    most_ms = hold.held_at_ms + max(show.terms.policy.hold_max_s, hold.hold_s) * 1000
    expires_at_ms = max(hold.expires_at_ms, min(wished_ms, most_ms))
    return answer.yes(messages.HoldExtended, reservation=moved(hold, hold.status, expires_at_ms=expires_at_ms))


def _release(show: ShowStock, hold: Reservation, command: messages.ReleaseHold, answer: Answer) -> AnyOutcome:
    gone = set(command.seats)
    kept = [(seat, price) for seat, price in zip(hold.seats, hold.prices, strict=False) if seat not in gone]
    if len(gone) != len(hold.seats) - len(kept) or len(gone) != len(command.seats):
        return answer.no(messages.CommandRejected, "seats_not_in_reservation")
    if show.layout.tables and torn(show.layout, tuple(seat for seat, _ in kept)) is not None:
        return answer.no(messages.CommandRejected, "table_not_sold_so")
    if not gone or not (kept or hold.areas):
        return answer.yes(messages.HoldReleased, reservation=moved(hold, ReservationStatus.RELEASED))
    if hold.status == ReservationStatus.PAYING:
        # It would cost less than what is being paid for it.
        return answer.no(messages.CommandRejected, "payment_under_way")
    return answer.yes(messages.HoldReleased, reservation=with_seats(hold, kept), freed=command.seats)


def _confirm(show: ShowStock, hold: Reservation, command: messages.ConfirmBooking, answer: Answer) -> AnyOutcome:
    if show.status == ShowStatus.CANCELLED:
        return answer.no(messages.BookingRefused, "show_cancelled")
    why_not = why_not_paid(show, command.payment, hold.amount)
    if why_not is not None:
        return answer.no(messages.BookingRefused, *why_not)
    bound = bound_by(hold.person, hold.bound, command.bound)
    booked = moved(hold, ReservationStatus.BOOKED, booked_at_ms=answer.moment.now_ms, bound=bound)
    rule = too_many_bound(show, booked, before=(hold,))
    if rule is not None:
        return answer.no(messages.BookingRefused, *rule)
    return answer.yes(messages.BookingConfirmed, reservation=booked, payment=command.payment)


def why_not_paid(show: ShowStock, paid: messages.Payment | None, amount: int) -> tuple[str, str] | None:
    """`(code, detail)`: why what a caller says of the payment does not pay `amount`."""
    if paid is None:
        return ("payment_missing", "") if show.terms.policy.payment_required and amount else None
    if paid.amount != amount:
        return "amount_wrong", f"the reservation costs {amount}"
    if (paid.provider, paid.reference) in show.payments.by_name:
        return "payment_reused", ""
    return None
