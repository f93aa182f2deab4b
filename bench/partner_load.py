"""Partners who sell one show, each over its own connections: `python -m bench.partner_load PORT WARM_S MEASURE_S PLAN`.

Closed loop. Each connection holds a seat at random, waits for its verdict, and gives back what it got or, once in so
many times, books it. Who is told to come back does so as docs/api/losses-and-retries.md asks for. Prints a line when
the measured window begins, and what each partner saw in it, as JSON.
"""

import asyncio
import random
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import cast

import msgspec
import uvloop

from bench.load import BEGUN, is_whole
from bench.measuring import percentile
from bench.sale import CREATED, HOLDS_PATH, delete, held

SETTLED = frozenset({200, CREATED})
LOST, BUSY = 409, 503
RETRY_AFTER = b"\r\nretry-after: "
SPREAD_S, SPREAD_MOST_S = 0.2, 5.0
"""The random part of a pause doubles each time."""
RESTS_S = 0.5
"""At the end nobody asks any more, and the last answers come."""


class Partner(msgspec.Struct, frozen=True):
    """Who sells: the account and key, over how many connections, and whether it comes back when it is told to, or at
    once."""

    account: str
    key: str
    connections: int
    heeds: bool = True


class PartnerPlan(msgspec.Struct, frozen=True):
    """What is sold by whom: one in `books_each` of the seats got is booked."""

    show: str
    seats: list[str]
    partners: list[Partner]
    books_each: int
    seed: int


class PartnerSaw(msgspec.Struct):
    """What one partner saw of the window: holds `granted` or `lost`, and how long those took from when they were last
    asked for; `refused`: how often a hold was told to come back. `booked` is from first to last."""

    granted: int
    lost: int
    refused: int
    booked: int
    p50_ms: float
    p99_ms: float
    others: dict[int, int]
    """Answers that were none of these: by status, from first to last."""

    @property
    def refused_share(self) -> float:
        """Of all that was said to holds."""
        return self.refused / (self.granted + self.lost + self.refused)


class Desk:
    """What the connections of one partner share."""

    def __init__(self, plan: PartnerPlan, partner: Partner, rng: random.Random) -> None:
        self._plan, self._partner, self._rng = plan, partner, rng
        self.stopped = False
        self.granted = self.lost = self.refused = self.booked = 0
        self.latencies_s: list[float] = []
        self.others: Counter[int] = Counter()

    def next_hold(self) -> tuple[bytes, bytes, bool]:
        """A hold of some seat, what follows if it is granted, and whether that is a booking."""
        plan, rng = self._plan, self._rng
        body = msgspec.json.encode({"show": plan.show, "seats": [rng.choice(plan.seats)]})
        wish = held(plan.show, self._partner.account, self._partner.key, body, rng, places="")
        books = rng.randrange(plan.books_each) == 0
        follows = wish.confirm if books else delete(f"{HOLDS_PATH}/{wish.reservation}", self._partner.key)
        return wish.hold, follows, books

    def pause_s(self, answer: bytes, times: int) -> float:
        """How long to wait after an answer that says when to come back, the so many `times` on end."""
        if not self._partner.heeds:
            return 0.0
        at = answer.index(RETRY_AFTER) + len(RETRY_AFTER)
        spread_s = min(SPREAD_MOST_S, SPREAD_S * 2 ** (times - 1))
        return int(answer[at : answer.index(b"\r", at)]) + self._rng.uniform(0, spread_s)

    def begin_window(self) -> None:
        """What was seen so far is not measured; what was booked is."""
        self.granted = self.lost = self.refused = 0
        self.latencies_s.clear()

    def saw(self) -> PartnerSaw:
        """Of the window."""
        ordered = sorted(self.latencies_s)
        if not ordered:
            raise ConnectionError(f"{self._partner.account} was answered nothing: {self.others}")
        p50_ms, p99_ms = (1000 * percentile(ordered, share) for share in (0.5, 0.99))
        return PartnerSaw(self.granted, self.lost, self.refused, self.booked, p50_ms, p99_ms, dict(self.others))


class Seller(asyncio.Protocol):
    """One connection of a partner."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._transport: asyncio.WriteTransport | None = None
        self._rest = b""
        self._sent_s = 0.0
        self._request = self._follows = b""
        self._refused = 0
        self._books = self._holding = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hold the first seat."""
        # uvloop's transports are of no class of asyncio's
        self._transport = cast(asyncio.WriteTransport, transport)
        self._hold()

    def data_received(self, data: bytes) -> None:
        """Count a whole answer and send what comes next; keep part of one."""
        answer = self._rest + data if self._rest else data
        if not is_whole(answer):
            self._rest = answer
            return
        self._rest = b""
        desk, status = self._desk, int(answer[9:12])
        if status == BUSY:
            self._refused += 1
            desk.refused += self._holding
            asyncio.get_running_loop().call_later(desk.pause_s(answer, self._refused), self._send, self._request)
            return
        self._refused = 0
        if not self._holding:
            desk.booked += self._books and status == CREATED
            if status not in SETTLED:
                desk.others[status] += 1
            self._hold()
            return
        if status not in {CREATED, LOST}:
            desk.others[status] += 1
            self._hold()
            return
        desk.latencies_s.append(time.perf_counter() - self._sent_s)
        if status == LOST:
            desk.lost += 1
            self._hold()
            return
        desk.granted += 1
        self._holding = False
        self._send(self._follows)

    def _hold(self) -> None:
        request, self._follows, self._books = self._desk.next_hold()
        self._holding = True
        self._send(request)

    def _send(self, request: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._desk.stopped and self._holding:
            self._transport.close()
            return
        self._request, self._sent_s = request, time.perf_counter()
        self._transport.write(request)


async def sell(port: int, warm_s: float, measure_s: float, plan: PartnerPlan) -> list[PartnerSaw]:
    """What each saw, in the order of the plan."""
    loop = asyncio.get_running_loop()
    rng = random.Random(plan.seed)
    desks = [Desk(plan, partner, random.Random(rng.getrandbits(64))) for partner in plan.partners]
    for number in range(max(partner.connections for partner in plan.partners)):
        for partner, desk in zip(plan.partners, desks, strict=True):
            if number < partner.connections:
                await loop.create_connection(partial(Seller, desk), "127.0.0.1", port)
    await asyncio.sleep(warm_s)
    for desk in desks:
        desk.begin_window()
    sys.stdout.buffer.write(BEGUN)
    sys.stdout.buffer.flush()
    await asyncio.sleep(measure_s)
    for desk in desks:
        desk.stopped = True
    await asyncio.sleep(RESTS_S)
    return [desk.saw() for desk in desks]


def main() -> int:
    """The exit code."""
    port, warm_s, measure_s, path = sys.argv[1:]
    plan = msgspec.json.decode(Path(path).read_bytes(), type=PartnerPlan)
    saw = uvloop.run(sell(int(port), float(warm_s), float(measure_s), plan))
    sys.stdout.buffer.write(msgspec.json.encode(saw) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
