"""What an operator does through the public API: a venue, a show, a rate."""

import asyncio
from typing import Any
from uuid import uuid4

from onsale.crowd.http import Answer, HttpClient, Unreachable

ATTEMPTS_MAX = 20
RETRY_S = 0.5
SHOWS_LOOKED_AT_MAX = 50


class AdminFailed(Exception):
    """The API did not do what was asked; the text is its own."""


class Admin:
    """Calls with an admin key. Each is sent again with the same idempotency key until it is answered."""

    def __init__(self, http: HttpClient, key: str) -> None:
        self._http = http
        self._key = key

    async def call(
        self, method: str, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """The answer, which is a success. Raises `AdminFailed`."""
        sent = {"authorization": f"Bearer {self._key}", "idempotency-key": str(uuid4()), "prefer": "wait=10"}
        sent |= headers or {}
        said = "no answer"
        for _ in range(ATTEMPTS_MAX):
            try:
                answer = await self._http.request(method, path, body=body, headers=sent)
            except Unreachable as error:
                said = str(error)
            else:
                if answer.status in {200, 201, 204}:
                    return answer
                said = f"{answer.status} {answer.body.decode(errors='replace')}"
                # 202: decided later; the same key gives the verdict then. 503: not now.
                if answer.status not in {202, 429, 503}:
                    break
            await asyncio.sleep(RETRY_S)
        raise AdminFailed(f"{method} {path}: {said}")

    async def show_on_sale(self) -> str | None:
        """The id of a show that has places left, those made for tests excepted."""
        listed = (await self.call("GET", f"/api/events?status=open&limit={SHOWS_LOOKED_AT_MAX}")).json()
        for line in listed["data"]:
            if line["on_sale"]:
                event = (await self.call("GET", f"/api/events/{line['show']}")).json()
                if event["available_seats"] and not event.get("test"):
                    return str(line["show"])
        return None

    async def make_venue(self, name: str, layout: dict[str, Any]) -> str:
        """A venue with its layout; its id."""
        venue: str = (await self.call("POST", "/api/admin/venues", {"name": name})).json()["venue"]
        await self.call("PUT", f"/api/admin/venues/{venue}/layout", layout)
        return venue

    async def open_show(self, body: dict[str, Any]) -> str:
        """A show on sale; its id."""
        show: str = (await self.call("POST", "/api/admin/shows", body)).json()["show"]
        return show
