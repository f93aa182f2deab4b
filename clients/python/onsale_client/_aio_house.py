"""What admins and operators do. `_sync_house.py` is made from this file by `make_sync.py`: change this one."""

from typing import Any
from urllib.parse import quote

from onsale_client import made, shapes
from onsale_client._aio_calls import AsyncCalls


class AsyncHouseCalls(AsyncCalls):
    """Venues, layouts, shows, and how fast people are let in."""

    async def add_venue(self, name: str, *, idempotency_key: str | None = None) -> made.Venue:
        """Make a venue (admins)."""
        return await self._ask(made.Venue, "POST", "/api/admin/venues", {"name": name}, idempotency_key)

    async def put_layout(
        self, venue: str, layout: dict[str, Any], *, validate_only: bool = False, idempotency_key: str | None = None
    ) -> made.Layout:
        """A new version of a venue's layout, in its full or its short form (admins)."""
        path = f"/api/admin/venues/{quote(venue, safe='')}/layout{'?validate_only=true' if validate_only else ''}"
        return await self._ask(made.Layout, "PUT", path, layout, idempotency_key)

    async def add_show(self, terms: dict[str, Any], *, idempotency_key: str | None = None) -> shapes.Event:
        """Make a show and open it; terms as in `POST /api/admin/shows` (admins)."""
        return await self._ask(shapes.Event, "POST", "/api/admin/shows", terms, idempotency_key)

    async def close_show(self, show: str, *, idempotency_key: str | None = None) -> made.ShowChanged:
        """End a sale for good (admins)."""
        path = f"/api/admin/shows/{quote(show, safe='')}/close"
        return await self._ask(made.ShowChanged, "POST", path, None, idempotency_key)

    async def set_rate(self, show: str, *, rate_per_min: int, reason: str) -> None:
        """The most that the waiting room admits (operators, by the key itself: `token`)."""
        path = f"/room/admin/{quote(show, safe='')}"
        await self._ask(dict[str, Any], "PATCH", path, {"rate_per_min": rate_per_min, "reason": reason}, None)
