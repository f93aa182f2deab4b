"""What admins do: venues, layouts, shows; opening and closing a sale."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from pydantic import BaseModel

from ingress import bodies, shown
from ingress.asgi import Response
from ingress.callers import require_unlimited, require_within
from ingress.catalogue import Catalogue
from ingress.drawing import seat_map, tiers
from ingress.events import event_answer
from ingress.looking import Looking
from ingress.operations import LAYOUT_BYTES_MAX, Call, KeyUse, Operation, Who
from ingress.refusals import Refused, field_errors
from ingress.service import SaleDesk
from ingress.shelf import Shelf
from ingress.show_making import ShowMaker, new_layout_id
from ingress.shows import LayoutRow, NewLayout, Show, ShowRow, VenueRow
from ingress.verdicts import verdict_response
from ingress.wishes import CloseBody, ShowBody, VenueBody, built_with_warnings
from ticketing import messages
from ticketing.clock import Clock, rfc3339
from ticketing.layout import LayoutBody, encode_layout
from ticketing.telling import Answer
from ticketing.tokens import TokenKeys
from ticketing.vocabulary import Malformed, command_key, fingerprint, parse_show

VENUE_ID = {"venue": "the id of a venue: ven_…"}
SHOW_ID = {"show": "the id of a show: shw_…"}


class LayoutQuery(BaseModel):
    """`validate_only`: say what is wrong with the layout, or how many places it has, and keep nothing; `drawn`: tell
    where everything is, as the seat map will."""

    validate_only: bool = False
    drawn: bool = False


@dataclass(frozen=True, slots=True)
class Admin:
    """What the calls of admins need. `entropy(n)` gives n random bytes."""

    desk: SaleDesk
    catalogue: Catalogue
    shelf: Shelf
    maker: ShowMaker
    looking: Looking
    tokens: TokenKeys
    clock: Clock
    entropy: Callable[[int], bytes]

    async def add_venue(self, call: Call) -> Response:
        """POST /api/admin/venues"""
        require_unlimited(call.caller)
        body = call.read(VenueBody)
        # With a key the id comes from it, so that a repeat finds the venue that the first call made.
        key = command_key_of(call) if call.sent.key is not None else self.entropy(16)
        now_ms = self.clock.now_ms()
        stored = await self.catalogue.add_venue(VenueRow(f"ven_{key.hex()}", body.name, now_ms))
        if stored.name != body.name:
            raise Refused("idempotency_key_reused")
        answer = shown.VenueAnswer(
            message=f"Venue {stored.name}",
            created_at=rfc3339(stored.created_at_ms),
            venue=stored.venue,
            name=stored.name,
        )
        return _made(answer, f"/api/venues/{stored.venue}/seat-map")

    async def put_layout(self, call: Call) -> Response:
        """PUT /api/admin/venues/{venue}/layout"""
        layout, warnings = await asyncio.to_thread(built_with_warnings, call.read(LayoutBody))
        document, sha256 = encode_layout(layout)
        venue = call.params["venue"]
        require_within(call.caller, venue)
        if await self._venue(venue) is None:
            raise Refused("not_found", "there is no such venue")
        stored: LayoutRow | None = None
        if not call.asked(LayoutQuery).validate_only:
            new = NewLayout(new_layout_id(self.entropy), document, sha256, layout.places)
            stored = await self.catalogue.add_layout(venue, new, self.clock.now_ms())
        now_ms = self.clock.now_ms() if stored is None else stored.created_at_ms
        answer = shown.LayoutAnswer(
            message=f"{layout.places} places" + (" (only validated)" if stored is None else ""),
            created_at=rfc3339(now_ms),
            venue=venue,
            total_seats=layout.places,
            seats=len(layout.seats),
            tables=len(layout.tables),
            areas=len(layout.areas),
            categories=tiers(layout, layout.category_prices({})),
            sha256=sha256.hex(),
            layout=None if stored is None else stored.layout,
            version=None if stored is None else stored.version,
            warnings=field_errors(warnings),
            warnings_total=len(warnings),
        )
        if call.asked(LayoutQuery).drawn:
            row = stored or LayoutRow("", venue, 0, sha256, layout.places, now_ms)
            answer.seat_map = await asyncio.to_thread(seat_map, row, layout)
        return Response(200, bodies.encode(answer))

    async def add_show(self, call: Call) -> Response:
        """POST /api/admin/shows"""
        body = call.read(ShowBody)
        request_key = command_key_of(call)
        content = fingerprint(msgspec.json.encode(body.model_dump(mode="json", exclude_defaults=True)))
        if body.venue is None:
            require_unlimited(call.caller)
        else:
            require_within(call.caller, body.venue)
        row = await self.catalogue.show_by_request(request_key)
        if row is None:
            row = await self.maker.make(body, call.caller.caller.account, request_key, content)
        if row.fingerprint != content:
            raise Refused("idempotency_key_reused")
        return await self._open(row, call)

    async def open_show(self, call: Call) -> Response:
        """POST /api/admin/shows/{show}/open; whatever its key, the verdict is that of the call which made the show."""
        return await self._open((await self._show(call)).row, call)

    async def close_show(self, call: Call) -> Response:
        """POST /api/admin/shows/{show}/close"""
        show = await self._show(call)
        body = call.read(CloseBody)
        command = messages.CloseShow(
            show=show.row.show,
            key=call.sent.nonce if call.sent.key is None else command_key_of(call, show.row.show),
            fingerprint=fingerprint(body.reason.encode()),
            keyed=call.sent.key is not None,
            sent_at_ms=call.sent.at_ms,
            account=call.caller.caller.account,
            reason=body.reason,
        )
        return await self._ask(show, command, call)

    async def _open(self, row: ShowRow, call: Call) -> Response:
        """Ask for the show to be opened; one that is open already is told as it is."""
        show = await self.shelf.show(row.show)
        if show is None:
            raise Refused("show_not_found")
        view = await self.looking.view(show)
        if view is not None:
            answer = event_answer(
                show, status=view.status, counts=view.counts(), now_ms=self.clock.now_ms(), admin=True
            )
            return _made(answer, f"/api/events/{show.text}", replayed=True)
        command = messages.OpenShow(
            show=row.show,
            key=row.request_key,
            fingerprint=row.fingerprint,
            sent_at_ms=call.sent.at_ms,
            account=row.created_by,
            layout=row.layout,
            layout_sha256=row.layout_sha256,
            currency=row.currency,
            starts_at_ms=row.starts_at_ms,
            opens_at_ms=row.opens_at_ms,
            closes_at_ms=row.closes_at_ms,
            prices=row.prices,
            policy=row.policy,
        )
        return await self._ask(show, command, call)

    async def _ask(self, show: Show, command: messages.AnyCommand, call: Call) -> Response:
        verdict = await self.desk.ask(command, show.row.part, call.wait_s)
        return verdict_response(verdict, show, self.tokens, self.clock.now_ms())

    async def _show(self, call: Call) -> Show:
        try:
            number = parse_show(call.params["show"])
        except Malformed as error:
            raise Refused("show_not_found") from error
        show = await self.shelf.show(number)
        if show is None:
            raise Refused("show_not_found")
        require_within(call.caller, show.row.venue, number)
        return show

    async def _venue(self, venue: str) -> VenueRow | None:
        return await self.catalogue.venue(venue) if is_venue(venue) else None

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        opened: dict[int, type[msgspec.Struct] | None] = {201: shown.EventAnswer, 202: bodies.PendingAnswer}
        return [
            Operation(
                "add_venue", "POST", "/api/admin/venues", self.add_venue, "Make a venue", {201: shown.VenueAnswer},
                Who.ADMIN, KeyUse.OPTIONAL, body=VenueBody,
            ),
            Operation(
                "put_layout", "PUT", "/api/admin/venues/{venue}/layout", self.put_layout,
                "Give a venue its next layout, in full or in short", {200: shown.LayoutAnswer}, Who.ADMIN,
                body=LayoutBody, body_bytes_max=LAYOUT_BYTES_MAX, gzip_allowed=True, query=LayoutQuery,
                params=VENUE_ID, refusals=("not_found", "layout_invalid"),
            ),
            Operation(
                "add_show", "POST", "/api/admin/shows", self.add_show,
                "Make a show and open it: on a venue's layout, or in short with a capacity alone", opened, Who.ADMIN,
                KeyUse.REQUIRED, waits=True, body=ShowBody,
                refusals=("not_found", "layout_invalid", "hold_time_out_of_range", "layout_mismatch", "show_exists",
                          "show_not_found", "times_invalid"),
            ),
            Operation(
                "open_show", "POST", "/api/admin/shows/{show}/open", self.open_show,
                "Open a show whose opening got no answer; one that is open is told as it is", opened, Who.ADMIN,
                KeyUse.REQUIRED, waits=True, params=SHOW_ID,
                refusals=("show_not_found", "layout_mismatch", "show_exists"),
            ),
            Operation(
                "close_show", "POST", "/api/admin/shows/{show}/close", self.close_show, "Close the sale for good",
                {200: bodies.ShowChangedAnswer, 202: bodies.PendingAnswer}, Who.ADMIN, KeyUse.REQUIRED, waits=True,
                body=CloseBody, body_needed=False, params=SHOW_ID,
                refusals=("show_not_found", "show_closed", "show_cancelled"),
            ),
        ]  # fmt: skip


def is_venue(text: str) -> bool:
    """Whether the text has the form of a venue's id."""
    digits = text.removeprefix("ven_")
    return len(digits) == 32 and digits != text and set(digits) <= set("0123456789abcdef")


def command_key_of(call: Call, show: int = 0, item: str = "") -> bytes:
    """The key of an admin's command."""
    # One key for the same call whatever it makes: the show is not known before it is made.
    key = call.sent.key
    if key is None:
        return hashlib.blake2b(call.sent.nonce, digest_size=16).digest()
    return command_key(
        account=call.caller.caller.account,
        method=call.sent.method,
        path_template=call.sent.path_template,
        show=show,
        key=key,
        item=item,
    )


def _made(answer: Answer, location: str, *, replayed: bool = False) -> Response:
    headers = [("location", location), ("cache-control", "no-store")]
    if replayed:
        headers.append(("idempotent-replayed", "true"))
    return Response(201, bodies.encode(answer), headers=headers)
