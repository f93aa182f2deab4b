"""`/room/admin/*`: what operators do to a room, each act with its reason."""

from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ticketing.clock import Clock, rfc3339
from ticketing.layout import Body
from ticketing.tokens import api_key_hash
from ticketing.vocabulary import show_text
from waiting_room.answers import Refused, answer, read_body
from waiting_room.phases import Control
from waiting_room.ports import Act, RoomTable
from waiting_room.rooms import Room
from waiting_room.routes import show_of
from waiting_room.service import WaitingRoom

ROLES = frozenset({"operator", "admin"})
CONTROLS = {"pause": Control.PAUSED, "resume": Control.SCHEDULE, "open": Control.OPEN, "idle": Control.IDLE}
"""`pause`: nobody else is called; `resume`: the show's own times decide; `open`: open now, whatever they say;
`idle`: everybody goes straight through."""

Reason = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


class RateBody(Body):
    rate_per_min: Annotated[int, Field(ge=0, le=1_000_000)]
    reason: Reason


class ReasonBody(Body):
    reason: Reason


class AdminRoutes:
    """The operators' calls, by API key."""

    def __init__(self, room: WaitingRoom, table: RoomTable, *, clock: Clock) -> None:
        self._room = room
        self._table = table
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        """What they answer; to be asked before the fans' routes."""
        return [
            Route("/room/admin/{show}", self.look, methods=["GET"]),
            Route("/room/admin/{show}", self.set_rate, methods=["PATCH"]),
            Route("/room/admin/{show}/{control}", self.set_control, methods=["POST"]),
        ]

    async def look(self, request: Request) -> Response:
        """The room as it is."""
        await self._operator(request)
        return self._answer(await self._room.room(show_of(request)), "The room as it is")

    async def set_rate(self, request: Request) -> Response:
        """The operators' ceiling, in people per minute."""
        key_id = await self._operator(request)
        body = await read_body(request, RateBody)
        act = Act("rate", key_id, body.reason, rate_per_min=body.rate_per_min)
        return self._answer(await self._room.change(show_of(request), act), "The rate is set")

    async def set_control(self, request: Request) -> Response:
        """One of `CONTROLS`."""
        key_id = await self._operator(request)
        name = request.path_params["control"]
        control = CONTROLS.get(name)
        if control is None:
            raise Refused("not_found", f"a room can be told to {', '.join(CONTROLS)}")
        body = await read_body(request, ReasonBody)
        act = Act(name, key_id, body.reason, control=control)
        return self._answer(await self._room.change(show_of(request), act), f"Done: {name}")

    async def _operator(self, request: Request) -> str:
        """The id of the caller's key. Raises `Refused`, `LedgerUnavailable`."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise Refused("unauthenticated", "send Authorization: Bearer and an API key with the role operator")
        found = await self._table.key_roles(api_key_hash(key.strip()))
        if found is None:
            raise Refused("token_invalid", "no such API key, or it has been revoked")
        key_id, roles = found
        if not roles & ROLES:
            raise Refused("insufficient_scope", "the key needs the role operator or admin")
        return key_id

    def _answer(self, room: Room | None, message: str) -> Response:
        if room is None:
            raise Refused("show_not_found", "no show has this id")
        now_ms = self._clock.now_ms()
        admission = room.admission(now_ms)
        positions = [queue.position for queue in room.queues.values()]
        return answer(
            {
                "message": message,
                "show": show_text(room.row.show),
                "control": room.row.control,
                "phase": room.phase(now_ms),
                "reason": room.row.reason,
                "rate_per_min": room.limits.rate_per_min if room.row.rate_per_min is None else room.row.rate_per_min,
                "rate_target": admission.rate_per_min,
                "rate_now": sum(queue.rate_now() for queue in room.queues.values()),
                "limited_by": admission.limited_by,
                "issued": sum(position.issued for position in positions),
                "serving": room.general.position.serving,
                "claimed": sum(position.claimed for position in positions),
                "given_up": sum(position.given_up for position in positions),
                "version": room.row.version,
                "server_time": rfc3339(now_ms),
            },
            headers={"ETag": f'"{room.row.version}"'},
        )
