"""Seats as anybody may see them: the map, who is free, how many are left."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, Field

from ingress import bodies, shown
from ingress.asgi import Request, Response, cached
from ingress.caches import Briefly, Lru, OnceAtATime
from ingress.catalogue import Catalogue
from ingress.catalogue_routes import is_venue
from ingress.drawing import SeatPieces, availability, draw_seats, draw_sections, seat_map
from ingress.event_routes import show_in_path
from ingress.looking import Looking
from ingress.operations import Call, Operation
from ingress.refusals import Refused
from ingress.selecting import Box, sections_with, select_seats
from ingress.shelf import Shelf
from ingress.shows import LayoutRow, Show
from ingress.stores import StoreAway
from ticketing.clock import Clock
from ticketing.show_view import ShowView

MAP_BYTES_MAX = 256 * 1024 * 1024
MAP_AGE_S = 24 * 3600
NEWEST_MAP_AGE_S = 60
ROW_FRESH_MS = 1_000
ROWS_KEPT_MAX = 10_000
SEATS_FROM_ZOOM = 0.25
"""A seat is 24 units wide unless its layout says otherwise: it is to be seen from 6 pixels on."""
PATHS = {"venue": "the id of a venue: ven_…", "show": "the id of a show: shw_…"}


Kept: TypeAlias = Lru[int, tuple[int, Show, bytes]]
"""Show -> what was drawn of it, at which sequence number, and on which terms."""


class MapQuery(BaseModel):
    """`version`: that layout version, which can be kept for ever; default: the newest."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class SeatsQuery(BaseModel):
    """Filters; `bbox` is x0,y0,x1,y1, two opposite corners in the layout's canvas, `zoom` how many pixels a unit of it
    takes on the screen: below a quarter only sections are told. With `since_seq` seats are told that have changed after
    it, whatever their status is by now; where that is not known any more all are told, without `since_seq`."""

    status: Literal["available", "held", "booked", "blocked"] | None = None
    category: Annotated[str, Field(max_length=60)] | None = None
    bbox: Annotated[
        str, Field(max_length=120, pattern=r"^-?[0-9]+(\.[0-9]+)?(,-?[0-9]+(\.[0-9]+)?){3}$")
    ] | None = None  # fmt: skip
    zoom: Annotated[float, Field(gt=0, le=1_000, allow_inf_nan=False)] | None = None
    since_seq: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None


class Seats:
    """The calls about seats. `places_max` bounds what is kept encoded, in places."""

    def __init__(self, *, catalogue: Catalogue, shelf: Shelf, looking: Looking, clock: Clock, places_max: int) -> None:
        self._catalogue = catalogue
        self._shelf = shelf
        self._looking = looking
        self._clock = clock
        self._maps: Lru[str, bytes] = Lru(MAP_BYTES_MAX)
        self._drawing_map: OnceAtATime[str, bytes] = OnceAtATime()
        self._rows: Briefly[tuple[str, int | None], LayoutRow | None] = Briefly(
            fresh_ms=ROW_FRESH_MS, stale_ms=1_000 * MAP_AGE_S, entries_max=ROWS_KEPT_MAX, away=StoreAway
        )
        self._pieces: Lru[int, SeatPieces] = Lru(places_max)
        self._seats: Kept = Lru(places_max)
        self._counts: Kept = Lru(places_max)

    async def seat_map(self, call: Call) -> Response:
        """GET /api/venues/{venue}/seat-map"""
        venue, version = call.params["venue"], call.asked(MapQuery).version
        row = await self._layout_row(venue, version) if is_venue(venue) else None
        if row is None:
            raise Refused("not_found", "there is no such venue, or it has no such layout")
        found = row
        body = self._maps.get(row.layout) or await self._drawing_map.run(row.layout, lambda: self._draw_map(found))
        return cached(
            call.request,
            body,
            etag=f'"{row.sha256.hex()[:32]}-{row.version}"',
            max_age_s=NEWEST_MAP_AGE_S if version is None else MAP_AGE_S,
            immutable=version is not None,
        )

    async def seats(self, call: Call) -> Response:
        """GET /api/venues/{venue}/shows/{show}/seats"""
        query, now_ms = call.asked(SeatsQuery), self._clock.now_ms()
        show, view = await self._look(call)
        box, since = _box(query.bbox), query.since_seq
        if query.zoom is not None and query.zoom < SEATS_FROM_ZOOM:
            inside = select_seats(show.layout, view, status=None, category=query.category, box=box)
            names = sections_with(show.layout, inside)
            return self._from_view(call.request, show, view, None, lambda: draw_sections(show, view, names, now_ms))
        changed = None if since is None else self._looking.changed_since(show, since)
        status = query.status if changed is None else None
        wanted = select_seats(show.layout, view, status=status, category=query.category, box=box)
        if changed is not None:
            wanted = sorted(changed if wanted is None else changed.intersection(wanted))
        return self._from_view(
            call.request,
            show,
            view,
            self._seats if wanted is None else None,
            lambda: draw_seats(show, view, self._pieces_of(show), wanted, now_ms, None if changed is None else since),
        )

    async def availability(self, call: Call) -> Response:
        """GET /api/venues/{venue}/shows/{show}/availability"""
        show, view = await self._look(call)
        return self._from_view(
            call.request,
            show,
            view,
            self._counts,
            lambda: bodies.encode(availability(show, view, self._clock.now_ms())),
        )

    async def _look(self, call: Call) -> tuple[Show, ShowView]:
        show = await show_in_path(self._shelf, call.params["show"])
        if show.row.venue != call.params["venue"]:
            raise Refused("show_not_found", "this venue has no such show")
        view = await self._looking.view(show)
        if view is None:
            raise Refused("show_not_found")
        return show, view

    @staticmethod
    def _from_view(
        request: Request,
        show: Show,
        view: ShowView,
        kept: Kept | None,
        draw: Callable[[], bytes],
    ) -> Response:
        """What a view shows, drawn once for each of its sequence numbers where it is `kept`."""
        number = show.row.show
        known = None if kept is None else kept.get(number)
        if known is not None and known[0] == view.seq and known[1] is show:
            body = known[2]
        else:
            body = draw()
            if kept is not None:
                kept.put(number, (view.seq, show, body), weight=show.layout.places)
        return cached(request, body, etag=f'"{show.text}-{view.seq}"', max_age_s=1)

    def _pieces_of(self, show: Show) -> SeatPieces:
        pieces = self._pieces.get(show.row.show)
        if pieces is None or pieces.show is not show:
            pieces = SeatPieces(show)
            self._pieces.put(show.row.show, pieces, weight=show.layout.places)
        return pieces

    async def _layout_row(self, venue: str, version: int | None) -> LayoutRow | None:
        return await self._rows.get(
            (venue, version), lambda: self._catalogue.layout(venue, version), self._clock.now_ms()
        )

    async def _draw_map(self, row: LayoutRow) -> bytes:
        layout = await self._shelf.layout(row.layout)
        if layout is None:
            raise Refused("not_found", "there is no such layout")
        body = await asyncio.to_thread(lambda: bodies.encode(seat_map(row, layout)))
        self._maps.put(row.layout, body, weight=len(body))
        return body

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        away = "sales_paused"
        return [
            Operation(
                "seat_map", "GET", "/api/venues/{venue}/seat-map", self.seat_map,
                "The layout: where everything is and what it costs, without status",
                {200: shown.SeatMapAnswer, 304: None}, query=MapQuery, params={"venue": PATHS["venue"]},
                refusals=("not_found", away),
            ),
            Operation(
                "seats", "GET", "/api/venues/{venue}/shows/{show}/seats", self.seats, "Seats with status and price",
                {200: shown.SeatsAnswer, 304: None}, query=SeatsQuery, params=PATHS, refusals=("show_not_found", away),
            ),
            Operation(
                "availability", "GET", "/api/venues/{venue}/shows/{show}/availability", self.availability,
                "How many are left, by category, section and area", {200: shown.AvailabilityAnswer, 304: None},
                params=PATHS, refusals=("show_not_found", away),
            ),
        ]  # fmt: skip


def _box(text: str | None) -> Box | None:
    if text is None:
        return None
    x0, y0, x1, y1 = (float(part) for part in text.split(","))
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
