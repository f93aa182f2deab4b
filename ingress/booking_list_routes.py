"""GET /api/bookings: bookings of all channels in one list, in pages or as one streamed file."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from ingress import bodies
from ingress.asgi import Request, Response, StreamedResponse
from ingress.booking_table import BookingRow, BookingsWanted, BookingTable
from ingress.callers import require_no_reservation_token, require_unlimited, require_within
from ingress.csv_cells import csv_lines
from ingress.event_routes import show_in_path
from ingress.moments import Moment
from ingress.operations import Call, Operation, Who
from ingress.paging import AfterId, next_link, read_id, write_cursor
from ingress.shelf import Shelf
from ingress.shows import Show
from ticketing.clock import Clock, rfc3339
from ticketing.telling import Answer, BookingAnswer, Contact, booking_answer
from ticketing.vocabulary import Malformed, parse_reservation, reservation_text

CSV = "text/csv"
FANS = "fans"
STREAMED_PAGE = 500
COLUMNS = (
    "booking", "show", "show_name", "status", "booked_at", "channel", "places", "seats", "areas", "total_amount",
    "currency", "external_id", "name", "email", "phone", "notes", "special_requests",
)  # fmt: skip


class BookingsQuery(BaseModel):
    """Filters. `channel`: an API key's id, or `fans`; `from` and `to`: when it was booked, `to` not included. With
    `format=csv`, or `Accept: text/csv`, all that fits comes as one file, and `limit` and `after` mean nothing."""

    show: Annotated[str, Field(pattern=r"^shw_[0-9a-f]{10}$")] | None = None
    status: Literal["booked", "cancelled"] | None = None
    channel: Annotated[str, Field(pattern=r"^(fans|key_[0-9a-f]{1,32})$")] | None = None
    from_: Annotated[Moment | None, Field(alias="from")] = None
    to: Moment | None = None
    external_id: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")] | None = None
    email: Annotated[str, Field(min_length=1, max_length=254, pattern=r"^[^\x00]+$")] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    after: AfterId | None = None
    format: Literal["json", "csv"] | None = None


class BookingsAnswer(Answer, kw_only=True):
    """A page of bookings, the newest first."""

    data: list[BookingAnswer]
    has_more: bool
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class BookingList:
    """What the list is read with."""

    table: BookingTable
    shelf: Shelf
    clock: Clock

    async def read(self, call: Call) -> Response:
        """GET /api/bookings"""
        query = call.asked(BookingsQuery)
        conditions = await self._conditions(call, query)
        if query.format == "csv" or (query.format is None and _prefers_csv(call.request)):
            # The first rows are read before anything is answered: what goes wrong until then is a problem document.
            first = await self.table.page(BookingsWanted(conditions, STREAMED_PAGE))
            headers = [("content-disposition", 'attachment; filename="bookings.csv"'), ("cache-control", "no-store")]
            return StreamedResponse(self._file(first, conditions), media_type=f"{CSV}; charset=utf-8", headers=headers)
        if query.after is not None:
            conditions["before"] = _before(query.after)
        rows = await self.table.page(BookingsWanted(conditions, query.limit + 1))
        shown = rows[: query.limit]
        cursor = _cursor(shown[-1]) if len(rows) > query.limit else None
        answer = BookingsAnswer(
            message=f"{len(shown)} bookings",
            created_at=rfc3339(self.clock.now_ms()),
            data=[
                _shown(row, show, admin=call.caller.admin)
                for row in shown
                if (show := await self.shelf.show(row.show)) is not None
            ],
            has_more=cursor is not None,
            next_cursor=cursor,
        )
        headers = [("cache-control", "no-store"), *next_link(call, cursor)]
        return Response(200, bodies.encode(answer), headers=headers)

    async def _conditions(self, call: Call, query: BookingsQuery) -> dict[str, tuple[object, ...]]:
        """What is asked for, within what the caller may see. Raises `Refused`."""
        caller = call.caller
        require_no_reservation_token(caller)
        found: dict[str, tuple[object, ...]] = {}
        if query.show is not None:
            show = await show_in_path(self.shelf, query.show)
            require_within(caller, show.row.venue, show.row.show)
            found["show"] = (show.row.part, show.row.show)
        if not caller.admin:
            found["account"] = (caller.caller.account,)
        elif query.show is None:
            require_unlimited(caller)
        if query.channel == FANS:
            found["fans"] = ()
        elif query.channel is not None:
            found["channel"] = (query.channel,)
        if query.status is not None:
            found["status"] = (query.status,)
        if query.from_ is not None:
            found["from"] = (round(query.from_.timestamp() * 1000),)
        if query.to is not None:
            found["to"] = (round(query.to.timestamp() * 1000),)
        if query.external_id is not None:
            found["external_id"] = (query.external_id,)
        if query.email is not None:
            found["email"] = (query.email,)
        return found

    async def _file(self, rows: list[BookingRow], conditions: dict[str, tuple[object, ...]]) -> AsyncIterator[bytes]:
        """All of it, some hundred rows at a time. Raises StoreAway, in the middle of the file."""
        yield csv_lines([COLUMNS])
        while rows:
            lines = [_line(row, show) for row in rows if (show := await self.shelf.show(row.show)) is not None]
            yield csv_lines(lines)
            if len(rows) < STREAMED_PAGE:
                return
            behind = {**conditions, "before": (rows[-1].reservation.booked_at_ms, rows[-1].reservation.id)}
            rows = await self.table.page(BookingsWanted(behind, STREAMED_PAGE))

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        return [
            Operation(
                "list_bookings", "GET", "/api/bookings", self.read,
                "Bookings, the newest first: for admins of all channels, for anybody else one's own; also as CSV",
                {200: BookingsAnswer}, Who.SIGNED_IN, query=BookingsQuery, also=CSV, refusals=("show_not_found",),
            ),
        ]  # fmt: skip


def _prefers_csv(request: Request) -> bool:
    kinds = [kind.partition(";")[0].strip().lower() for kind in (request.header("accept") or "").split(",")]
    return CSV in kinds and "application/json" not in kinds


def _before(after: str) -> tuple[int, bytes]:
    booked_at_ms, name = read_id(after)
    try:
        return booked_at_ms, parse_reservation(name)[1]
    except Malformed:
        return booked_at_ms, b""


def _cursor(row: BookingRow) -> str:
    return write_cursor(row.reservation.booked_at_ms, reservation_text(row.show, row.reservation.id))


def _shown(row: BookingRow, show: Show, *, admin: bool) -> BookingAnswer:
    contact = row.contact
    return booking_answer(
        row.reservation,
        show.where,
        contact=None if contact is None else contact.shown(),
        notes=contact.notes or None if contact else None,
        special_requests=contact.special_requests or None if contact else None,
        admin=admin,
    )


def _line(row: BookingRow, show: Show) -> list[str | int]:
    told = _shown(row, show, admin=True)
    account = row.reservation.account
    contact = told.contact or Contact(name="", email="")
    return [
        told.booking,
        told.show,
        show.row.name,
        told.status,
        told.created_at,
        account if account.startswith("key_") else FANS,
        len(told.seats) + sum(area.quantity for area in told.areas),
        "; ".join(seat.seat for seat in told.seats),
        "; ".join(f"{area.area}:{area.quantity}" for area in told.areas),
        told.total_amount,
        told.currency,
        told.external_id or "",
        contact.name,
        contact.email,
        contact.phone,
        told.notes or "",
        told.special_requests or "",
    ]
