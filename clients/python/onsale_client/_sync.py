"""The client. Made from `_aio.py` by `make_sync.py`."""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from urllib.parse import quote
from uuid import uuid4

import httpx
import msgspec

from onsale_client import made, shapes, wishes
from onsale_client._auth import ExchangedKey, GivenToken
from onsale_client._flow import Given, Patience, Pause, calling, without_nothing
from onsale_client._sync_live import Live

T = TypeVar("T")

WAIT_S = 10
"""For so long the server may keep a request until its verdict is there."""
ANSWER_S = 30.0


class Client:
    """One caller of one installation.

    `api_key` is exchanged for tokens, which are renewed in time (`permissions`: with these only); `token` (a pass, a
    reservation's token, or a key as it is) is sent along. Without either only what is public can be read. `http`: a
    client of one's own, for proxies, certificates and tests; it is not closed by this one.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        token: str | None = None,
        permissions: Sequence[str] | None = None,
        patience: Patience | None = None,
        http: httpx.Client | None = None,
    ) -> None:
        if api_key is not None and token is not None:
            raise ValueError("either an API key or a token")
        self._url = url.rstrip("/")
        self._patience = patience or Patience()
        self._http = http or httpx.Client(timeout=ANSWER_S)
        self._is_ours = http is None
        self._token = token or api_key
        self._auth: httpx.Auth | None = None
        if api_key is not None:
            self._auth = ExchangedKey(httpx.URL(f"{self._url}/api/auth/token"), api_key, permissions)
        elif token is not None:
            self._auth = GivenToken(token)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connections."""
        if self._is_ours:
            self._http.close()

    # --- looking

    def events(
        self,
        *,
        q: str | None = None,
        venue: str | None = None,
        status: Literal["open", "closed", "cancelled"] | None = None,
        starts_from: datetime | None = None,
        starts_to: datetime | None = None,
    ) -> Iterator[shapes.EventLine]:
        """Shows, by start; page after page is read as the iterator comes to it."""
        wanted: dict[str, Any] = {"q": q, "venue": venue, "status": status, "limit": 100}
        wanted |= {"from": starts_from and starts_from.isoformat(), "to": starts_to and starts_to.isoformat()}
        after = None
        while True:
            page = self._get(shapes.Page, "/api/events", {**wanted, "after": after})
            yield from page.data
            if not page.has_more or page.next_cursor is None:
                return
            after = page.next_cursor

    def event(self, show: str) -> shapes.Event:
        """A show: tiers, rules, what is left."""
        return self._get(shapes.Event, f"/api/events/{quote(show, safe='')}")

    def seat_map(self, venue: str, *, version: int | None = None) -> shapes.SeatMap:
        """A venue's layout, the newest or one of old."""
        return self._get(shapes.SeatMap, f"/api/venues/{quote(venue, safe='')}/seat-map", {"version": version})

    def seats(
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
        return self._get(
            shapes.Seats,
            f"/api/venues/{quote(venue, safe='')}/shows/{quote(show, safe='')}/seats",
            {"status": status, "category": category, "bbox": box},
        )

    def availability(self, venue: str, show: str) -> shapes.Availability:
        """Counts by category, section and area."""
        return self._get(
            shapes.Availability, f"/api/venues/{quote(venue, safe='')}/shows/{quote(show, safe='')}/availability"
        )

    # --- buying

    def hold(
        self,
        show: str,
        *,
        seats: Sequence[str] = (),
        tables: Sequence[str] = (),
        areas: Sequence[wishes.AreaWish] = (),
        best: wishes.Best | None = None,
        partial: bool | None = None,
        hold_s: int | None = None,
        reason: str | None = None,
        external_id: str | None = None,
        on_behalf_of: str | None = None,
        idempotency_key: str | None = None,
    ) -> shapes.Reservation:
        """Hold named seats, whole tables, places of areas, or the best available; `partial`: what can be had of them.
        Losing raises `Refused` with `conflicts` and
        `alternatives`; holding once more what `Undecided` left open takes the key that it carries."""
        body = without_nothing(
            {
                "show": show,
                "seats": tuple(seats),
                "tables": tuple(tables),
                "areas": tuple(areas),
                "best": best,
                "partial": partial,
                "hold_s": hold_s,
                "reason": reason,
                "external_id": external_id,
                "on_behalf_of": on_behalf_of,
            }
        )
        return self._ask(shapes.Reservation, "POST", "/api/reservations", body, idempotency_key)

    def reservation(self, reservation: str) -> shapes.Reservation:
        """A reservation of one's own as it stands."""
        return self._get(shapes.Reservation, f"/api/reservations/{quote(reservation, safe='')}")

    def extend(
        self, reservation: str, *, by_s: int | None = None, idempotency_key: str | None = None
    ) -> shapes.Reservation:
        """Hold on until `by_s` seconds from now (left out: as long as a new hold), at most `hold_max_s` in all. No hold
        gets shorter by it."""
        path = f"/api/reservations/{quote(reservation, safe='')}/extend"
        return self._ask(shapes.Reservation, "PUT", path, without_nothing({"by_s": by_s}), idempotency_key)

    def release(
        self, reservation: str, *, seats: Sequence[str] = (), idempotency_key: str | None = None
    ) -> shapes.Reservation:
        """Give a hold back, or some seats of it."""
        path = f"/api/reservations/{quote(reservation, safe='')}"
        if seats:
            path += f"?{httpx.QueryParams({'seats': list(seats)})}"
        return self._ask(shapes.Reservation, "DELETE", path, None, idempotency_key)

    def confirm(
        self,
        reservation: str,
        *,
        contact: wishes.Contact | None = None,
        payment: wishes.Payment | None = None,
        notes: str | None = None,
        special_requests: str | None = None,
        idempotency_key: str | None = None,
    ) -> shapes.Booking:
        """Book what is held."""
        body = without_nothing(
            {
                "reservation": reservation,
                "contact": contact,
                "payment": payment,
                "notes": notes,
                "special_requests": special_requests,
            }
        )
        return self._ask(shapes.Booking, "POST", "/api/bookings", body, idempotency_key)

    def checkout(
        self,
        reservation: str,
        *,
        contact: wishes.Contact | None = None,
        return_to: str = "/",
        idempotency_key: str | None = None,
    ) -> shapes.Checkout:
        """Begin to pay what is held: send the payer to `pay_at`. Booked is it when the provider says so."""
        path = f"/api/reservations/{quote(reservation, safe='')}/checkout"
        body = without_nothing({"contact": contact, "return_to": return_to})
        return self._ask(shapes.Checkout, "POST", path, body, idempotency_key)

    def booking(self, booking: str) -> shapes.Booking:
        """A booking of one's own as it stands."""
        return self._get(shapes.Booking, f"/api/bookings/{quote(booking, safe='')}")

    def cancel(self, booking: str, *, idempotency_key: str | None = None) -> shapes.Booking:
        """Cancel a booking, in its refund window."""
        return self._ask(shapes.Booking, "DELETE", f"/api/bookings/{quote(booking, safe='')}", None, idempotency_key)

    def feed(self, *, after: str | None = None, limit: int = 100) -> shapes.FeedPage:
        """One's own events behind a page's `next_cursor`, oldest first; without it from the oldest that is kept."""
        return self._get(shapes.FeedPage, "/api/events-feed", {"after": after, "limit": limit})

    def live(self, venue: str, show: str) -> Live:
        """The show as it changes, over a websocket that comes again by itself. An API key is sent as it is."""
        where = f"{self._url.replace('http', 'ws', 1)}/ws/venues/{quote(venue, safe='')}/shows/{quote(show, safe='')}"
        return Live(where, token=self._token)

    # --- the house

    def whoami(self) -> shapes.Caller:
        """What the token is worth."""
        return self._get(shapes.Caller, "/api/auth/validate")

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

    # --- how

    def _get(self, kind: type[T], path: str, query: dict[str, Any] | None = None) -> T:
        request = self._http.build_request("GET", self._url + path, params=without_nothing(query or {}))
        return self._run(kind, request)

    def _ask(self, kind: type[T], method: str, path: str, body: dict[str, Any] | None, key: str | None) -> T:
        headers = {"idempotency-key": key or str(uuid4()), "prefer": f"wait={WAIT_S}"}
        if body is not None:
            headers["content-type"] = "application/json"
        content = None if body is None else msgspec.json.encode(body)
        request = self._http.build_request(method, self._url + path, headers=headers, content=content)
        return self._run(kind, request)

    def _run(self, kind: type[T], request: httpx.Request) -> T:
        flow = calling(request, self._patience)
        given: Given = None
        try:
            while True:
                step = flow.send(given)
                if isinstance(step, Pause):
                    given = None
                    time.sleep(step.seconds)
                    continue
                try:
                    given = self._http.send(step, auth=self._auth)
                except httpx.TransportError as error:
                    given = error
        except StopIteration as end:
            return msgspec.json.decode(end.value, type=kind)
