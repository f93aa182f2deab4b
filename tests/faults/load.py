"""The crowd, as a process of its own: `python -m tests.faults.load`. It knows the public HTTP API and nothing else.

It is told what to do by JSON lines on its standard input, and answers each with one on its standard output. First it
measures how much the sale can bear (a closed loop); then it keeps to a rate, whatever becomes of the answers (an open
loop). Passes are signed here, as the waiting room would sign them.
"""

import asyncio
import random
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from onsale.crowd.http import Answer, HttpClient, Unreachable
from tests.faults.history import Event, Kind, Line
from ticketing.clock import SystemClock
from ticketing.tokens import Pass, TokenKeys
from ticketing.vocabulary import parse_show

CONNECTIONS_MAX = 2_000
IN_FLIGHT_MAX = 20_000
ANSWER_S_MAX = 8.0
RETRY_S = 0.3
PATIENCE_S = 60.0
PEAK_WORKERS = 48
PASS_LASTS_MS = 3 * 3_600_000
"""Longer than any clock is wrong by."""
REPEATED_SHARE = 0.1
RELEASED_SHARE = 0.1
LEFT_SHARE = 0.05
WITH_CONTACT_SHARE = 0.3
FLUSH_S = 0.05


class ShowOnSale(msgspec.Struct, frozen=True):
    """A show to buy from: named seats, or places of its area where there are none."""

    show: str
    seats: list[str] = []


class Orders(msgspec.Struct, frozen=True):
    """What the process is told before anything else."""

    doors: list[tuple[str, int]]
    """Where ingress answers: host and port of each. A request that gets no verdict at one is tried at the next."""
    history: str
    secret: str
    seed: int
    shows: list[ShowOnSale]


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """One order: exactly one field is set."""

    peak_s: float = 0.0
    rate_per_s: float = 0.0
    """Purchases begun per second, from now on."""
    stop: bool = False
    """Begin nothing more, and finish what has begun."""


class Crowd:
    """Everybody who buys."""

    def __init__(self, orders: Orders) -> None:
        self._doors = [HttpClient(host, port, CONNECTIONS_MAX) for host, port in orders.doors]
        self._tokens = TokenKeys([orders.secret])
        self._shows = orders.shows
        self._rng = random.Random(orders.seed)
        self._file = Path(orders.history).open("ab")  # noqa: SIM115 -- written until the process ends
        self._clock = SystemClock()
        self._buyers: set[asyncio.Task[bool]] = set()
        self._ops = 0
        self.turned_away = 0

    async def flush_for_ever(self) -> None:
        """Let the reader of the history see it soon."""
        while True:
            await asyncio.sleep(FLUSH_S)
            self._file.flush()

    async def peak(self, seconds: float) -> float:
        """Purchases that are done per second when as many are tried as go."""
        end_s = time.monotonic() + seconds
        done = 0

        async def buy_on() -> None:
            nonlocal done
            while time.monotonic() < end_s:
                if await self._purchase() and time.monotonic() < end_s:
                    done += 1

        await asyncio.gather(*(buy_on() for _ in range(PEAK_WORKERS)))
        return done / seconds

    async def keep_rate(self, rate_per_s: float) -> None:
        """Begin purchases at this rate until cancelled, at random moments (a Poisson process)."""
        due_s = time.monotonic()
        while True:
            due_s += self._rng.expovariate(rate_per_s)
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            if len(self._buyers) >= IN_FLIGHT_MAX:
                self.turned_away += 1
                continue
            buyer = asyncio.create_task(self._purchase())
            self._buyers.add(buyer)
            buyer.add_done_callback(self._buyers.discard)

    async def finish(self) -> None:
        """Wait for everybody to get a verdict or lose patience."""
        if self._buyers:
            await asyncio.wait(self._buyers)
        self._file.flush()

    async def _purchase(self) -> bool:
        """Hold, then confirm (or give back, or forget); whether it was decided at each step."""
        rng = self._rng
        chosen = rng.choice(self._shows)
        account = f"ent_{rng.getrandbits(64):016x}"
        expires_at_ms = self._clock.now_ms() + PASS_LASTS_MS
        token = self._tokens.sign_pass(Pass(parse_show(chosen.show), account, 1, expires_at_ms))
        if chosen.seats:
            wish: dict[str, Any] = {"seats": [rng.choice(chosen.seats)]}
        else:
            wish = {"areas": [{"area": "general", "quantity": rng.randint(1, 2)}]}
        asked = Asked("hold", "/api/reservations", {"show": chosen.show, **wish}, token, chosen.show, account)
        held = await self._until_decided(asked)
        if held is None or held.event == "fail":
            return held is not None
        chance = rng.random()
        if chance < LEFT_SHARE:
            return True
        target = held.reservation
        if chance < LEFT_SHARE + RELEASED_SHARE:
            next_ = replace(asked, kind="release", path=f"/api/reservations/{target}", body={}, target=target)
        else:
            booking: dict[str, Any] = {"reservation": target}
            if rng.random() < WITH_CONTACT_SHARE:
                booking["contact"] = {"name": "Ada Lovelace", "email": "ada@example.org"}
            next_ = replace(asked, kind="confirm", path="/api/bookings", body=booking, target=target)
        return await self._until_decided(next_) is not None

    async def _until_decided(self, asked: "Asked") -> Line | None:
        """The verdict on one request, however often it has to be sent; None when patience ends first."""
        self._ops += 1
        op, key = self._ops, f"{self._rng.getrandbits(128):032x}"
        give_up_s = time.monotonic() + PATIENCE_S
        attempt, decided = 0, None
        while decided is None or self._rng.random() < REPEATED_SHARE:
            attempt += 1
            line, wait_s = await self._try(asked, op, attempt, key)
            if line.event != "unknown":
                decided = decided or line
            elif time.monotonic() > give_up_s:
                break
            else:
                await asyncio.sleep(wait_s * self._rng.uniform(0.5, 1.0))
        return decided

    async def _try(self, asked: "Asked", op: int, attempt: int, key: str) -> tuple[Line, float]:
        """One attempt, and how long to wait before the next one."""

        def note(event: Event, **more: Any) -> Line:
            line = Line(
                time.monotonic(), op, attempt, asked.kind, event, asked.show, asked.account, key,
                target=asked.target, **more,
            )  # fmt: skip
            self._file.write(msgspec.json.encode(line) + b"\n")
            return line

        note("invoke")
        method = "DELETE" if asked.kind == "release" else "POST"
        headers = {"authorization": f"Bearer {asked.token}", "idempotency-key": key}
        door = self._doors[(op + attempt) % len(self._doors)]
        try:
            answer = await door.request(
                method, asked.path, body=asked.body or None, headers=headers, timeout_s=ANSWER_S_MAX
            )
        except Unreachable:
            return note("unknown", code="unreachable"), RETRY_S
        retry_after = answer.headers.get("retry-after", "")
        line = note(_event(answer), status=answer.status, retry_after=retry_after, **_content(answer.json()))
        return line, float(retry_after or RETRY_S)


@dataclass(frozen=True)
class Asked:
    """One request, however often it is sent. `target`: the reservation that it is about."""

    kind: Kind
    path: str
    body: dict[str, Any]
    token: str
    show: str
    account: str
    target: str = ""


def _event(answer: Answer) -> Event:
    if answer.status in {200, 201}:
        return "ok"
    return "unknown" if answer.status == 202 or answer.status >= 500 else "fail"


def _content(said: dict[str, Any]) -> dict[str, str]:
    return {name: said.get(name) or "" for name in ("code", "request", "reservation", "booking")}


async def run(read: Callable[[], bytes]) -> None:
    """Do as told until told to stop."""
    crowd = Crowd(msgspec.json.decode(await asyncio.to_thread(read), type=Orders))
    flushing = asyncio.create_task(crowd.flush_for_ever())
    pace: asyncio.Task[None] | None = None
    while order := await asyncio.to_thread(read):
        told = msgspec.json.decode(order, type=Told)
        answer: dict[str, float] = {}
        if pace is not None:
            pace.cancel()
            with suppress(asyncio.CancelledError):
                await pace
            pace = None
        if told.peak_s:
            answer["peak_per_s"] = await crowd.peak(told.peak_s)
        elif told.rate_per_s:
            pace = asyncio.create_task(crowd.keep_rate(told.rate_per_s))
        else:
            await crowd.finish()
            answer["turned_away"] = crowd.turned_away
        print(msgspec.json.encode(answer).decode(), flush=True)
        if told.stop:
            break
    flushing.cancel()


if __name__ == "__main__":
    uvloop.run(run(sys.stdin.buffer.readline))
