"""Commands that nobody could read: look at them, put them on the log once more, or let them be."""

import base64
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol

from msgspec import Struct
from pydantic import BaseModel, Field

from ingress import bodies
from ingress.asgi import Response
from ingress.callers import require_unlimited
from ingress.dead_letter_table import DeadLetter, DeadLetterTable, Place
from ingress.operations import Call, Operation, Who
from ingress.paging import AfterNumbers, next_link, read_numbers, write_cursor
from ingress.refusals import Refused, from_not_taken
from ingress.service import NotTaken
from ticketing.clock import Clock, rfc3339
from ticketing.telling import Answer
from ticketing.vocabulary import Malformed, dead_letter_text, parse_dead_letter, request_text

RAW_BYTES_SHOWN_MAX = 3_000
LETTER_ID = {"letter": "the id of a dead letter: dlt_…"}


class Append(Protocol):
    """Puts a record on the log as it is."""

    async def __call__(self, part: int, raw: bytes) -> int | NotTaken:
        """Its offset, or why it was not taken."""
        ...


class LettersQuery(BaseModel):
    """Which of them, by partition and place in the log."""

    status: Literal["open", "replayed", "discarded"] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    after: AfterNumbers | None = None


class LetterShown(Struct, kw_only=True, omit_defaults=True):
    """A record of the log that the allocator could not decide, and why (`code`). `raw`: its first 3,000 bytes in
    base64; `status`: `open`, `replayed` (as `request`) or `discarded`."""

    letter: str
    status: str
    partition: int
    offset: int
    code: str
    bytes_total: int
    raw: str
    settled_by: str | None = None
    settled_at: str | None = None
    request: str | None = None


class LettersAnswer(Answer, kw_only=True):
    """A page of dead letters."""

    data: list[LetterShown]
    has_more: bool
    next_cursor: str | None = None


class LetterAnswer(Answer, kw_only=True):
    """A dead letter, and what was done with it."""

    data: LetterShown


@dataclass(frozen=True, slots=True)
class DeadLetterCalls:
    """What these calls need."""

    table: DeadLetterTable
    append: Append
    clock: Clock

    async def page(self, call: Call) -> Response:
        """GET /api/admin/dead-letters"""
        require_unlimited(call.caller)
        query = call.asked(LettersQuery)
        found = await self.table.page(query.status, read_numbers(query.after, (-1, -1)), query.limit + 1)
        shown = found[: query.limit]
        cursor = write_cursor(shown[-1].place[0], shown[-1].place[2]) if len(found) > query.limit else None
        answer = LettersAnswer(
            message=f"{len(shown)} dead letters",
            created_at=rfc3339(self.clock.now_ms()),
            data=[_shown(letter) for letter in shown],
            has_more=cursor is not None,
            next_cursor=cursor,
        )
        return Response(200, bodies.encode(answer), headers=[("cache-control", "no-store"), *next_link(call, cursor)])

    async def replay(self, call: Call) -> Response:
        """POST /api/admin/dead-letters/{letter}/replay"""
        place, letter = await self._open_letter(call)
        # Before it is noted: if we end in between it is replayed once more, and a command has one verdict.
        offset = await self.append(place[0], letter.raw)
        if isinstance(offset, NotTaken):
            raise from_not_taken(offset)
        request = request_text(place[0], place[1], offset)
        return await self._settle(call, place, "replayed", request)

    async def discard(self, call: Call) -> Response:
        """POST /api/admin/dead-letters/{letter}/discard"""
        place, _ = await self._open_letter(call)
        return await self._settle(call, place, "discarded", "")

    async def _open_letter(self, call: Call) -> tuple[Place, DeadLetter]:
        require_unlimited(call.caller)
        try:
            place = parse_dead_letter(call.params["letter"])
        except Malformed as error:
            raise Refused("not_found", "there is no such letter") from error
        letter = await self.table.read(place)
        if letter is None:
            raise Refused("not_found", "there is no such letter")
        if letter.status != "open":
            raise Refused("letter_settled", f"it was {letter.status} by {letter.settled_by}")
        return place, letter

    async def _settle(self, call: Call, place: Place, status: str, request: str) -> Response:
        now_ms = self.clock.now_ms()
        await self.table.settle(place, status, call.caller.caller.account, now_ms, request)
        letter = await self.table.read(place)
        if letter is None:
            raise Refused("not_found", "there is no such letter")
        answer = LetterAnswer(message=f"The letter is {letter.status}", created_at=rfc3339(now_ms), data=_shown(letter))
        return Response(200, bodies.encode(answer), headers=[("cache-control", "no-store")])

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        path, refusals = "/api/admin/dead-letters", ("not_found", "letter_settled")
        return [
            Operation(
                "list_dead_letters", "GET", path, self.page, "Commands that nobody could read", {200: LettersAnswer},
                Who.ADMIN, query=LettersQuery,
            ),
            Operation(
                "replay_dead_letter", "POST", f"{path}/{{letter}}/replay", self.replay,
                "Put one on the log once more", {200: LetterAnswer}, Who.ADMIN, params=LETTER_ID,
                refusals=(*refusals, "busy", "log_unavailable"),
            ),
            Operation(
                "discard_dead_letter", "POST", f"{path}/{{letter}}/discard", self.discard,
                "Let one be; it stays readable", {200: LetterAnswer}, Who.ADMIN, params=LETTER_ID, refusals=refusals,
            ),
        ]  # fmt: skip


def _shown(letter: DeadLetter) -> LetterShown:
    part, _, offset = letter.place
    return LetterShown(
        letter=dead_letter_text(*letter.place),
        status=letter.status,
        partition=part,
        offset=offset,
        code=letter.code,
        bytes_total=len(letter.raw),
        raw=base64.b64encode(letter.raw[:RAW_BYTES_SHOWN_MAX]).decode(),
        settled_by=letter.settled_by,
        settled_at=None if letter.settled_at_ms is None else rfc3339(letter.settled_at_ms),
        request=letter.request or None,
    )
