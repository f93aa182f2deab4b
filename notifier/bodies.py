"""An outcome as its owner reads it: the body that waiting for it over HTTP would have got, in the same words."""

from ticketing.clock import rfc3339
from ticketing.labels import place_conflict, seat_labels
from ticketing.layout import Layout
from ticketing.messages import (
    AllocationReturned,
    AnyOutcome,
    BookingCancelled,
    BookingChanged,
    BookingConfirmed,
    HoldExpiring,
    ManyHeld,
    RefundDue,
    Refusal,
    ReservationOutcome,
    SeatsHeld,
)
from ticketing.news import RefundTold, allocation_told
from ticketing.problems import PROBLEMS
from ticketing.socket_frames import Decided, Expiring, HeldTogether, Problem, ShowDecided
from ticketing.telling import (
    Where,
    booking_answer,
    changed_answer,
    held_answer,
    reservation_answer,
)
from ticketing.trace_context import traceparent
from ticketing.vocabulary import SYSTEM_ACCOUNT, RequestStatus, request_text, reservation_text, show_text


def decided(
    outcome: AnyOutcome, *, part: int, log_gen: int, where: Where, reply_to: str | None = None, token: str | None = None
) -> Decided:
    """What became of a request. `token`: with the reservation, for the one who asked."""
    request = None if outcome.account == SYSTEM_ACCOUNT else request_text(part, log_gen, outcome.offset)
    return Decided(
        status=RequestStatus.REJECTED if isinstance(outcome, Refusal) else RequestStatus.GRANTED,
        outcome=_body(outcome, where, request, token),
        request=request,
        reply_to=reply_to,
        replayed=outcome.repeat,
        traceparent=traceparent(outcome.trace),
    )


def expiring(warning: HoldExpiring) -> Expiring:
    """The warning that a hold ends soon."""
    return Expiring(
        reservation=reservation_text(warning.show, warning.reservation), expires_at=rfc3339(warning.expires_at_ms)
    )


def _body(outcome: AnyOutcome, where: Where, request: str | None, token: str | None) -> object:
    if isinstance(outcome, Refusal):
        return _problem(outcome, where.layout)
    if isinstance(outcome, BookingChanged):
        return changed_answer(outcome, where, request=request)
    if isinstance(outcome, BookingConfirmed | BookingCancelled):
        return booking_answer(outcome.reservation, where, request=request)
    if isinstance(outcome, SeatsHeld):
        return held_answer(outcome, where, request=request, token=token)
    if isinstance(outcome, ReservationOutcome):
        return reservation_answer(outcome.reservation, where, request=request)
    if isinstance(outcome, RefundDue):
        return RefundTold(
            reservation=reservation_text(where.show, outcome.reservation_id),
            provider=outcome.provider,
            reference=outcome.reference,
            amount=outcome.amount,
            currency=where.currency,
            reason=outcome.reason,
        )
    if isinstance(outcome, AllocationReturned):
        return allocation_told(outcome)
    if isinstance(outcome, ManyHeld):
        return HeldTogether(reservations=[reservation_answer(each, where) for each in outcome.reservations])
    return ShowDecided(show=show_text(outcome.show), venue=where.venue)


def _problem(refusal: Refusal, layout: Layout) -> Problem:
    code = refusal.code if refusal.code in PROBLEMS else "internal_error"
    problem = PROBLEMS[code]
    conflicts = [place_conflict(conflict, refusal.show, layout) for conflict in refusal.conflicts]
    return Problem(
        type=f"/api/problems/{code}",
        title=problem.title,
        status=problem.status,
        detail=refusal.detail or problem.title,
        code=code,
        retryable=problem.retryable,
        retry_after_s=refusal.wait_s,
        conflicts=conflicts or None,
        conflicts_total=refusal.conflicts_total if conflicts else None,
        alternatives=[seat_labels(layout, seats) for seats in refusal.alternatives] or None,
    )
