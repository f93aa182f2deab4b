"""Seats by name: one in full, or many in a word; and whose they are.

The view of a hall is the same for everybody, so that it can be cached. Which seats are one's own is asked for by name,
with a token; admins are told whose any seat is. When somebody else's hold ends is told to nobody else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from msgspec import Struct
from pydantic import BaseModel, Field

from ingress import bodies
from ingress.asgi import Response
from ingress.callers import Identity, require_within
from ingress.event_routes import show_in_path
from ingress.looking import Looking
from ingress.operations import Call, Operation
from ingress.own_table import Owned, OwnTable
from ingress.refusals import Refused
from ingress.shelf import Shelf
from ingress.shows import Show
from ticketing.asks import Name
from ticketing.clock import Clock, rfc3339
from ticketing.layout import NO_SEAT, Body, Layout
from ticketing.show_view import STATUS_NAMES
from ticketing.telling import Answer
from ticketing.vocabulary import UNPAID_STATUSES, SeatStatus, reservation_text

BULK_MAX = 1_000


class SeatQuery(BaseModel):
    """Which show the seat is looked at in."""

    show: Annotated[str, Field(min_length=1, max_length=100)]


class BulkBody(Body):
    """Seats to look at, by label."""

    show: Name
    seats: Annotated[list[Name], Field(min_length=1, max_length=BULK_MAX)]


class Whose(Struct, kw_only=True, omit_defaults=True):
    """In which reservation a seat is, and when a hold ends. For admins also who holds it, or who has booked it, when,
    and for how much."""

    reservation: str
    hold_expires_at: str | None = None
    held_by: str | None = None
    booked_by: str | None = None
    booked_at: str | None = None
    booked_price: int | None = None


class SeatAnswer(Answer, kw_only=True, omit_defaults=True):
    """`mine`: it is held or booked by whoever asks, as their token says."""

    show: str
    seat: str
    status: str
    price: int
    currency: str
    category: str
    section: str
    row: str
    """Of a seat at a table: the table's label."""
    number: int
    accessible: bool
    seq: int
    table: str | None = None
    companion_of: str | None = None
    mine: bool = False
    whose: Whose | None = None


class SeatWord(Struct, kw_only=True, omit_defaults=True):
    """`mine` as in `SeatAnswer`."""

    label: str
    status: str
    price: int
    mine: bool = False
    whose: Whose | None = None


class BulkStatusAnswer(Answer, kw_only=True):
    """The seats asked for that there are, in the order asked; `unknown` are the labels that the show does not have."""

    show: str
    seq: int
    currency: str
    data: list[SeatWord]
    unknown: list[str]


@dataclass(frozen=True, slots=True)
class NamedSeats:
    """What these calls need."""

    shelf: Shelf
    looking: Looking
    owns: OwnTable
    clock: Clock

    async def seat(self, call: Call) -> Response:
        """GET /api/seats/{label}"""
        show = await show_in_path(self.shelf, call.asked(SeatQuery).show)
        number = show.layout.seat_numbers.get(call.params["label"])
        owned = {} if number is None else await self._owned(call.identity, show, [number])
        view = await self.looking.view(show)
        if number is None or view is None:
            raise Refused("show_not_found" if view is None else "not_found", "this show has no such seat")
        seat = show.layout.seats[number]
        table = show.layout.tables_of_seats.get(number)
        section, row = (table.section, table.label) if table is not None else _row_of(show.layout, number)
        status = STATUS_NAMES[view.seats[number]]
        mine, whose = _told(call.identity, show, owned.get(number), status)
        answer = SeatAnswer(
            message=f"Seat {seat.label} is {status.value}",
            created_at=rfc3339(self.clock.now_ms()),
            show=show.text,
            seat=seat.label,
            status=status.value,
            price=show.prices[seat.category],
            currency=show.row.currency,
            category=show.layout.categories[seat.category].name,
            section=section,
            row=row,
            number=seat.number,
            accessible=seat.accessible,
            seq=view.seq,
            table=None if table is None else table.label,
            companion_of=None if seat.companion_of == NO_SEAT else show.layout.seats[seat.companion_of].label,
            mine=mine,
            whose=whose,
        )
        kept = "public, max-age=1" if call.identity is None else "no-store"
        headers = [("cache-control", kept), ("vary", "authorization")]
        return Response(200, bodies.encode(answer), headers=headers)

    async def bulk_status(self, call: Call) -> Response:
        """POST /api/seats/bulk-status"""
        body = call.read(BulkBody)
        show = await show_in_path(self.shelf, body.show)
        numbers = {label: show.layout.seat_numbers.get(label) for label in body.seats}
        owned = await self._owned(call.identity, show, [it for it in numbers.values() if it is not None])
        view = await self.looking.view(show)
        if view is None:
            raise Refused("show_not_found")
        found = []
        for label in body.seats:
            if (number := numbers[label]) is None:
                continue
            status = STATUS_NAMES[view.seats[number]]
            mine, whose = _told(call.identity, show, owned.get(number), status)
            price = show.prices[show.layout.seats[number].category]
            found.append(SeatWord(label=label, status=status.value, price=price, mine=mine, whose=whose))
        answer = BulkStatusAnswer(
            message=f"{len(body.seats)} seats looked up",
            created_at=rfc3339(self.clock.now_ms()),
            show=show.text,
            seq=view.seq,
            currency=show.row.currency,
            data=found,
            unknown=[label for label in body.seats if numbers[label] is None],
        )
        return Response(200, bodies.encode(answer), headers=[("cache-control", "no-store")])

    async def _owned(self, identity: Identity | None, show: Show, seats: list[int]) -> Mapping[int, Owned]:
        """Whose the seats are, as far as that is told to who asks. Read before the view is looked at, or a hold that
        the view knows already might be nobody's."""
        if identity is None or not seats:
            return {}
        require_within(identity, show.row.venue, show.row.show)
        account = None if identity.admin else identity.caller.account
        return await self.owns.whose(show.row.part, show.row.show, seats, account)

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        away = "sales_paused"
        return [
            Operation(
                "seat", "GET", "/api/seats/{label}", self.seat, "One seat of a show; with a token, whether it is yours",
                {200: SeatAnswer}, query=SeatQuery, params={"label": "a seat's label, percent-encoded"},
                refusals=("show_not_found", "not_found", away), tells_own=True,
            ),
            Operation(
                "bulk_status", "POST", "/api/seats/bulk-status", self.bulk_status,
                "Up to 1,000 seats of a show; with a token, which are yours", {200: BulkStatusAnswer},
                body=BulkBody, refusals=("show_not_found", away), tells_own=True,
            ),
        ]  # fmt: skip


def _told(identity: Identity | None, show: Show, owned: Owned | None, status: SeatStatus) -> tuple[bool, Whose | None]:
    """`(mine, whose)` of a seat, as who asks is told. Where row and view are not of one moment nothing is."""
    held = owned is not None and owned.status in UNPAID_STATUSES
    if identity is None or owned is None or status is not (SeatStatus.HELD if held else SeatStatus.BOOKED):
        return False, None
    reservation = reservation_text(show.row.show, owned.reservation)
    mine, admin = identity.owns(owned.account, reservation), identity.admin
    if not (mine or admin):
        return False, None
    return mine, Whose(
        reservation=reservation,
        hold_expires_at=rfc3339(owned.expires_at_ms) if held else None,
        held_by=owned.account if admin and held else None,
        booked_by=owned.account if admin and not held else None,
        booked_at=rfc3339(owned.booked_at_ms) if admin and not held else None,
        booked_price=owned.price if admin and not held else None,
    )


def _row_of(layout: Layout, seat: int) -> tuple[str, str]:
    """`(section, row)` of a seat."""
    row = next(row for row in layout.rows if row.first <= seat < row.first + row.count)
    return row.section, row.label
