"""`/room/{show}/plain`: the whole way through the line for a browser without scripts, in forms and one cookie.

Whoever comes gets a client id and a secret in a cookie that only this page is sent, so a join that is sent twice is one
join; the ticket joins them there, and the pass has a cookie of its own. A form from somewhere else comes without them
(SameSite), and does nothing.
"""

import json
from collections.abc import Callable
from urllib.parse import parse_qsl

from pydantic import TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ticketing.clock import Clock
from ticketing.tokens import TokenKeys, secret_hash
from waiting_room.answers import LineName, Refused
from waiting_room.documents import Documents
from waiting_room.entries import Entries
from waiting_room.joining import Joining, Wish
from waiting_room.leaving import Leaving
from waiting_room.pages import RoomPage
from waiting_room.places import GENERAL
from waiting_room.plain_kept import Kept
from waiting_room.plain_visit import OVER, Visit
from waiting_room.ports import LedgerUnavailable, StoreUnavailable
from waiting_room.records import Tallies, device_of
from waiting_room.replies import Place, Refusal, Turn
from waiting_room.routes import AddressOf, address_in, count_claim, show_of
from waiting_room.service import WaitingRoom

FORM_BYTES_MAX = 4_096
CODE_CHARS_MAX = 100
PLAIN_DEVICE = device_of("", scripts=False)
PEOPLE_MAX = 1_000_000
_LINE: TypeAdapter[str] = TypeAdapter(LineName)


class PlainRoutes:
    """The fans' way in without scripts. `entropy(n)` gives n random bytes."""

    def __init__(
        self,
        room: WaitingRoom,
        *,
        joining: Joining,
        tallies: Tallies,
        entries: Entries,
        leaving: Leaving,
        documents: Documents,
        page: RoomPage,
        keys: TokenKeys,
        clock: Clock,
        entropy: Callable[[int], bytes],
        address_of: AddressOf,
    ) -> None:
        self._room = room
        self._joining = joining
        self._tallies = tallies
        self._entries = entries
        self._leaving = leaving
        self._documents = documents
        self._page = page
        self._keys = keys
        self._clock = clock
        self._entropy = entropy
        self._address_of = address_of

    def routes(self) -> list[BaseRoute]:
        """What they answer; to be asked before the fans' other routes."""
        return [
            Route("/room/{show}/plain", self.look, methods=["GET"]),
            Route("/room/{show}/plain/{act}", self.act, methods=["POST"]),
        ]

    async def look(self, request: Request) -> Response:
        """How it stands for whoever has these cookies."""
        visit = await self._visit(request)
        return visit.show("" if visit.is_whole else visit.words["plain.broken"])

    async def act(self, request: Request) -> Response:
        """`join`, `claim`, `defer` or `leave`: back to the page where it was done, else the page with why not."""
        act = request.path_params["act"]
        visit = await self._visit(request)
        if visit.room is None:
            return visit.show()
        if not visit.came_with_cookie:
            # Shown with a cookie, so that it works now unless the browser takes none.
            return visit.show(visit.words["plain.no_cookie"], status=403)
        form = await _form(request)
        match act:
            case "join":
                return await self._join(visit, form)
            case "claim" | "defer" | "leave" if visit.kept.ticket is None:
                return visit.show(visit.words["plain.broken"], status=409)
            case "claim":
                return await self._claim(visit)
            case "defer":
                return await self._defer(visit, form)
            case "leave":
                return await self._leave(visit)
            case _:
                raise Refused("not_found", "the forms are join, claim, defer and leave")

    async def _join(self, visit: Visit, form: dict[str, str]) -> Response:
        if visit.kept.ticket is not None:
            return visit.back()
        try:
            line = _LINE.validate_python(form.get("line", GENERAL))
        except ValidationError as error:
            raise Refused("invalid_request", "no line has such a name") from error
        kept = visit.kept
        address, code = address_in(visit.request, self._address_of), form.get("code", "").strip()[:CODE_CHARS_MAX]
        wish = Wish(
            visit.show_id, kept.client, secret_hash(kept.secret), address, line, code or None, device=PLAIN_DEVICE
        )
        joined = await self._joining.join(wish)
        if not isinstance(joined, Place):
            if joined.code == "client_id_reused":
                # What is kept here was put together by somebody else: this browser begins anew.
                visit.begin_anew()
            return visit.refuse(joined)
        visit.kept = Kept(kept.client, kept.secret, joined.ticket, self._keys.read_ticket(joined.ticket))
        return visit.back()

    async def _claim(self, visit: Visit) -> Response:
        entry, token, secret = visit.proof()
        turn = await self._entries.claim(visit.show_id, entry, token, secret)
        count_claim(self._tallies, visit.show_id, turn, PLAIN_DEVICE)
        if isinstance(turn, Turn):
            visit.token, visit.passed = turn.token, self._keys.read_pass(turn.token, self._clock.now_ms())
            return visit.back()
        later = turn.more.get("place")
        if turn.code == "not_your_turn" and isinstance(later, int):
            visit.deferred(later)
        return visit.refuse(turn)

    async def _defer(self, visit: Visit, form: dict[str, str]) -> Response:
        people = form.get("people", "")
        if not (people.isascii() and people.isdecimal() and 1 <= int(people) <= PEOPLE_MAX):
            raise Refused("invalid_request", f"/people: 1 to {PEOPLE_MAX}")
        place = visit.place()
        if place is None:
            return visit.refuse(Refusal("not_your_turn", "the places are not drawn yet"))
        found = await self._leaving.defer(visit.show_id, *visit.proof(), place + int(people))
        if isinstance(found, Refusal):
            return visit.refuse(found)
        visit.deferred(found.place)
        return visit.back()

    async def _leave(self, visit: Visit) -> Response:
        refusal = await self._leaving.give_up(visit.show_id, *visit.proof())
        if refusal is not None and refusal.code not in OVER:
            return visit.refuse(refusal)
        # Another client: the one that gave its place up has none for good.
        visit.begin_anew()
        return visit.show(visit.words["room.given_up"])

    async def _visit(self, request: Request) -> Visit:
        show = show_of(request)
        try:
            room = await self._room.room(show)
            trouble = None if room is not None else Refusal("show_not_found", "no show has this id")
        except (StoreUnavailable, LedgerUnavailable):
            room, trouble = None, Refusal("room_unavailable", "your place is kept", 1)
        status = None if room is None else json.loads(self._documents.of(room).body)
        now_ms = self._clock.now_ms()
        return Visit(request, show, room, status, trouble, self._page, self._keys, now_ms, self._entropy)


async def _form(request: Request) -> dict[str, str]:
    """A form as browsers send it. Raises `Refused`."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in {"application/x-www-form-urlencoded", ""}:
        raise Refused("unsupported_media_type", "send a form (application/x-www-form-urlencoded)")
    raw = bytearray()
    try:
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > FORM_BYTES_MAX:
                raise Refused("body_too_large", f"at most {FORM_BYTES_MAX} bytes")
        return dict(parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=10))
    except ClientDisconnect as error:
        raise Refused("invalid_request", "the form ended early") from error
    except ValueError as error:
        raise Refused("invalid_request", f"no form: {error}") from error
