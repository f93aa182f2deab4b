"""What partners and fans ask of a sale beside holds: `python -m bench.api [--quick]`.

Looks at a show of 100,000 seats, one after the other on one connection: how long is each answer under way, the show
having changed since the last look (a seat was held, so nothing that was drawn before will do). Then the crowds of
`bench.mixed`: one that looks more than it buys, and one that only confirms.
"""

import asyncio
import random
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec

from bench import mixed, sale
from bench.measuring import Bench, Gate, Stopwatch, progress
from bench.mixed import CONNECTIONS, SEED
from bench.running import as_told, new_bench, provisioned_site, warm_up
from bench.site import Connection, Room, Site

ROWS, SEATS_PER_ROW = 1_000, 100
WINDOW = "0,0,900,900"
"""Of the layout's canvas: thirty rows of thirty seats."""
AVAILABILITY, DELTA = Gate(15, 3, at_most=True), Gate(2, 1, at_most=True)
OK = 200


@dataclass(frozen=True)
class Size:
    """Looks of each kind in a round, and the crowds."""

    looks: int
    crowds: mixed.Size


FULL, QUICK = Size(looks=50, crowds=mixed.FULL), Size(looks=20, crowds=mixed.QUICK)


class Seq(msgspec.Struct):
    """What is read of an answer: how far the show has come."""

    seq: int


class Talk:
    """One connection to a room, one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def say(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return int(head[9:12]), await self._reader.readexactly(length)


@asynccontextmanager
async def talking(room: Room) -> AsyncIterator[Talk]:
    """A connection that is closed afterwards."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(room.url.rpartition(":")[2]))
    try:
        yield Talk(reader, writer)
    finally:
        writer.close()


async def run(size: Size) -> list[str]:
    """The rounds; the gates that were missed."""
    rng = random.Random(SEED)
    async with provisioned_site() as (site, connection):
        warm_s = await warm_up(size.crowds.jvm_warm_s, lambda: mixed.one_round(site, connection, size.crowds, rng))
        looks = [await looks_at_a_large_hall(site, connection, size.looks, rng) for _ in range(size.crowds.rounds)]
        crowds = [await mixed.one_round(site, connection, size.crowds, rng) for _ in range(size.crowds.rounds)]
        one = await new_bench("api", connection, warm_s=warm_s, loop="closed", connections=1)
        for name, gate in CASES.items():
            one.line(
                f"{name}, 100,000 seats", "ms", [each.ms[name] for each in looks], gate,
                bytes=looks[0].length[name], foreign_cores=[each.foreign_cores for each in looks],
            )  # fmt: skip
        many = Bench("api", {**one.conditions, "connections": CONNECTIONS}, one.missed)
        mixed.report(many, crowds)
        return one.missed


CASES: dict[str, Gate | None] = {
    "availability after a change": AVAILABILITY,
    "the seats changed since the last look": DELTA,
    "900 seats in a window after a change": None,
    "every seat after a change": None,
}


@dataclass(frozen=True)
class Looks:
    """By kind: the median of a round in milliseconds, and how long the answer is."""

    ms: dict[str, float]
    length: dict[str, int]
    foreign_cores: float


async def looks_at_a_large_hall(site: Site, connection: Connection, looks: int, rng: random.Random) -> Looks:
    """Each kind of look, so many times, each after a seat was held."""
    await site.empty(connection)
    async with site.room("allocator", ready=True) as allocator, site.room("ingress", ready=True) as ingress:
        made = await sale.make_show(site, ingress, rows=ROWS, seats_per_row=SEATS_PER_ROW)
        path = f"/api/venues/{made.venue}/shows/{made.show}"
        async with talking(ingress) as talk:
            _, body = await talk.say(sale.get(f"{path}/seats"))
            labels = [seat["label"] for seat in msgspec.json.decode(body)["seats"]]
            holds = sale.seat_holds(site, made.show, rng.sample(labels, len(CASES) * (looks + 1)), rng)

            async def change() -> None:
                status, _ = await talk.say(next(holds).hold)
                if status != sale.CREATED:
                    raise RuntimeError(f"a seat was not held: {status}")

            watch = Stopwatch(site.processes(ingress, allocator))
            targets = ("availability", "seats?since_seq={}", f"seats?bbox={WINDOW}", "seats")
            seen = {
                name: await _timed(talk, change, f"{path}/{target}", looks)
                for name, target in zip(CASES, targets, strict=True)
            }
            spent = watch.stop()
    ms = {name: statistics.median(times) for name, (times, _) in seen.items()}
    progress(f"ingress: {ms}, foreign load {spent.foreign_cores:.1f} cores")
    return Looks(ms, {name: length for name, (_, length) in seen.items()}, spent.foreign_cores)


async def _timed(talk: Talk, change: Callable[[], Awaitable[None]], target: str, looks: int) -> tuple[list[float], int]:
    """Milliseconds of each look, and the bytes of the last."""
    times: list[float] = []
    _, body = await talk.say(sale.get(target.format(0)))
    seq = msgspec.json.decode(body, type=Seq).seq
    for _ in range(looks):
        await change()
        request = sale.get(target.format(seq))
        began_s = time.perf_counter()
        status, body = await talk.say(request)
        times.append(1000 * (time.perf_counter() - began_s))
        before, seq = seq, msgspec.json.decode(body, type=Seq).seq
        if status != OK or seq <= before:
            raise RuntimeError(f"{target} was answered with {status}, at {seq} after {before}")
    return times, len(body)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where a full run missed a must; a quick one judges nothing."""
    return as_told("api", run, arguments, full=FULL, quick=QUICK)


if __name__ == "__main__":
    sys.exit(main())
