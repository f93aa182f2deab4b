"""An outcome as its owner reads it: the body that waiting for it over HTTP would have got, in the same words."""

from typing import Any

from ticketing.clock import rfc3339
from ticketing.layout import Layout
from ticketing.messages import (
    AnyOutcome,
    BookingCancelled,
    BookingChanged,
    BookingConfirmed,
    HoldExpiring,
    ManyHeld,
    Refusal,
    ReservationOutcome,
)
from ticketing.problems import PROBLEMS
from ticketing.telling import Where, booking_answer, place_conflict, reservation_answer, seat_labels
from ticketing.vocabulary import SYSTEM_ACCOUNT, RequestStatus, request_text, reservation_text, show_text


def decided(outcome: AnyOutcome, *, part: int, log_gen: int, where: Where) -> dict[str, Any]:
    """`{request, status, outcome}`; without `request` where no caller asked."""
    refused = isinstance(outcome, Refusal)
    data: dict[str, Any] = {"status": RequestStatus.REJECTED if refused else RequestStatus.GRANTED}
    request = None
    if outcome.account != SYSTEM_ACCOUNT:
        request = data["request"] = request_text(part, log_gen, outcome.offset)
    if isinstance(outcome, Refusal):
        data["outcome"] = _problem(outcome, where.layout)
    elif isinstance(outcome, BookingConfirmed | BookingChanged | BookingCancelled):
        data["outcome"] = booking_answer(outcome.reservation, where, request=request)
    elif isinstance(outcome, ReservationOutcome):
        data["outcome"] = reservation_answer(outcome.reservation, where, request=request)
    elif isinstance(outcome, ManyHeld):
        held = [reservation_answer(reservation, where) for reservation in outcome.reservations]
        data["outcome"] = {"reservations": held}
    else:
        data["outcome"] = {"show": show_text(outcome.show), "venue": where.venue}
    return data


def expiring(warning: HoldExpiring) -> dict[str, Any]:
    """The warning that a hold ends soon."""
    return {
        "reservation": reservation_text(warning.show, warning.reservation),
        "expires_at": rfc3339(warning.expires_at_ms),
    }


def _problem(refusal: Refusal, layout: Layout) -> dict[str, Any]:
    code = refusal.code if refusal.code in PROBLEMS else "internal_error"
    problem = PROBLEMS[code]
    body: dict[str, Any] = {
        "type": f"/api/problems/{code}",
        "title": problem.title,
        "status": problem.status,
        "detail": refusal.detail or problem.title,
        "code": code,
        "retryable": problem.retryable,
    }
    if refusal.conflicts:
        body["conflicts"] = [place_conflict(conflict, refusal.show, layout) for conflict in refusal.conflicts]
        body["conflicts_total"] = refusal.conflicts_total
    if refusal.alternatives:
        body["alternatives"] = [seat_labels(layout, seats) for seats in refusal.alternatives]
    return body
