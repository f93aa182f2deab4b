"""What became of a request, by its place in the log; and what the problem codes mean."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import msgspec

from ingress import bodies
from ingress.answers import tell
from ingress.asgi import Response
from ingress.callers import Identity
from ingress.ledger import Cursor, DecidedBatch
from ingress.operations import Call, Operation, Who
from ingress.refusals import Refused, encode_problem
from ingress.shelf import Shelf
from ticketing import messages
from ticketing.clock import Clock, rfc3339
from ticketing.messages import AnyOutcome, ReservationOutcome
from ticketing.problems import PROBLEMS
from ticketing.tokens import TokenKeys
from ticketing.vocabulary import Malformed, RequestStatus, parse_request, reservation_text

LOST = (
    "the log lost what stood there before it was decided. Send the request again with the same Idempotency-Key: "
    "it has one verdict, however often it is sent"
)


class OutcomeStore(Protocol):
    """The outcomes by place in the log."""

    async def batch_with(self, part: int, log_gen: int, offset: int) -> DecidedBatch | None: ...

    async def cursor(self, part: int) -> Cursor | None: ...


class LogEnds(Protocol):
    """Where the log of commands ends."""

    async def end(self, part: int) -> int | None:
        """The offset that the partition's next command will get; None: it cannot be found out now."""
        ...


class ProblemMeaning(msgspec.Struct, kw_only=True):
    """What a problem code means."""

    code: str
    title: str
    status: int
    retryable: bool


@dataclass(frozen=True, slots=True)
class Requests:
    """What the calls about requests need. `seen(part)`: the last batch that the reader of outcomes has read."""

    store: OutcomeStore
    ends: LogEnds
    shelf: Shelf
    tokens: TokenKeys
    clock: Clock
    seen: Callable[[int], int]

    async def read_request(self, call: Call) -> Response:
        """GET /api/requests/{request}"""
        text = call.params["request"]
        try:
            part, log_gen, offset = parse_request(text)
        except Malformed as error:
            raise Refused("request_not_found") from error
        payload = await self._decided(part, log_gen, offset)
        if payload is None:
            return self._answer(call, RequestStatus.PENDING, "Not decided yet", None)
        outcomes = messages.decode_outcomes(payload)
        outcome = next((one for one in outcomes if one.offset == offset and one.index == 0), None)
        if outcome is None:
            # A command of the system's own, which nobody is told about.
            raise Refused("request_not_found")
        if not _may_read(call.caller, outcome):
            raise Refused("not_yours")
        show = await self.shelf.show(outcome.show)
        if show is None:
            raise Refused("request_not_found")
        try:
            told = tell(outcome, show, text, self.tokens)
        except Refused as refused:
            problem = encode_problem(refused.body(instance=call.request.path, request_id=call.request.request_id))
            return self._answer(call, RequestStatus.REJECTED, refused.detail, problem)
        body = bodies.encode(told.body)
        return self._answer(call, RequestStatus.GRANTED, told.body.message, body)

    async def read_problem(self, call: Call) -> Response:
        """GET /api/problems/{code}"""
        code = call.params["code"]
        problem = PROBLEMS.get(code)
        if problem is None:
            raise Refused("not_found", "there is no such problem")
        meaning = ProblemMeaning(code=code, title=problem.title, status=problem.status, retryable=problem.retryable)
        return Response(200, bodies.encode(meaning), headers=[("cache-control", "public, max-age=86400")])

    async def _decided(self, part: int, log_gen: int, offset: int) -> bytes | None:
        """The outcomes of the batch that decided the command at this place; None: they will be there.

        Raises `Refused` (404): nothing stands there, or what stood there is lost.
        """
        found = await self.store.batch_with(part, log_gen, offset)
        if found is not None:
            return self._published(part, found)
        cursor = await self.store.cursor(part)
        if cursor is None or log_gen > cursor.log_gen:
            raise Refused("request_not_found")
        if log_gen == cursor.log_gen and offset >= cursor.next_offset:
            end = await self.ends.end(part)
            if end is not None and offset >= end:
                raise Refused("request_not_found")
            return None
        # The allocator has passed the place, perhaps between the two looks: what it decided is there to be read now.
        found = await self.store.batch_with(part, log_gen, offset)
        if found is None:
            raise Refused("request_not_found", LOST if log_gen < cursor.log_gen else "")
        return self._published(part, found)

    def _published(self, part: int, batch: DecidedBatch) -> bytes | None:
        # Committed and not published: the standby may not have it yet, and then it may still not have happened.
        is_published = batch.batch_seq <= max(batch.published_seq, self.seen(part))
        return batch.payload if is_published else None

    def _answer(self, call: Call, status: RequestStatus, message: str, outcome: bytes | None) -> Response:
        part, _, offset = parse_request(call.params["request"])
        answer = bodies.RequestAnswer(
            message=message,
            created_at=rfc3339(self.clock.now_ms()),
            request=call.params["request"],
            status=status,
            partition=part,
            offset=offset,
            outcome=None if outcome is None else msgspec.Raw(outcome),
        )
        headers = [("cache-control", "no-store")]
        if status is RequestStatus.PENDING:
            headers.append(("retry-after", "1"))
        return Response(200, bodies.encode(answer), headers=headers)

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        return [
            Operation(
                "read_request", "GET", "/api/requests/{request}", self.read_request,
                "What became of a request of one's own", {200: bodies.RequestAnswer}, Who.SIGNED_IN,
                params={"request": "the id of a request: req_…"}, refusals=("request_not_found", "not_yours"),
            ),
            Operation(
                "read_problem", "GET", "/api/problems/{code}", self.read_problem, "What a problem code means",
                {200: ProblemMeaning}, params={"code": "a problem's code"}, refusals=("not_found",),
            ),
        ]  # fmt: skip


def _may_read(caller: Identity, outcome: AnyOutcome) -> bool:
    about = None
    if isinstance(outcome, ReservationOutcome):
        about = reservation_text(outcome.show, outcome.reservation.id)
    return caller.admin or caller.owns(outcome.account, about)
