"""`/room/admin/*`: what operators do to a room, each act with its reason; and the public log of it."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ticketing.clock import Clock, rfc3339
from ticketing.layout import Body
from waiting_room.acts import CONTROLS, WORDS, after, broken_at
from waiting_room.answers import LineName, Refused, answer, read_body
from waiting_room.operating import Act, KeptAct, RoomTable
from waiting_room.operator_keys import Operators
from waiting_room.operator_views import as_json, preview_json
from waiting_room.places import GENERAL
from waiting_room.previews import preview
from waiting_room.readiness import Readiness
from waiting_room.rooms import Room
from waiting_room.routes import show_of
from waiting_room.service import WaitingRoom

ACTS_SHOWN_MAX = 1_000
OPEN_MINUTES_MAX = 60
PUBLIC_CACHE = "public, max-age=5"
_IF_MATCH = re.compile(r'"(\d{1,9})"')

Reason = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
Shares = Annotated[dict[LineName, Annotated[int, Field(ge=0, le=1_000)]], Field(min_length=1, max_length=10)]


class ReasonBody(Body):
    reason: Reason


class LimitsBody(ReasonBody):
    """People per minute; passes in use; the part of the rate that each line gets; from when on people may join before
    the opening (null: at any time). What is left out stays."""

    rate_per_min: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    active_max: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    shares: Shares | None = None
    prequeue_at: AwareDatetime | None = None


class MessageBody(ReasonBody):
    """Shown to all who wait, instead of what the room says by itself; without a text, that is shown again."""

    severity: Literal["info", "warning"] = "info"
    text: Annotated[dict[Language, Reason], Field(max_length=20)]


class AdmitBody(ReasonBody):
    people: Annotated[int, Field(ge=1, le=10_000)]


class AdminRoutes:
    """The operators' calls, by API key or from our own pages."""

    def __init__(
        self, room: WaitingRoom, table: RoomTable, readiness: Readiness, operators: Operators, *, clock: Clock
    ) -> None:
        self._room = room
        self._table = table
        self._readiness = readiness
        self._operators = operators
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        """What they answer; to be asked before the fans' routes."""
        return [
            Route("/room/admin/{show}", self.look, methods=["GET"]),
            Route("/room/admin/{show}", self.set_limits, methods=["PATCH"]),
            Route("/room/admin/{show}/readiness", self.readiness, methods=["GET"]),
            Route("/room/admin/{show}/audit", self.audit, methods=["GET"]),
            Route("/room/admin/{show}/{act}", self.act, methods=["POST"]),
            Route("/room/{show}/log", self.public_log, methods=["GET"]),
        ]

    async def look(self, request: Request) -> Response:
        """The room as it is."""
        await self._operators.of(request)
        return self._answer(await self._found(request), "The room as it is")

    async def set_limits(self, request: Request) -> Response:
        """The operators' ceiling, the passes in use, the lines' shares."""
        key_id = await self._operators.of(request)
        body = await read_body(request, LimitsBody)
        if not body.model_fields_set - {"reason"}:
            raise Refused("invalid_request", "say rate_per_min, active_max, shares or prequeue_at")
        if body.shares is not None and (GENERAL not in body.shares or sum(body.shares.values()) == 0):
            raise Refused("invalid_request", "/shares: the line general must be among them, and some share above zero")
        act = Act(
            "limits",
            key_id,
            body.reason,
            rate_per_min=body.rate_per_min,
            active_max=body.active_max,
            shares=body.shares,
            prequeue_at_ms=await self._prequeue_at_ms(request, body)
            if "prequeue_at" in body.model_fields_set
            else None,
        )
        return await self._change(request, act, "The limits are set")

    async def _prequeue_at_ms(self, request: Request, body: LimitsBody) -> int:
        if body.prequeue_at is None:
            return 0
        at_ms = round(body.prequeue_at.timestamp() * 1000)
        if at_ms >= (await self._found(request)).row.schedule.opens_at_ms:
            raise Refused("invalid_request", "/prequeue_at: before the sale opens")
        return at_ms

    async def act(self, request: Request) -> Response:
        """One of `acts.CONTROLS`, or `message`, `admit`, `revoke-wave`, `fail-open`."""
        key_id = await self._operators.of(request)
        name = request.path_params["act"]
        act = await self._read_act(request, name, key_id)
        return await self._change(request, act, f"Done: {name}")

    async def _read_act(self, request: Request, name: str, key_id: str) -> Act:
        if name in CONTROLS:
            body = await read_body(request, ReasonBody)
            return Act(name, key_id, body.reason, control=CONTROLS[name])
        match name:
            case "message":
                said = await read_body(request, MessageBody)
                message = {"severity": said.severity, "text": said.text} if said.text else {}
                return Act(name, key_id, said.reason, message=message)
            case "admit":
                admit = await read_body(request, AdmitBody)
                return Act(name, key_id, admit.reason, admit=admit.people)
            case "revoke-wave":
                body = await read_body(request, ReasonBody)
                return Act(name, key_id, body.reason, revokes=True)
            case "fail-open":
                minutes = request.query_params.get("minutes", "")
                if not minutes.isdecimal() or not 1 <= int(minutes) <= OPEN_MINUTES_MAX:
                    raise Refused("invalid_request", f"say ?minutes=, 1 to {OPEN_MINUTES_MAX}")
                body = await read_body(request, ReasonBody)
                until_ms = self._clock.now_ms() + int(minutes) * 60_000
                return Act(name, key_id, body.reason, control=CONTROLS["idle"], open_until_ms=until_ms)
            case _:
                others = WORDS.keys() - {"limits", "codes", "plan"}
                raise Refused("not_found", f"a room can be told to {', '.join(sorted(others))}")

    async def _change(self, request: Request, act: Act, message: str) -> Response:
        """Do it; or, with `?preview=true`, say what would come of it."""
        room = await self._found(request)
        if request.query_params.get("preview") == "true":
            row = after(room.row, act)
            would = preview(room, row, self._clock.now_ms())
            return answer({"message": "Nothing was changed", "preview": preview_json(would)})
        changed = await self._room.change(show_of(request), act, if_version=if_match(request))
        if changed is None:
            raise Refused("show_not_found", "no show has this id")
        room, done = changed
        if not done:
            raise await changed_meanwhile(self._table, room)
        return self._answer(room, message)

    async def readiness(self, request: Request) -> Response:
        """Everything that the opening rests on, and whether it is in order."""
        await self._operators.of(request)
        checks = await self._readiness.checks(await self._found(request))
        return answer(
            {
                "ready": all(check.ok for check in checks),
                "checks": [{"name": check.name, "ok": check.ok, "found": check.found} for check in checks],
            }
        )

    async def audit(self, request: Request) -> Response:
        """Every act with who did it, and whether the chain over them is whole."""
        await self._operators.of(request)
        room = await self._found(request)
        acts = await self._table.acts(room.row.show, 0, ACTS_SHOWN_MAX)
        entries = [_public(kept) | {"key": kept.key_id, "changes": dict(kept.changes)} for kept in acts]
        return answer({"acts": entries, "broken_at": broken_at(room.row.show, acts)})

    async def public_log(self, request: Request) -> Response:
        """What was done to this line and why, for everybody; who did it is not said."""
        room = await self._found(request)
        acts = await self._table.acts(room.row.show, 0, ACTS_SHOWN_MAX)
        return answer({"acts": [_public(kept) for kept in acts]}, headers={"Cache-Control": PUBLIC_CACHE})

    async def _found(self, request: Request) -> Room:
        room = await self._room.room(show_of(request))
        if room is None:
            raise Refused("show_not_found", "no show has this id")
        return room

    def _answer(self, room: Room, message: str) -> Response:
        now_ms = self._clock.now_ms()
        body: Mapping[str, object] = as_json(room, now_ms, message)
        return answer(dict(body), headers={"ETag": f'"{room.row.version}"'})


async def changed_meanwhile(table: RoomTable, room: Room) -> Refused:
    """What to tell whoever acts on a room that somebody else has changed since they saw it."""
    last = await table.acts(room.row.show, max(0, room.row.version - 2), 1)
    by = f": {last[0].act}, {last[0].reason}" if last else ""
    return Refused("changed_meanwhile", f"the room is at version {room.row.version} by now{by}")


def if_match(request: Request) -> int | None:
    """The version that the caller has seen; None where they do not care. Raises `Refused`."""
    given = request.headers.get("if-match", "").strip()
    if given in ("", "*"):
        return None
    found = _IF_MATCH.fullmatch(given)
    if found is None:
        raise Refused("invalid_request", "If-Match: the ETag as it was given")
    return int(found[1])


def _public(kept: KeptAct) -> dict[str, object]:
    return {
        "version": kept.version,
        "at": rfc3339(kept.at_ms),
        "act": kept.act,
        "what": WORDS.get(kept.act, kept.act),
        "reason": kept.reason,
        "chained": kept.chained.hex(),
    }
