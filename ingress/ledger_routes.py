"""The log of a show: what came of every command on it, in order, with nothing left out and nobody named."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Protocol

from msgspec import Struct
from pydantic import BaseModel, Field

from ingress import bodies
from ingress.asgi import Response
from ingress.callers import Identity
from ingress.catalogue_routes import SHOW_ID
from ingress.event_routes import show_in_path
from ingress.feed_routes import key_account
from ingress.ledger import LogBatch
from ingress.operations import Call, Operation, Who
from ingress.paging import AfterNumbers, next_link, read_numbers, write_cursor
from ingress.shelf import Shelf
from ingress.shows import Show
from ticketing import messages
from ticketing.clock import Clock, rfc3339
from ticketing.labels import seat_labels
from ticketing.layout import Layout
from ticketing.messages import AnyOutcome, Refusal, Reservation, ReservationOutcome
from ticketing.telling import Answer
from ticketing.vocabulary import event_text, reservation_text

LEDGER_MAX = 500
BATCHES_A_PAGE_MAX = 10
"""Decoding a page takes a few milliseconds of the event loop, not more."""
BATCHES_LOOKED_AT_MAX = 2_000
"""Of a partition that is busy with other shows, for one page: it may be empty and yet not be the last."""
Place = tuple[int, int]
"""The next outcome to be told: the batch it stands in, and how many of that batch stand before it."""


class LedgerQuery(BaseModel):
    """`after`: the `next_cursor` of the page before; without it, from the beginning."""

    limit: Annotated[int, Field(ge=1, le=LEDGER_MAX)] = 100
    after: AfterNumbers | None = None


class LedgerPlaces(Struct, kw_only=True, omit_defaults=True):
    """The places of one reservation as the outcome left them. Whose it is, and for how much, is told to its owner and
    to admins only."""

    status: str
    seats: list[str] = []
    areas: dict[str, int] = {}
    reservation: str | None = None
    total_amount: int | None = None


class LedgerLine(Struct, kw_only=True, omit_defaults=True):
    """One outcome. `seq` is raised by one by each that changed the show, so that a reader sees that none is missing;
    the first of a show is `ShowOpened`. A `repeat` answered a command once more, and changed nothing."""

    event: str
    kind: str
    seq: int
    at: str
    places: list[LedgerPlaces] = []
    seats: list[str] = []
    """Seats that were taken off sale or put on again, or given back beside what stands in `places`."""
    code: str | None = None
    """Why the answer was no: see /api/problems/{code}."""
    repeat: bool = False


class LedgerAnswer(Answer, kw_only=True):
    """A page of the log. `next_cursor` is always there: asked with it later, the log goes on behind this page. A page
    may be empty though `has_more`: others share the partition."""

    show: str
    data: list[LedgerLine]
    has_more: bool
    next_cursor: str


class LogOfOutcomes(Protocol):
    """The committed batches of a partition."""

    async def published(self, part: int) -> int: ...

    async def batches_of(self, part: int, show: int, first: int, last: int, limit: int) -> list[LogBatch]: ...


@dataclass(frozen=True, slots=True)
class ShowLedger:
    """What the log of a show is read with. `seen(part)`: the last batch that the reader of outcomes has read."""

    store: LogOfOutcomes
    shelf: Shelf
    clock: Clock
    seen: Callable[[int], int]

    async def read(self, call: Call) -> Response:
        """GET /api/shows/{show}/ledger"""
        key_account(call.caller)
        show = await show_in_path(self.shelf, call.params["show"])
        query = call.asked(LedgerQuery)
        first: Place = read_numbers(query.after, (0, 0))
        # What is committed and not published may still not have happened: the standby may not have it.
        published = max(await self.store.published(show.row.part), self.seen(show.row.part))
        last = min(published, first[0] + BATCHES_LOOKED_AT_MAX - 1)
        batches = await self.store.batches_of(show.row.part, show.row.show, first[0], last, BATCHES_A_PAGE_MAX)
        lines, place = _page(batches, show, call.caller, first, query.limit)
        if place is None:
            is_full = len(batches) == BATCHES_A_PAGE_MAX
            place = max(first, ((batches[-1].batch_seq if is_full else last) + 1, 0))
        has_more, cursor = place[0] <= published, write_cursor(*place)
        answer = LedgerAnswer(
            message=f"{len(lines)} outcomes",
            created_at=rfc3339(self.clock.now_ms()),
            show=show.text,
            data=lines,
            has_more=has_more,
            next_cursor=cursor,
        )
        headers = [("cache-control", "no-store"), *next_link(call, cursor if has_more else None)]
        return Response(200, bodies.encode(answer), headers=headers)

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        return [
            Operation(
                "show_ledger", "GET", "/api/shows/{show}/ledger", self.read,
                "What came of every command on a show, in order", {200: LedgerAnswer}, Who.SIGNED_IN,
                query=LedgerQuery, params=SHOW_ID, refusals=("show_not_found",),
            ),
        ]  # fmt: skip


def _page(
    batches: list[LogBatch], show: Show, caller: Identity, first: Place, limit: int
) -> tuple[list[LedgerLine], Place | None]:
    """The lines from `first` on, and where the next page begins; None: behind the last of these batches."""
    lines: list[LedgerLine] = []
    for batch in batches:
        for number, outcome in enumerate(messages.decode_outcomes(batch.payload)):
            if outcome.show != show.row.show or (batch.batch_seq, number) < first:
                continue
            if len(lines) == limit:
                return lines, (batch.batch_seq, number)
            lines.append(ledger_line(outcome, show, batch.log_gen, caller))
    return lines, None


def ledger_line(outcome: AnyOutcome, show: Show, log_gen: int, caller: Identity) -> LedgerLine:
    """An outcome as this caller may know it."""
    layout = show.layout
    places: list[LedgerPlaces] = []
    seats: tuple[int, ...] = ()
    code = None
    match outcome:
        case Refusal():
            code = outcome.code
        case messages.HoldReleased() | messages.BookingChanged():
            places, seats = [_places(outcome.reservation, show, caller)], outcome.freed
        case ReservationOutcome():
            places = [_places(outcome.reservation, show, caller)]
        case messages.ManyHeld():
            places = [_places(it, show, caller) for it in outcome.reservations]
        case messages.SeatsBlocked() | messages.SeatsUnblocked():
            seats = outcome.seats
        case _:
            pass  # the show itself, what is kept for whom, what is due back: that it happened is all that is told
    return LedgerLine(
        event=event_text(show.row.part, log_gen, outcome.offset, outcome.index),
        kind=type(outcome).__name__,
        seq=outcome.seq,
        at=rfc3339(outcome.at_ms),
        places=places,
        seats=seat_labels(layout, seats),
        code=code,
        repeat=outcome.repeat,
    )


def _places(reservation: Reservation, show: Show, caller: Identity) -> LedgerPlaces:
    layout: Layout = show.layout
    is_told = caller.admin or caller.owns(reservation.account, None)
    return LedgerPlaces(
        status=reservation.status,
        seats=seat_labels(layout, reservation.seats),
        areas={layout.areas[area].label: quantity for area, quantity in reservation.areas},
        reservation=reservation_text(show.row.show, reservation.id) if is_told else None,
        total_amount=reservation.amount if is_told else None,
    )
