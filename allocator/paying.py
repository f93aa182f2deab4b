"""Payments by a provider: begun, failed, and what the provider's own word about one does, however late it comes.

A provider's word is never forgotten and never doubted: money has moved. So it is known by the payment's name and not
by a key, and it ends in one of two ways, for good: it pays for the reservation, or all of it is due back.
"""

import msgspec

from allocator.answer import Answer, Moment, moved
from allocator.binding import bound_by, too_many_bound
from allocator.keeping import WHY_NOT_HELD, about, verdict_before
from allocator.payments import Paid
from allocator.stock import ShowStock
from ticketing import messages
from ticketing.having.shares import places_of, why_kept
from ticketing.messages import AnyOutcome, Reservation
from ticketing.vocabulary import SYSTEM_ACCOUNT, UNPAID_STATUSES, ReservationStatus, ShowStatus, is_provider


def begin_payment(show: ShowStock, command: messages.BeginPayment, answer: Answer) -> AnyOutcome:
    """held -> paying. The first one stops expiry for `payment_s`; what was begun already is told again."""
    hold = about(show, command, answer, messages.CommandRejected)
    if not isinstance(hold, Reservation):
        return hold
    if hold.status == ReservationStatus.PAYING:
        return answer.again(messages.PaymentBegun, reservation=hold, provider=command.provider)
    if hold.status != ReservationStatus.HELD:
        return answer.no(messages.CommandRejected, WHY_NOT_HELD[ReservationStatus(hold.status)])
    if show.status == ShowStatus.CANCELLED:
        return answer.no(messages.CommandRejected, "show_cancelled")
    if hold.amount == 0:
        return answer.no(messages.CommandRejected, "nothing_to_pay")
    bound = bound_by(hold.person, hold.bound, command.bound)
    # Before any money moves.
    rule = too_many_bound(show, msgspec.structs.replace(hold, bound=bound), before=(hold,))
    if rule is not None:
        return answer.no(messages.CommandRejected, *rule)
    until_ms = _payment_until(show, hold, answer.moment)
    paying = moved(
        hold,
        ReservationStatus.PAYING,
        payment_until_ms=until_ms,
        bound=bound,
        # Once: who fails to pay again and again holds on to nothing.
        expires_at_ms=hold.expires_at_ms if hold.payment_until_ms else max(hold.expires_at_ms, until_ms),
    )
    return answer.yes(messages.PaymentBegun, reservation=paying, provider=command.provider)


def _payment_until(show: ShowStock, hold: Reservation, moment: Moment) -> int:
    if hold.payment_until_ms:
        return hold.payment_until_ms
    return max(moment.now_ms, moment.decided_at_ms) + show.terms.policy.payment_s * 1000


def fail_payment(show: ShowStock, command: messages.FailPayment, answer: Answer) -> AnyOutcome:
    """paying -> held. Only the provider can say so; judged by state alone, and by which attempt it is about."""
    refused = messages.CommandRejected
    record = show.find(command.reservation)
    if record is None:
        return answer.no(refused, "reservation_not_found")
    if not is_provider(command.account) and command.account != SYSTEM_ACCOUNT:
        return answer.no(refused, "not_yours")
    repeated = verdict_before(record, command, answer)
    if repeated is not None:
        return repeated
    hold = record.reservation
    if hold.status not in UNPAID_STATUSES:
        return answer.no(refused, WHY_NOT_HELD[ReservationStatus(hold.status)])
    if hold.status == ReservationStatus.HELD or command.version not in {0, hold.version}:
        return answer.no(refused, "not_paying")
    held = moved(hold, ReservationStatus.HELD)
    return answer.yes(messages.PaymentFailed, reservation=held, reason=command.reason)


def payment_made(show: ShowStock, command: messages.ConfirmBooking, answer: Answer) -> AnyOutcome:
    """A provider says that a payment was made: it pays for the reservation if that can still be, else it goes back."""
    paid = command.payment
    if paid is None:
        return answer.no(messages.BookingRefused, "payment_missing")
    record = show.find(command.reservation)
    known = show.payments.by_name.get((paid.provider, paid.reference))
    if known is not None:
        return _known_payment(show, command, known, answer)
    if record is None:
        return _back(command, paid, answer, "reservation_not_found", "")
    hold = record.reservation
    bound = bound_by(hold.person, hold.bound, command.bound)
    booked = moved(hold, ReservationStatus.BOOKED, booked_at_ms=answer.moment.now_ms, bound=bound)
    why_not = _why_not(show, hold, paid.amount, answer.moment.now_ms)
    if not why_not and too_many_bound(show, booked, before=_live(hold)) is not None:
        why_not = "limit_exceeded"
    if why_not:
        return _back(command, paid, answer, why_not, hold.account)
    return answer.yes(messages.BookingConfirmed, reservation=booked, payment=paid)


def _live(hold: Reservation) -> tuple[Reservation, ...]:
    return (hold,) if hold.status in UNPAID_STATUSES else ()


def _known_payment(show: ShowStock, command: messages.ConfirmBooking, known: Paid, answer: Answer) -> AnyOutcome:
    """Said before: the same again, whatever has become of it since."""
    paid, record = command.payment, show.find(known.reservation)
    if paid is None or known.reservation != command.reservation:
        return answer.no(messages.BookingRefused, "payment_reused")
    if known.accepted and record is not None:
        return answer.again(messages.BookingConfirmed, reservation=record.reservation, payment=paid)
    return answer.again(
        messages.RefundDue,
        reservation_id=known.reservation,
        provider=paid.provider,
        reference=paid.reference,
        amount=known.amount,
        owner=record.reservation.account if record is not None else "",
    )


def _back(
    command: messages.ConfirmBooking, paid: messages.Payment, answer: Answer, reason: str, owner: str
) -> AnyOutcome:
    return answer.yes(
        messages.RefundDue,
        reservation_id=command.reservation,
        provider=paid.provider,
        reference=paid.reference,
        amount=paid.amount,
        reason=reason,
        owner=owner,
    )


def _why_not(show: ShowStock, hold: Reservation, amount: int, now_ms: int) -> str:
    """Why a payment cannot pay for the reservation; empty where it can."""
    if show.status == ShowStatus.CANCELLED:
        return "show_cancelled"
    if hold.status == ReservationStatus.EXPIRED:
        if not _is_free_again(show, hold, now_ms):
            return "seats_unavailable"
    elif hold.status not in UNPAID_STATUSES:
        return WHY_NOT_HELD[ReservationStatus(hold.status)]
    return "" if amount == hold.amount else "amount_wrong"


def _is_free_again(show: ShowStock, hold: Reservation, now_ms: int) -> bool:
    """Whether everything that an expired reservation had can still be had: it is free, and kept for nobody else."""
    if not all(show.free[seat] for seat in hold.seats):
        return False
    capacities = show.layout.areas
    if any(show.area_taken[area] + quantity > capacities[area].capacity for area, quantity in hold.areas):
        return False
    if not show.terms.allocations:
        return True
    return why_kept(show, hold.account, places_of(show, hold.seats, hold.areas), now_ms) is None
