"""What admins and operators do. Made from `_aio_house.py` by `make_sync.py`."""

from typing import Any
from urllib.parse import quote

from onsale_client import made, shapes
from onsale_client._sync_calls import Calls


class HouseCalls(Calls):
    """Venues, layouts, shows, and how fast people are let in."""

    def add_venue(self, name: str, *, idempotency_key: str | None = None) -> made.Venue:
        """Make a venue (admins)."""
        return self._ask(made.Venue, "POST", "/api/admin/venues", {"name": name}, idempotency_key)

    def put_layout(
        self, venue: str, layout: dict[str, Any], *, validate_only: bool = False, idempotency_key: str | None = None
    ) -> made.Layout:
        """A new version of a venue's layout, in its full or its short form (admins)."""
        path = f"/api/admin/venues/{quote(venue, safe='')}/layout{'?validate_only=true' if validate_only else ''}"
        return self._ask(made.Layout, "PUT", path, layout, idempotency_key)

    def add_show(self, terms: dict[str, Any], *, idempotency_key: str | None = None) -> shapes.Event:
        """Make a show and open it; terms as in `POST /api/admin/shows` (admins)."""
        return self._ask(shapes.Event, "POST", "/api/admin/shows", terms, idempotency_key)

    def close_show(self, show: str, *, idempotency_key: str | None = None) -> made.ShowChanged:
        """End a sale for good (admins)."""
        path = f"/api/admin/shows/{quote(show, safe='')}/close"
        return self._ask(made.ShowChanged, "POST", path, None, idempotency_key)

    def set_rate(self, show: str, *, rate_per_min: int, reason: str) -> None:
        """The most that the waiting room admits (operators, by the key itself: `token`)."""
        path = f"/room/admin/{quote(show, safe='')}"
        self._ask(dict[str, Any], "PATCH", path, {"rate_per_min": rate_per_min, "reason": reason}, None)
