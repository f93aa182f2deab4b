"""From the desk's word to an HTTP answer, the same for every call that asks for a verdict. Pure."""

from ingress import bodies
from ingress.answers import Told, tell
from ingress.asgi import Response
from ingress.refusals import from_not_taken
from ingress.service import NotTaken, Pending, Verdict
from ingress.shows import Show
from ingress.waiters import Decided
from ticketing.clock import rfc3339
from ticketing.messages import AnyOutcome
from ticketing.tokens import TokenKeys
from ticketing.vocabulary import RequestStatus, request_text


def verdict_response(verdict: Verdict, show: Show, tokens: TokenKeys, now_ms: int) -> Response:
    """What the sender of a command is told. Raises `Refused`."""
    match verdict:
        case NotTaken():
            raise from_not_taken(verdict)
        case Pending():
            return pending(verdict, now_ms)
        case Decided():
            request = request_text(verdict.part, verdict.log_gen, verdict.outcome.offset)
            return answered(tell(verdict.outcome, show, request, tokens), verdict.outcome)


def answered(told: Told, outcome: AnyOutcome) -> Response:
    """A verdict as an answer; a repeat says that it is one."""
    headers = [("cache-control", "no-store")]
    if told.location is not None:
        headers.append(("location", told.location))
    if outcome.repeat:
        headers.append(("idempotent-replayed", "true"))
    return Response(told.status, bodies.encode(told.body), headers=headers)


def pending(verdict: Pending, now_ms: int) -> Response:
    """202: on the log, not yet decided, and where to ask."""
    request = request_text(verdict.part, verdict.log_gen, verdict.offset)
    body = bodies.PendingAnswer(
        message="The request is on the log; its verdict is not known yet",
        created_at=rfc3339(now_ms),
        request=request,
        status=RequestStatus.PENDING,
    )
    headers = [("location", f"/api/requests/{request}"), ("retry-after", "1"), ("cache-control", "no-store")]
    return Response(202, bodies.encode(body), headers=headers)
