"""Does one partition carry a show of 100,000 seats? `python -m bench.big [--quick]`.

It is opened over HTTP, 95 in 100 seats are sold through Kafka in a rush of which half loses, the others over HTTP
while the allocator is killed -9 and a spare takes over. At the end every seat is sold once, and `onsale verify` agrees.
"""

import asyncio
import random
import secrets
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka import AIOKafkaProducer

from bench.backlog import command_producer, until_decided, write_commands
from bench.measuring import Bench, Gate, progress
from bench.running import as_told, new_bench, provisioned_site
from bench.sale import BOOKINGS_PATH, CREATED, HOLDS_PATH, make_show, new_fan
from bench.site import Connection, Room, Site
from bench.takeover import kill
from bench.wishes import confirmation, hold
from onsale.crowd.http import Answer, HttpClient
from ticketing import messages
from ticketing.clock import SystemClock
from ticketing.layout import decode_layout
from ticketing.tokens import TokenKeys
from ticketing.vocabulary import parse_show

SEED = 20261121
ROWS, SEATS_PER_ROW = 1_000, 100
FIRST_SHARE = 0.95
LOSERS_EACH = 2
"""For each pair of seats that is sold in the rush: all that is remembered of refusals is then full."""
CONFIRMED_AFTER = 500
"""Holds between one and its confirmation, in the rush."""
PART = 0
BUYERS = 32
TRICKLE_S, TRICKLED = 0.02, 10
UNDECIDED = (202, 503)

OPENS = Gate(5.0, at_most=True)
CLAIMS = Gate(3.0, at_most=True)
RESUMES = Gate(5.0, 2.0, at_most=True)
MEMORY = Gate(400.0, at_most=True)
CLEAN = Gate(0, at_most=True)

LAYOUT = "SELECT l.document, l.sha256 FROM catalogue_show s JOIN catalogue_layout l USING (layout_id)"
SOLD = """
SELECT (SELECT count(*) FROM seat_taken) AS seats,
       (SELECT count(*) FROM reservation WHERE status = 'booked') AS booked,
       (SELECT count(*) FROM reservation) AS reservations
"""
Pair = tuple[int, int]


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    kills: int
    replay: bool


FULL = Size(kills=3, replay=True)
QUICK = Size(kills=1, replay=False)


@dataclass
class Seen:
    """What a run saw: seconds, megabytes, purchases per second."""

    opened_s: float = 0.0
    rush_per_s: float = 0.0
    bought_per_s: float = 0.0
    loading_s: list[float] = field(default_factory=list)
    resumed_s: list[float] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    violations: int = 0


async def run(size: Size) -> list[str]:
    """One show from its opening to its last seat; the gates that were missed."""
    async with provisioned_site(partitions=1) as (site, connection):
        bench = await new_bench(
            "big",
            connection,
            warm_s=0,
            loop=f"a rush through the log, then {BUYERS} buyers over HTTP",
            connections=BUYERS,
            seats=ROWS * SEATS_PER_ROW,
            quick=size is QUICK,
        )
        _report(bench, await _sell(site, connection, size))
        return bench.missed


def _report(bench: Bench, seen: Seen) -> None:
    bench.line("from POST to the first seat held", "s", [seen.opened_s], OPENS)
    bench.line("from the successor's claim to deciding", "s", [max(seen.loading_s)], CLAIMS, each_s=seen.loading_s)
    bench.line("from kill -9 to deciding", "s", [max(seen.resumed_s)], RESUMES, each_s=seen.resumed_s)
    bench.line("most memory of an allocator", "MB", [max(seen.memory_mb)], MEMORY, each_mb=seen.memory_mb)
    bench.line("violations that onsale verify finds", "violations", [seen.violations], CLEAN)
    bench.line("commands decided in the rush", "commands/s", [seen.rush_per_s])
    bench.line("pairs held and booked over HTTP, allocators being killed", "pairs/s", [seen.bought_per_s])


async def _sell(site: Site, connection: Connection, size: Size) -> Seen:
    rng = random.Random(SEED)
    seen = Seen()
    async with AsyncExitStack() as rooms:
        allocator = await rooms.enter_async_context(site.room("allocator", ready=True))
        ingress = await rooms.enter_async_context(site.room("ingress", ready=True))
        pairs = [(first, first + 1) for first in range(0, ROWS * SEATS_PER_ROW, 2)]
        rng.shuffle(pairs)
        began_s = time.perf_counter()
        show = (await make_show(site, ingress, rows=ROWS, seats_per_row=SEATS_PER_ROW)).show
        counter = await Counter.open(site, connection, ingress, show, rng)
        await counter.sell(pairs[0])
        seen.opened_s = time.perf_counter() - began_s
        progress(f"open after {seen.opened_s:.2f} s")
        rushed = pairs[1 : int(FIRST_SHARE * len(pairs))]
        async with command_producer(site) as producer:
            began_s = time.perf_counter()
            written = await write_commands(producer, site.commands, PART, _rush(parse_show(show), rushed, rng))
            await until_decided(connection, PART, written.end_offset)
            seen.rush_per_s = written.count / (time.perf_counter() - began_s)
            progress(f"{written.count} commands in the rush, {seen.rush_per_s:,.0f}/s")
            async with _trickle(site, producer, parse_show(show), rushed, rng) as ends:
                began_s = time.perf_counter()
                selling = asyncio.create_task(counter.sell_all(pairs[1 + len(rushed) :]))
                for _ in range(size.kills):
                    spare = await rooms.enter_async_context(site.room("allocator", ready=True))
                    seen.memory_mb.append(_most_memory_mb(allocator))
                    takeover = await kill(connection, allocator, ends, owned=1)
                    seen.loading_s.append(takeover.loading_s)
                    seen.resumed_s.append(takeover.all_deciding_s)
                    allocator = spare
                await selling
                seen.bought_per_s = (len(pairs) - 1 - len(rushed)) / (time.perf_counter() - began_s)
            await until_decided(connection, PART, ends[PART])
        seen.memory_mb.append(_most_memory_mb(allocator))
        counter.close()
    found = await connection.fetchrow(SOLD)
    if found is None or dict(found) != {"seats": 2 * len(pairs), "booked": len(pairs), "reservations": len(pairs)}:
        raise RuntimeError(f"{len(pairs)} pairs were sold, the tables have {dict(found or {})}")
    seen.violations = await site.violations(*(["--replay"] if size.replay else []))
    return seen


def _rush(show: int, pairs: Sequence[Pair], rng: random.Random) -> Iterator[messages.AnyCommand]:
    """Each pair is held, and booked a little later; others want what is gone already."""
    held: list[messages.HoldSeats] = []
    for number, pair in enumerate(pairs):
        now_ms = SystemClock().now_ms()
        held.append(hold(show, now_ms, rng, seats=pair))
        yield held[-1]
        for _ in range(LOSERS_EACH):
            yield hold(show, now_ms, rng, seats=pairs[rng.randrange(number + 1)])
        if number >= CONFIRMED_AFTER:
            yield confirmation(held[number - CONFIRMED_AFTER], rng)
    for late in held[-CONFIRMED_AFTER:]:
        yield confirmation(late, rng)


@asynccontextmanager
async def _trickle(
    site: Site, producer: AIOKafkaProducer, show: int, pairs: Sequence[Pair], rng: random.Random
) -> AsyncIterator[dict[int, int]]:
    """Wishes for what is gone, 500 a second, so that there is always something to decide; the end of the log so far."""
    ends = {PART: 0}

    async def ask() -> None:
        now_ms = SystemClock().now_ms()
        wishes = [hold(show, now_ms, rng, seats=rng.choice(pairs)) for _ in range(TRICKLED)]
        ends[PART] = (await write_commands(producer, site.commands, PART, wishes)).end_offset

    async def ask_on() -> None:
        while not stop.is_set():
            await ask()
            await asyncio.sleep(TRICKLE_S)

    stop = asyncio.Event()
    await ask()
    asking = asyncio.create_task(ask_on())
    try:
        yield ends
    finally:
        stop.set()
        await asking


@dataclass
class Counter:
    """Sells pairs of seats over HTTP, each to a fan with a pass, until each is booked."""

    http: HttpClient
    tokens: TokenKeys
    show: str
    labels: list[str]
    rng: random.Random

    @classmethod
    async def open(cls, site: Site, connection: Connection, ingress: Room, show: str, rng: random.Random) -> "Counter":
        """A counter for the only show there is."""
        stored = await connection.fetchrow(LAYOUT)
        assert stored is not None
        labels = [seat.label for seat in decode_layout(stored["document"], stored["sha256"]).seats]
        host, _, port = ingress.url.removeprefix("http://").partition(":")
        return cls(HttpClient(host, int(port), BUYERS), TokenKeys([site.servers.secret]), show, labels, rng)

    async def sell_all(self, pairs: Sequence[Pair]) -> None:
        """To as many buyers at a time as there are."""
        waiting = iter(pairs)

        async def buy_on() -> None:
            for pair in waiting:
                await self.sell(pair)

        await asyncio.gather(*(buy_on() for _ in range(BUYERS)))

    async def sell(self, pair: Pair) -> None:
        """Hold, then book. Raises RuntimeError where either is refused."""
        _, token = new_fan(self.tokens, self.show, self.rng)
        seats = [self.labels[seat] for seat in pair]
        held = await self._until_decided(HOLDS_PATH, {"show": self.show, "seats": seats}, token)
        await self._until_decided(BOOKINGS_PATH, {"reservation": held.json()["reservation"]}, token)

    async def _until_decided(self, path: str, body: dict[str, object], token: str) -> Answer:
        """The same request with the same key, until it is granted."""
        headers = {"authorization": f"Bearer {token}", "idempotency-key": secrets.token_hex(16), "prefer": "wait=10"}
        while True:
            answer = await self.http.request("POST", path, body=body, headers=headers)
            if answer.status == CREATED:
                return answer
            if answer.status not in UNDECIDED:
                raise RuntimeError(f"{path}: {answer.status} {answer.body.decode()}")
            await asyncio.sleep(float(answer.headers.get("retry-after", "0.1")))

    def close(self) -> None:
        """Close its connections."""
        self.http.close()


def _most_memory_mb(room: Room) -> float:
    """The most resident memory that the process ever had, as the kernel remembers it."""
    status = Path(f"/proc/{room.process.pid}/status").read_text()
    kib = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
    return round(kib / 1024, 1)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where a full run missed a must; a quick one judges nothing."""
    return as_told("big", run, arguments, full=FULL, quick=QUICK)


if __name__ == "__main__":
    sys.exit(main())
