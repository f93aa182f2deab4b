"""`/room/*` over HTTP: the page, the status document, and what a fan may do with a place."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from runtime.localised import COOKIE, preferred
from ticketing.clock import Clock, rfc3339
from ticketing.layout import Body
from ticketing.vocabulary import Malformed, parse_show
from waiting_room.answers import NO_STORE, LineName, Refused, answer, problem, read_body
from waiting_room.common_words import in_common_words
from waiting_room.documents import STATUS_CACHE, Documents
from waiting_room.entries import Entries
from waiting_room.joining import Joining, Wish
from waiting_room.leaving import Leaving
from waiting_room.pages import RoomPage
from waiting_room.places import GENERAL, parse_entry
from waiting_room.proofs import PROOF_CHARS_MAX
from waiting_room.records import Tallies, device_of
from waiting_room.replies import Refusal, Turn
from waiting_room.service import WaitingRoom
from waiting_room.threshold import Shown

PAGE_CACHE = {"Cache-Control": "no-cache", "Vary": "Accept, Accept-Language, Cookie"}
TOKEN_CHARS_MAX = 2_000

AddressOf = Callable[[str, bytes | None], str]
"""`(peer, X-Forwarded-For)`: the client's address."""
Secret = Annotated[str, Field(min_length=16, max_length=200)]


class JoinBody(Body):
    """`secret_hash`: hexadecimal sha256 of the bytes of "onsale-entry-secret" followed by the fan's own secret; `code`:
    for a line that needs one."""

    client_id: UUID
    line: LineName = GENERAL
    secret_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    code: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    proof: Annotated[str, Field(max_length=PROOF_CHARS_MAX)] | None = None
    """The `challenge` of an earlier answer, solved: ALTCHA's payload, in base64."""
    check: Annotated[str, Field(max_length=4_000)] | None = None
    """What the outside check gave the page."""


class HolderBody(Body):
    """Whoever has both may act for the place."""

    ticket: Annotated[str, Field(max_length=TOKEN_CHARS_MAX)]
    secret: Secret


class DeferBody(HolderBody):
    """`place`: everybody before it is to go first."""

    place: Annotated[int, Field(ge=1, le=1_000_000_000)]


class FanRoutes:
    """The fans' calls."""

    def __init__(
        self,
        room: WaitingRoom,
        entries: Entries,
        leaving: Leaving,
        *,
        clock: Clock,
        page: RoomPage,
        documents: Documents,
        joining: Joining,
        tallies: Tallies,
        address_of: AddressOf,
    ) -> None:
        self._room = room
        self._entries = entries
        self._leaving = leaving
        self._clock = clock
        self._page = page
        self._documents = documents
        self._joining = joining
        self._tallies = tallies
        self._address_of = address_of

    def routes(self) -> list[BaseRoute]:
        """What they answer."""
        return [
            Route("/room/{show}", self.page, methods=["GET"]),
            Route("/room/{show}/status", self.status, methods=["GET"]),
            Route("/room/{show}/entries", self.join, methods=["POST"]),
            Route("/room/{show}/entries/{entry}/claim", self.claim, methods=["POST"]),
            Route("/room/{show}/entries/{entry}/defer", self.defer, methods=["POST"]),
            Route("/room/{show}/entries/{entry}", self.give_up, methods=["DELETE"]),
        ]

    async def page(self, request: Request) -> Response:
        """The page of a room; to a program (`Accept: application/json`) how it stands for somebody who comes now."""
        show = show_of(request)
        accepts = request.headers.get("accept", "")
        if "application/json" in accepts and "text/html" not in accepts:
            room = await self._room.room(show)
            if room is None:
                raise Refused("show_not_found", "no show has this id")
            body = in_common_words(room, self._clock.now_ms(), self._documents.poll(room))
            return answer(body, headers={"Cache-Control": STATUS_CACHE, "Vary": "Accept"})
        language = preferred(
            asked=request.query_params.get(COOKIE), kept=request.cookies.get(COOKIE),
            accepted=request.headers.get("accept-language", ""),
        )  # fmt: skip
        html = self._page.render(request.path_params["show"], language)
        return Response(html, media_type="text/html", headers=self._page.headers | PAGE_CACHE)

    async def status(self, request: Request) -> Response:
        """The public document; 304 where the caller has it."""
        show = show_of(request)
        room = await self._room.room(show)
        if room is None:
            raise Refused("show_not_found", "no show has this id")
        found = self._documents.of(room)
        headers = {"Cache-Control": STATUS_CACHE, "ETag": found.etag}
        if found.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(found.body, media_type="application/json", headers=headers)

    async def join(self, request: Request) -> Response:
        """201 with a ticket; a repeat gets the same ticket. 429 where too many come at once, with a way around it."""
        show = show_of(request)
        body = await read_body(request, JoinBody)
        address, shown = address_in(request, self._address_of), Shown(body.proof, body.check)
        wish = Wish(show, body.client_id, body.secret_hash, address, body.line, body.code, shown, device_in(request))
        joined = await self._joining.join(wish)
        if isinstance(joined, Refusal):
            return problem(request, joined)
        path = f"/room/{request.path_params['show']}/entries/{joined.entry}"
        replayed = {"Idempotent-Replayed": "true"} if joined.repeat else {}
        return answer(
            {
                "message": "Places are drawn at the opening"
                if joined.place is None
                else f"You are number {joined.place}",
                "created_at": rfc3339(joined.joined_at_ms),
                "entry": joined.entry,
                "line": joined.line,
                "n": joined.n,
                "place": joined.place,
                "ticket": joined.ticket,
            },
            status=201,
            headers={"Location": path} | replayed,
        )

    async def claim(self, request: Request) -> Response:
        """The pass, once the place is served: the same one however often it is asked for."""
        show, entry = show_of(request), entry_of_path(request)
        body = await read_body(request, HolderBody)
        turn = await self._entries.claim(show, entry, body.ticket, body.secret)
        count_claim(self._tallies, show, turn, device_in(request))
        if isinstance(turn, Refusal):
            return problem(request, turn)
        return answer(
            {
                "message": "It is your turn",
                "entry": turn.entry,
                "pass": turn.token,
                "expires_at": rfc3339(turn.expires_at_ms),
                "server_time": rfc3339(self._clock.now_ms()),
            }
        )

    async def defer(self, request: Request) -> Response:
        """The later place that counts from now on: whoever lets others go first cannot take it back."""
        show, entry = show_of(request), entry_of_path(request)
        body = await read_body(request, DeferBody)
        found = await self._leaving.defer(show, entry, body.ticket, body.secret, body.place)
        if isinstance(found, Refusal):
            return problem(request, found)
        message = f"It is your turn once the line has come to place {found.place}"
        return answer({"message": message, "entry": found.entry, "place": found.place, "serving": found.serving})

    async def give_up(self, request: Request) -> Response:
        """204: the place is given up, now or before."""
        show, entry = show_of(request), entry_of_path(request)
        body = await read_body(request, HolderBody)
        refusal = await self._leaving.give_up(show, entry, body.ticket, body.secret)
        return Response(status_code=204, headers=NO_STORE) if refusal is None else problem(request, refusal)


def show_of(request: Request) -> int:
    """The show in the path. Raises `Refused`."""
    try:
        return parse_show(request.path_params["show"])
    except Malformed as error:
        raise Refused("show_not_found", str(error)) from error


def device_in(request: Request) -> str:
    """What the fan has before them, as far as it says so."""
    return device_of(request.headers.get("user-agent", ""))


def count_claim(tallies: Tallies, show: int, turn: Turn | Refusal, device: str) -> None:
    """Count what became of a claim; repeats are none."""
    if isinstance(turn, Refusal):
        tallies.add(show, "refused", turn.code)
    elif turn.waited_ms is not None:
        tallies.let_in(show, device, turn.waited_ms)


def address_in(request: Request, address_of: AddressOf) -> str:
    """The client's, as far as our own proxies vouch for it."""
    forwarded = request.headers.get("x-forwarded-for")
    peer = request.client.host if request.client is not None else ""
    return address_of(peer, None if forwarded is None else forwarded.encode("latin-1"))


def entry_of_path(request: Request) -> str:
    """The entry in the path. Raises `Refused`."""
    entry: str = request.path_params["entry"]
    try:
        parse_entry(entry)
    except Malformed as error:
        raise Refused("invalid_id", str(error)) from error
    return entry
