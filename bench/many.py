"""Two hundred shows on twelve partitions, four allocators, one of them killed: `python -m bench.many [--quick]`.

All shows are sold at the same time, through the log. How long until every partition decides again, those of the dead
allocator and those of the living ones? At the end `onsale verify` judges all of it.
"""

import asyncio
import random
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from bench.backlog import command_producer, make_hall, until_decided, write_commands
from bench.measuring import Bench, Gate, progress
from bench.running import as_told, new_bench, provisioned_site
from bench.site import Connection, Site
from bench.takeover import Takeover, kill
from bench.wishes import Hall, confirmation, hold, opening, seat_layout
from ticketing import messages
from ticketing.clock import SystemClock
from ticketing.topics import PARTITIONS_DEFAULT

SEED = 20261121
SHOWS = 200
PARTS = range(PARTITIONS_DEFAULT)
ALLOCATORS = 4
OWNED_EACH = PARTITIONS_DEFAULT // ALLOCATORS
ROWS, SEATS_PER_ROW = 20, 50
TICK_S = 0.05
SHARING_S_MAX = 30.0

SHARES = """
SELECT count(*) AS parts FROM allocator_cursor WHERE owner IS NOT NULL AND lease_until > now()
GROUP BY owner ORDER BY parts
"""
RESUMES = Gate(5.0, 2.0, at_most=True)
CLEAN = Gate(0, at_most=True)


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    kills: int
    commands_per_s: int


FULL = Size(kills=5, commands_per_s=2_000)
QUICK = Size(kills=1, commands_per_s=500)


async def run(size: Size) -> list[str]:
    """Sell all shows, and kill one allocator after the other; the gates that were missed."""
    async with provisioned_site() as (site, connection):
        bench = await new_bench(
            "many",
            connection,
            warm_s=0,
            loop="open: commands at a steady rate to every partition",
            connections=1,
            shows=SHOWS,
            allocators=ALLOCATORS,
            commands_per_s=size.commands_per_s,
            quick=size is QUICK,
        )
        takeovers = await _sell(site, connection, size)
        _report(bench, takeovers, await site.violations())
        return bench.missed


def _report(bench: Bench, takeovers: Sequence[Takeover], violations: int) -> None:
    all_s = [takeover.all_deciding_s for takeover in takeovers]
    claimed_s = [max(takeover.claimed_s.values()) for takeover in takeovers]
    bench.line("from kill -9 until all partitions decide", "s", [max(all_s)], RESUMES, each_s=all_s)
    bench.line("from kill -9 to the last claim", "s", [max(claimed_s)], each_s=claimed_s)
    bench.line("violations that onsale verify finds", "violations", [violations], CLEAN)


async def _sell(site: Site, connection: Connection, size: Size) -> list[Takeover]:
    rng = random.Random(SEED)
    takeovers = []
    async with AsyncExitStack() as rooms:
        living = [await rooms.enter_async_context(site.room("allocator", ready=True)) for _ in range(ALLOCATORS)]
        await _shared(connection)
        # One layout for all, as in one house that plays every night.
        house = await make_hall(site, connection, seat_layout(ROWS, SEATS_PER_ROW), rng)
        shows = [Hall(house.show + number, house.layout_id, house.layout, house.sha256) for number in range(SHOWS)]
        async with command_producer(site) as producer, _crowd(site, producer, shows, size, rng) as ends:
            for _ in range(size.kills):
                takeover = await kill(connection, living.pop(0), ends, owned=OWNED_EACH)
                takeovers.append(takeover)
                progress(f"all partitions decide again after {takeover.all_deciding_s:.2f} s")
                living.append(await rooms.enter_async_context(site.room("allocator", ready=True)))
                await _shared(connection)
            for part, end in ends.items():
                await until_decided(connection, part, end)
    return takeovers


async def _shared(connection: Connection) -> None:
    """Wait until each allocator has as many partitions as the others. Raises TimeoutError."""
    async with asyncio.timeout(SHARING_S_MAX):
        while True:
            if [row["parts"] for row in await connection.fetch(SHARES)] == [OWNED_EACH] * ALLOCATORS:
                return
            await asyncio.sleep(TICK_S)


@asynccontextmanager
async def _crowd(
    site: Site, producer: AIOKafkaProducer, shows: Sequence[Hall], size: Size, rng: random.Random
) -> AsyncIterator[dict[int, int]]:
    """Opens the shows, and has each partition's sold for as long as the context is open; the ends of the log so far."""
    ends: dict[int, int] = {}
    on_sale = {part: shows[part :: len(PARTS)] for part in PARTS}

    async def say(part: int, commands: Sequence[messages.AnyCommand]) -> None:
        ends[part] = (await write_commands(producer, site.commands, part, commands)).end_offset

    async def buy_on(part: int) -> None:
        while not stop.is_set():
            await say(part, _wishes(on_sale[part], round(size.commands_per_s * TICK_S / len(PARTS)), rng))
            await asyncio.sleep(TICK_S)

    stop = asyncio.Event()
    now_ms = SystemClock().now_ms()
    await asyncio.gather(*(say(part, [opening(show, now_ms, rng) for show in on_sale[part]]) for part in PARTS))
    buying = asyncio.gather(*(buy_on(part) for part in PARTS))
    try:
        yield ends
    finally:
        stop.set()
        await buying


def _wishes(shows: Sequence[Hall], count: int, rng: random.Random) -> list[messages.AnyCommand]:
    """About `count` commands: somebody holds a pair of seats, and books it at once; many find that it is gone."""
    wishes: list[messages.AnyCommand] = []
    now_ms = SystemClock().now_ms()
    while len(wishes) < max(2, count):
        show = rng.choice(shows)
        first = 2 * rng.randrange(ROWS * SEATS_PER_ROW // 2)
        wish = hold(show.show, now_ms, rng, seats=(first, first + 1))
        wishes += [wish, confirmation(wish, rng)]
    return wishes


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where a full run missed a must; a quick one judges nothing."""
    return as_told("many", run, arguments, full=FULL, quick=QUICK)


if __name__ == "__main__":
    sys.exit(main())
