"""The sale as the crowd sees it: where it is, what it looks like, and what has come of it so far."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from onsale.crowd.diary import Diary
from onsale.crowd.http import Answer, HttpClient, Unreachable
from onsale.crowd.tally import Tally

RETRY_S = 0.2
GIVE_UP_S = 60.0
"""A request that nothing came of for this long is complained about, and given up."""


@dataclass
class Sale:
    """One show on sale at `http`. `rows`: seat labels of each row, front to back; `areas`: labels."""

    http: HttpClient
    show: str
    venue: str
    places: int
    seed: int
    tally: Tally = field(default_factory=Tally)
    rows: list[list[str]] = field(default_factory=list)
    areas: list[str] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Every place is booked: nobody needs to go on."""
    diary: Diary | None = None
    by_hand: int = 0
    """Places that somebody else bought, where that was expected."""

    async def load(self) -> None:
        """Read the seat map. Raises `Unreachable`."""
        plan = (await self.http.request("GET", f"/api/venues/{self.venue}/seat-map")).json()
        for section in plan["sections"]:
            self.rows += [[seat["label"] for seat in row["seats"]] for row in section["rows"]]
        self.areas = [area["label"] for area in plan["areas"]]

    async def seats(self) -> dict[str, Any]:
        """Every place with its status, as fresh as a shared cache gives it."""
        return await self._look("seats")

    async def availability(self) -> dict[str, Any]:
        """Counts, as fresh as a shared cache gives them."""
        return await self._look("availability")

    async def _look(self, document: str) -> dict[str, Any]:
        began_s = time.monotonic()
        shown = (await self.patiently(f"/api/venues/{self.venue}/shows/{self.show}/{document}")).json()
        if self.diary is not None:
            self.diary.saw(document, began_s, shown["seq"])
        return shown

    async def patiently(self, path: str) -> Answer:
        """A public GET, repeated until it is answered with 200. Raises `Unreachable` after a minute of trying."""
        began_s = time.monotonic()
        while True:
            try:
                answer = await self.http.get_shared(path)
            except Unreachable:
                answer = None
            if answer is not None and answer.status == 200:
                return answer
            if time.monotonic() - began_s > GIVE_UP_S:
                raise Unreachable(f"GET {path} is not answered")
            self.tally.retries += 1
            await asyncio.sleep(retry_after_s(answer))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a command: `status` as in HTTP, `body` the reservation, the booking or the problem.

    `replayed`: whether it was marked as the answer to a repeat; None where the answer does not say. `limited_s`: how
    long it was put off because the caller had asked too often.
    """

    status: int
    body: dict[str, Any]
    replayed: bool | None = None
    limited_s: float = 0.0

    @property
    def granted(self) -> bool:
        """Whether it was done."""
        return self.status < 300

    @property
    def code(self) -> str:
        """The problem's code; empty where there is none."""
        return str(self.body.get("code", "")) if not self.granted else ""


@dataclass(slots=True)
class _PutOff:
    """How long limits have put a command off so far; kept apart from its verdict, which a fan who leaves never gets."""

    limited_s: float = 0.0

    @contextmanager
    def by(self, answer: Answer | None) -> Iterator[None]:
        """The time in here is waited because of this answer."""
        began_s = time.monotonic()
        try:
            yield
        finally:
            if answer is not None and answer.status == 429:
                self.limited_s += time.monotonic() - began_s


@dataclass(frozen=True, slots=True)
class Desk:
    """Speaks for one caller, by bearer token."""

    sale: Sale
    token: str

    async def ask(self, what: str, method: str, path: str, body: dict[str, Any] | None, key: str) -> Verdict:
        """Send a command until it is decided: whatever happens on the way, again with the same key.

        The time from the first sending to the verdict counts as waited, but for what limits put it off.
        Raises `Unreachable` after a minute.
        """
        headers = {"idempotency-key": key, "prefer": "wait=10"}
        began_s, put_off = time.monotonic(), _PutOff()
        verdict = Verdict(0, {})
        try:
            verdict = await self._until_decided(what, method, path, body, headers, put_off=put_off)
            return verdict
        finally:
            self.sale.tally.waited(what, time.monotonic() - began_s - put_off.limited_s)
            if self.sale.diary is not None:
                self.sale.diary.note(self.token, what, key, began_s, status=verdict.status, told=verdict.body)

    async def read(self, path: str) -> Verdict:
        """A GET in the caller's name. Raises `Unreachable` after a minute."""
        return await self._until_decided(path, "GET", path, None, {}, put_off=_PutOff())

    async def _until_decided(
        self,
        what: str,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        headers: dict[str, str],
        *,
        put_off: _PutOff,
    ) -> Verdict:
        until_s = time.monotonic() + GIVE_UP_S
        pending = ""
        while time.monotonic() < until_s:
            if pending:
                answer = await self._send("GET", pending, None, {})
                verdict = _verdict_of_request(answer)
                if answer is not None and answer.status == 404:
                    pending = ""
            else:
                answer = await self._send(method, path, body, headers)
                verdict = _verdict(answer)
                if answer is not None and answer.status == 202:
                    pending = answer.headers["location"]
                    if self.sale.diary is not None:
                        self.sale.diary.note(self.token, what, "", time.monotonic(), status=202, told=answer.json())
            if verdict is not None:
                return replace(verdict, limited_s=put_off.limited_s)
            self.sale.tally.retries += 1
            with put_off.by(answer):
                await asyncio.sleep(retry_after_s(answer))
        raise Unreachable(f"{what} is not decided")

    async def _send(
        self, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str]
    ) -> Answer | None:
        signed = {"authorization": f"Bearer {self.token}"} | headers
        try:
            return await self.sale.http.request(method, path, body=body, headers=signed)
        except Unreachable:
            return None


def _verdict(answer: Answer | None) -> Verdict | None:
    """None for what is to be sent again: no answer, or one that is no verdict."""
    if answer is None or answer.status in {202, 429, 503}:
        return None
    return Verdict(answer.status, answer.json(), answer.headers.get("idempotent-replayed") == "true")


def _verdict_of_request(answer: Answer | None) -> Verdict | None:
    """The verdict in the answer of `/api/requests/…`; None while there is none."""
    if answer is None or answer.status != 200:
        return None
    request = answer.json()
    outcome = request.get("outcome")
    if request.get("status") == "pending" or not isinstance(outcome, dict):
        return None
    # A problem carries its HTTP status there, a reservation or a booking its state.
    status = outcome.get("status")
    return Verdict(status if isinstance(status, int) else 200, outcome)


def retry_after_s(answer: Answer | None) -> float:
    """How long to wait before the next try, as told, else a moment."""
    told = answer.headers.get("retry-after", "") if answer is not None else ""
    return float(told) if told.isdigit() else RETRY_S
