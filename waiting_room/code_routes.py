"""`POST /room/admin/{show}/codes`: presale codes for a line, made here or brought along."""

from collections.abc import Callable
from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ticketing.clock import Clock
from waiting_room.admin_routes import ReasonBody
from waiting_room.answers import LineName, Refused, answer, read_body
from waiting_room.codes import OWN_CODE_CHARS_MIN, CodeBook, code_hash, new_codes, normal
from waiting_room.operating import Act
from waiting_room.operator_keys import Operators
from waiting_room.places import GENERAL
from waiting_room.ports import Line
from waiting_room.routes import show_of
from waiting_room.service import WaitingRoom

CODES_MAX = 10_000
USES_MAX = 100_000

OwnCode = Annotated[str, Field(min_length=OWN_CODE_CHARS_MIN, max_length=64)]


class CodesBody(ReasonBody):
    """`count` are made, or `codes` are taken as they are; each is for `uses` people."""

    line: LineName
    count: Annotated[int, Field(ge=1, le=CODES_MAX)] | None = None
    codes: Annotated[list[OwnCode], Field(min_length=1, max_length=CODES_MAX)] | None = None
    uses: Annotated[int, Field(ge=1, le=USES_MAX)] = 1


class CodeRoutes:
    """`entropy(n)` gives n random bytes."""

    def __init__(
        self,
        room: WaitingRoom,
        operators: Operators,
        codes: CodeBook,
        *,
        clock: Clock,
        entropy: Callable[[int], bytes],
    ) -> None:
        self._room = room
        self._operators = operators
        self._codes = codes
        self._clock = clock
        self._entropy = entropy

    def routes(self) -> list[BaseRoute]:
        """What they answer; to be asked before the operators' acts."""
        return [Route("/room/admin/{show}/codes", self.add, methods=["POST"])]

    async def add(self, request: Request) -> Response:
        """201 with the codes, which nobody is told again. From now on the line is for people with a code."""
        key_id = await self._operators.of(request)
        body = await read_body(request, CodesBody)
        room = await self._room.room(show_of(request))
        if room is None:
            raise Refused("show_not_found", "no show has this id")
        if body.line == GENERAL:
            raise Refused("invalid_request", "/line: the line general is for everybody")
        if body.line not in room.queues:
            raise Refused("invalid_request", "/line: give the line a share first")
        if (body.count is None) == (body.codes is None):
            raise Refused("invalid_request", "say count or codes")
        if any(len(normal(code)) < OWN_CODE_CHARS_MIN for code in body.codes or ()):
            raise Refused("invalid_request", f"/codes: at least {OWN_CODE_CHARS_MIN} letters and digits each")
        codes = body.codes or new_codes(self._entropy, body.count or 0)
        line = Line(room.row.show, body.line)
        # The codes first: a line that needs codes which are not there yet would be shut.
        await self._codes.add(line, [code_hash(line, code) for code in codes], body.uses, self._clock.now_ms())
        act = Act("codes", key_id, body.reason, coded=body.line, codes=len(codes), uses=body.uses)
        await self._room.change(room.row.show, act)
        message = f"Whoever joins the line {body.line} needs one of its codes"
        return answer({"message": message, "line": body.line, "uses": body.uses, "codes": codes}, status=201)
