"""The allocator alone: a backlog in the real log, `python -m allocator` started on it, timed until it is drained."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from bench.measuring import Spent, Stopwatch
from bench.site import Connection, RoomFailed, Site
from bench.wishes import Hall, new_show, opening
from ticketing import messages
from ticketing.clock import SystemClock
from ticketing.layout import Layout

BATCH_BYTES_MAX = 512 * 1024
POLL_S = 0.01
STALLED_S = 60.0
COLD_SHARE = 0.1
"""The first tenth is not timed: the process has just started."""

NEXT_OFFSET = "SELECT next_offset FROM allocator_cursor WHERE part = $1"
BATCHES = "SELECT count(*) FROM outcome_log WHERE part = $1 AND first_offset >= $2 AND next_offset <= $3"
FOUND = """
SELECT (SELECT count(*) FROM reservation WHERE part = $1 AND show_id = $2) AS reservations,
       (SELECT count(*) FROM seat_taken WHERE part = $1 AND show_id = $2) AS seats,
       (SELECT coalesce(sum(taken), 0) FROM area WHERE part = $1 AND show_id = $2) AS places
"""


@dataclass(frozen=True)
class Backlog:
    """Records `first_offset` to `end_offset` - 1 of `commands`/`part`: an `OpenShow`, then holds."""

    hall: Hall
    part: int
    first_offset: int
    end_offset: int
    bytes_each: float


@dataclass(frozen=True)
class Drained:
    """What draining took, over `count` records, and what stands in the tables afterwards."""

    count: int
    batches: int
    spent: Spent
    reservations: int
    seats: int
    places: int

    @property
    def rate(self) -> float:
        """Records per second, each one committed."""
        return self.count / self.spent.wall_s


async def make_hall(site: Site, connection: Connection, layout: Layout, rng: random.Random) -> Hall:
    """A new show of `layout`, which is put into the catalogue."""
    show = new_show(rng)
    layout_id = f"lay_{show:x}"
    return Hall(show, layout_id, layout, await site.store_layout(connection, layout_id, layout))


async def write_backlog(
    site: Site, part: int, hall: Hall, holds: Iterable[messages.HoldSeats], rng: random.Random
) -> Backlog:
    """Write the opening of `hall` and `holds` to the log."""
    async with command_producer(site) as producer:
        opened = await write_commands(producer, site.commands, part, [opening(hall, SystemClock().now_ms(), rng)])
        first = opened.end_offset - 1
        written = await write_commands(producer, site.commands, part, holds)
    if written.end_offset != first + 1 + written.count:
        raise RuntimeError(f"{first + 1 + written.count - written.end_offset} commands went missing on the way")
    return Backlog(hall, part, first, written.end_offset, written.bytes / written.count)


@asynccontextmanager
async def command_producer(site: Site) -> AsyncIterator[AIOKafkaProducer]:
    """What writes to the log, in large batches."""
    producer = AIOKafkaProducer(
        bootstrap_servers=site.servers.kafka_bootstrap,
        acks="all",
        enable_idempotence=True,
        max_batch_size=BATCH_BYTES_MAX,
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@dataclass(frozen=True)
class Written:
    """Records that stand in the log: how many, their bytes, and the offset behind the last one."""

    count: int
    bytes: int
    end_offset: int


async def write_commands(
    producer: AIOKafkaProducer, topic: str, part: int, commands: Iterable[messages.AnyCommand]
) -> Written:
    """Append `commands`, one at least, to a partition; returns when the broker has all of them."""
    count, size, end = 0, 0, 0
    batch = producer.create_batch()
    for command in commands:
        value = messages.encode(command)
        if batch.append(timestamp=None, key=None, value=value) is None:
            end = await _send(producer, batch, topic, part)
            batch = producer.create_batch()
            batch.append(timestamp=None, key=None, value=value)
        count, size = count + 1, size + len(value)
    if batch.record_count():
        end = await _send(producer, batch, topic, part)
    return Written(count, size, end)


async def _send(producer: AIOKafkaProducer, batch: BatchBuilder, topic: str, part: int) -> int:
    """Send one batch; the offset behind its last record."""
    records = batch.record_count()
    batch.close()
    written = await (await producer.send_batch(batch, topic, partition=part))
    return int(written.offset) + int(records)


async def drain(site: Site, backlog: Backlog, connection: Connection) -> Drained:
    """Start an allocator and time it from the first tenth of the backlog to its end."""
    part, end = backlog.part, backlog.end_offset
    warm = backlog.first_offset + 1 + int((end - backlog.first_offset) * COLD_SHARE)
    async with site.room("allocator") as room:
        processes = site.processes(room)
        began_at = await until_decided(connection, part, warm)
        watch = Stopwatch(processes)
        await until_decided(connection, part, end)
        spent = watch.stop()
    found = await connection.fetchrow(FOUND, part, backlog.hall.show)
    if found is None or room.process.returncode != 0:
        raise RoomFailed(f"the allocator ended with {room.process.returncode}")
    return Drained(
        count=end - began_at,
        batches=await connection.fetchval(BATCHES, part, began_at, end),
        spent=spent,
        reservations=found["reservations"],
        seats=found["seats"],
        places=found["places"],
    )


async def until_decided(connection: Connection, part: int, offset: int) -> int:
    """Wait until the cursor of `part` has reached `offset`; where it then stands."""
    loop = asyncio.get_running_loop()
    at, moved_s = -1, loop.time()
    while True:
        found: int = await connection.fetchval(NEXT_OFFSET, part)
        if found >= offset:
            return found
        if found != at:
            at, moved_s = found, loop.time()
        elif loop.time() - moved_s > STALLED_S:
            raise RoomFailed(f"partition {part} stands still at {found} of {offset}")
        await asyncio.sleep(POLL_S)
