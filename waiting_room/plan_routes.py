"""`/room/admin/{show}/plan`: the rehearsal that a sale is to follow, and the sale against it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ticketing.clock import Clock, rfc3339
from waiting_room.admin_routes import ReasonBody, changed_meanwhile, if_match
from waiting_room.answers import Refused, answer, read_body
from waiting_room.operating import Act, RoomTable
from waiting_room.operator_keys import Operators
from waiting_room.plans import POINTS_MAX, Plan, against, moment_json, opened_ms
from waiting_room.records import RecordBook
from waiting_room.rooms import Room
from waiting_room.routes import show_of
from waiting_room.service import WaitingRoom


class PlanBody(ReasonBody):
    plan: Plan


class PlanRoutes:
    """The operators' calls, by API key or signed in."""

    def __init__(
        self, room: WaitingRoom, table: RoomTable, operators: Operators, book: RecordBook, *, clock: Clock
    ) -> None:
        self._room = room
        self._table = table
        self._operators = operators
        self._book = book
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        """What they answer; to be asked before the operators' acts."""
        return [
            Route("/room/admin/{show}/plan", self.keep, methods=["PUT"]),
            Route("/room/admin/{show}/plan", self.look, methods=["GET"]),
        ]

    async def keep(self, request: Request) -> Response:
        """File a plan, in the place of the one before; `onsale simulate --store` does it."""
        key_id = await self._operators.of(request)
        body = await read_body(request, PlanBody)
        show = (await self._found(request)).row.show
        changed = await self._room.change(show, Act("plan", key_id, body.reason), if_version=if_match(request))
        if changed is None:
            raise Refused("show_not_found", "no show has this id")
        room, done = changed
        if not done:
            raise await changed_meanwhile(self._table, room)
        await self._book.keep_plan(show, body.plan.model_dump(), self._clock.now_ms())
        return answer({"message": "The plan is kept; the sale is held against it"})

    async def look(self, request: Request) -> Response:
        """The plan, what happened so far, and how far the one is from the other; null where there is no plan."""
        await self._operators.of(request)
        room = await self._found(request)
        kept = await self._book.plan(room.row.show)
        track = await self._book.track(room.row.show, POINTS_MAX)
        now_ms = self._clock.now_ms()
        opened = opened_ms(room.row.schedule.opens_at_ms, track)
        plan = None if kept is None else Plan.model_validate(kept[0])
        return answer(
            {
                "plan": plan and plan.model_dump(),
                "kept_at": None if kept is None else rfc3339(kept[1]),
                "opened_at": rfc3339(opened),
                "actual": [moment_json(moment, opened) for moment in track],
                "against": plan and against(plan, track, opened, now_ms),
            }
        )

    async def _found(self, request: Request) -> Room:
        room = await self._room.room(show_of(request))
        if room is None:
            raise Refused("show_not_found", "no show has this id")
        return room
