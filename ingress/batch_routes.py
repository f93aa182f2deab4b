"""Up to fifty holds in one call: as one, in one show, all or none; or each for itself, wherever it is."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Struct
from pydantic import Field

from ingress import bodies
from ingress.answers import tell
from ingress.asgi import Response
from ingress.callers import require_no_reservation_token, require_sale
from ingress.forcing import ask_slowly
from ingress.hold_notes import HoldNotes, note_of
from ingress.limiter import Limiter
from ingress.noting import noted_beside
from ingress.operations import Call, KeyUse, Operation, Who
from ingress.refusals import FieldError, ProblemAnswer, Refused, as_forced, from_not_taken, from_rejection
from ingress.service import NotTaken, SaleDesk
from ingress.shelf import Shelf
from ingress.shows import Show
from ingress.verdicts import verdict_response
from ingress.waiters import Decided
from ticketing import messages, wishes
from ticketing.asks import HoldBody
from ticketing.clock import Clock, rfc3339
from ticketing.intake import Rejection, fingerprint_of, key_of
from ticketing.layout import Body
from ticketing.telling import Answer, HeldTogetherAnswer, ReservationAnswer
from ticketing.tokens import TokenKeys
from ticketing.vocabulary import Malformed, RequestStatus, parse_show, request_text

HOLDS_MAX = 50


class BatchBody(Body):
    """Holds as `POST /api/reservations` takes them. `atomic`: all of them are of one show, and held all or not at all;
    else each has a verdict of its own."""

    holds: Annotated[list[HoldBody], Field(min_length=1, max_length=HOLDS_MAX)]
    atomic: bool = True


class BatchItem(Struct, kw_only=True, omit_defaults=True):
    """One hold's verdict: the reservation, or the problem; with `pending` neither is known yet: ask for `request`."""

    status: str
    reservation: ReservationAnswer | None = None
    problem: ProblemAnswer | None = None
    request: str | None = None


class BatchAnswer(Answer, kw_only=True):
    """The verdicts, in the order of the holds."""

    data: list[BatchItem]


@dataclass(frozen=True, slots=True)
class Batches:
    """What these calls need."""

    desk: SaleDesk
    shelf: Shelf
    notes: HoldNotes
    limiter: Limiter
    tokens: TokenKeys
    clock: Clock

    async def hold(self, call: Call) -> Response:
        """POST /api/reservations/batch"""
        require_no_reservation_token(call.caller)
        body = call.read(BatchBody)
        self.limiter.check_more_holds(call.caller, len(body.holds) - 1)
        if body.atomic:
            return await self._together(call, body)
        items = await asyncio.gather(*(self._alone(call, number, wish) for number, wish in enumerate(body.holds)))
        granted = sum(item.status == RequestStatus.GRANTED for item in items)
        answer = BatchAnswer(
            message=f"{granted} of {len(items)} are held", created_at=rfc3339(self.clock.now_ms()), data=items
        )
        return Response(200, bodies.encode(answer), headers=[("cache-control", "no-store")])

    async def _together(self, call: Call, body: BatchBody) -> Response:
        numbers = [_show_number(wish, f"/holds/{at}/show") for at, wish in enumerate(body.holds)]
        if len(set(numbers)) > 1:
            raise Refused("several_shows", "an atomic batch is of one show", errors=[_field("/holds", "several_shows")])
        show = await self._show(call, numbers[0])
        asked = [as_forced(wish, sandbox=call.caller.sandbox) for wish in body.holds]
        holds = tuple(self._command(call, show, at, it.body) for at, it in enumerate(asked))
        caller = call.caller.caller
        command = messages.HoldMany(
            show=show.row.show,
            key=key_of(show.row.show, caller, call.sent),
            fingerprint=fingerprint_of(body),
            sent_at_ms=call.sent.at_ms,
            account=caller.account,
            holds=holds,
        )
        noted = [(hold, note_of(wish)) for hold, wish in zip(holds, body.holds, strict=True)]
        async with noted_beside(self, command, show, noted):
            ask = ask_slowly if any(it.slow for it in asked) else SaleDesk.ask
            verdict = await ask(self.desk, command, show.row.part, call.wait_s)
            return verdict_response(verdict, show, self.tokens, self.clock.now_ms())

    async def _alone(self, call: Call, at: int, wish: HoldBody) -> BatchItem:
        try:
            show = await self._show(call, _show_number(wish, f"/holds/{at}/show"))
            asked = as_forced(wish, sandbox=call.caller.sandbox)
            command = self._command(call, show, at, asked.body)
            async with noted_beside(self, command, show, [(command, note_of(wish))]):
                ask = ask_slowly if asked.slow else SaleDesk.ask
                verdict = await ask(self.desk, command, show.row.part, call.wait_s)
                if isinstance(verdict, NotTaken):
                    raise from_not_taken(verdict)
                if not isinstance(verdict, Decided):
                    request = request_text(verdict.part, verdict.log_gen, verdict.offset)
                    return BatchItem(status=RequestStatus.PENDING, request=request)
                request = request_text(verdict.part, verdict.log_gen, verdict.outcome.offset)
                told = tell(verdict.outcome, show, request, self.tokens).body
        except Refused as refused:
            problem = refused.body(instance=call.request.path, request_id=call.request.request_id)
            return BatchItem(status=RequestStatus.REJECTED, problem=problem)
        assert isinstance(told, ReservationAnswer)
        return BatchItem(status=RequestStatus.GRANTED, reservation=told)

    def _command(self, call: Call, show: Show, at: int, body: HoldBody) -> messages.HoldSeats:
        """One hold; its key is that of the call and its place in the batch. Raises `Refused`."""
        caller = call.caller.caller
        judged = wishes.judge(body, show.facts, partner=caller.partner, group=wishes.GROUP in caller.roles)
        if isinstance(judged, Rejection):
            raise from_rejection(judged)
        key = key_of(show.row.show, caller, call.sent, item=str(at))
        return wishes.ask(judged, caller, key=key, keyed=True, at_ms=call.sent.at_ms)

    async def _show(self, call: Call, number: int) -> Show:
        show = await self.shelf.show(number)
        if show is None:
            raise Refused("show_not_found")
        require_sale(call.caller, show)
        return show

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        answers: dict[int, type[msgspec.Struct] | None] = {
            200: BatchAnswer, 201: HeldTogetherAnswer, 202: bodies.PendingAnswer
        }  # fmt: skip
        return [
            Operation(
                "batch", "POST", "/api/reservations/batch", self.hold,
                "Up to 50 holds: as one (201, all or none), or each for itself (200, a verdict each)", answers,
                Who.SIGNED_IN, KeyUse.REQUIRED, waits=True, body=BatchBody, turned_away=self.desk.crowded, holds=True,
                refusals=("show_not_found", "invalid_id", "wrong_show", "seats_unavailable", "sold_out",
                          "no_adjacent_block", "limit_exceeded", "already_yours", "not_on_sale", "show_closed",
                          "too_many_seats", "unknown_places", "table_not_sold_so", "orphan_seat",
                          "allocation_exhausted", "cooling_down", "admission_required", "nothing_asked_for",
                          "hold_time_out_of_range", "several_shows", "show_cancelled"),
            ),
        ]  # fmt: skip


def _show_number(wish: HoldBody, pointer: str) -> int:
    try:
        return parse_show(wish.show)
    except Malformed as error:
        raise Refused("invalid_id", errors=[_field(pointer, "invalid_id")]) from error


def _field(pointer: str, code: str) -> FieldError:
    return FieldError(pointer=pointer, code=code)
