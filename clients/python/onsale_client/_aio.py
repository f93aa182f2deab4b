"""The client. `_sync.py` is made from this file by `make_sync.py`: change this one."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from onsale_client import shapes, wishes
from onsale_client._aio_booking import AsyncBookingCalls
from onsale_client._aio_holding import AsyncHoldingCalls
from onsale_client._aio_house import AsyncHouseCalls
from onsale_client._aio_live import AsyncLive


class AsyncClient(AsyncHoldingCalls, AsyncBookingCalls, AsyncHouseCalls):
    """One caller of one installation: all that it can look at, hold, book and hear.

    `api_key` is exchanged for tokens, which are renewed in time (`permissions`: with these only); `token` (a pass, a
    reservation's token, or a key as it is) is sent along. Without either only what is public can be read. `http`: a
    client of one's own, for proxies, certificates and tests; it is not closed by this one.
    """

    async def events(
        self,
        *,
        q: str | None = None,
        venue: str | None = None,
        status: Literal["open", "closed", "cancelled"] | None = None,
        starts_from: datetime | None = None,
        starts_to: datetime | None = None,
    ) -> AsyncIterator[shapes.EventLine]:
        """Shows, by start; page after page is read as the iterator comes to it."""
        wanted: dict[str, Any] = {"q": q, "venue": venue, "status": status, "limit": 100}
        wanted |= {"from": starts_from and starts_from.isoformat(), "to": starts_to and starts_to.isoformat()}
        after = None
        while True:
            page = await self._get(shapes.Page, "/api/events", {**wanted, "after": after})
            for line in page.data:
                yield line
            if not page.has_more or page.next_cursor is None:
                return
            after = page.next_cursor

    async def event(self, show: str) -> shapes.Event:
        """A show: tiers, rules, what is left."""
        return await self._get(shapes.Event, f"/api/events/{quote(show, safe='')}")

    async def seat_map(self, venue: str, *, version: int | None = None) -> shapes.SeatMap:
        """A venue's layout, the newest or one of old."""
        return await self._get(shapes.SeatMap, f"/api/venues/{quote(venue, safe='')}/seat-map", {"version": version})

    async def seats(
        self,
        venue: str,
        show: str,
        *,
        status: Literal["available", "held", "booked", "blocked"] | None = None,
        category: str | None = None,
        bbox: tuple[float, float, float, float] | None = None,
    ) -> shapes.Seats:
        """Every place with status and price; `bbox`: those inside `x0, y0, x1, y1` of the layout's canvas."""
        box = None if bbox is None else ",".join(f"{edge:g}" for edge in bbox)
        return await self._get(
            shapes.Seats,
            f"/api/venues/{quote(venue, safe='')}/shows/{quote(show, safe='')}/seats",
            {"status": status, "category": category, "bbox": box},
        )

    async def seats_named(self, show: str, seats: Sequence[str]) -> shapes.SeatWords:
        """Up to 1,000 seats by label: which are free, and which are one's own and until when."""
        names = wishes.SeatNames(show=show, seats=tuple(seats))
        return await self._look(shapes.SeatWords, "/api/seats/bulk-status", names)

    async def availability(self, venue: str, show: str) -> shapes.Availability:
        """Counts by category, section and area."""
        return await self._get(
            shapes.Availability, f"/api/venues/{quote(venue, safe='')}/shows/{quote(show, safe='')}/availability"
        )

    async def feed(self, *, after: str | None = None, limit: int = 100) -> shapes.FeedPage:
        """One's own events behind a page's `next_cursor`, oldest first; without it from the oldest that is kept."""
        return await self._get(shapes.FeedPage, "/api/events-feed", {"after": after, "limit": limit})

    def live(self, venue: str, show: str) -> AsyncLive:
        """The show as it changes, over a websocket that comes again by itself. An API key is sent as it is."""
        where = f"{self._url.replace('http', 'ws', 1)}/ws/venues/{quote(venue, safe='')}/shows/{quote(show, safe='')}"
        return AsyncLive(where, token=self._token)

    async def whoami(self) -> shapes.Caller:
        """What the token is worth."""
        return await self._get(shapes.Caller, "/api/auth/validate")
