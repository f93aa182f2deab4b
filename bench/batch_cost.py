"""What does `apply_batch()` cost over a bare `INSERT … SELECT FROM unnest(…)` of the same rows?

Real batches, decided by the real desk from a log in memory, written by turns: each batch by `apply_batch()`, then its
rows by the bare insert into tables of the same form. Both in autocommit, both with their arguments made from the same
records. The bare insert has no cursor, no fence, no counts, no stock and no outcomes.
"""

import random
import time
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

from allocator.caution import Caution
from allocator.claiming import claim
from allocator.netting import Batch
from allocator.ports import LogRecord, Publication
from allocator.service import Desk
from allocator.store import PostgresStore
from bench import one_by_one
from bench.backlog import make_hall
from bench.site import Connection, Site
from bench.wishes import area_holds, area_layout, opening, pair_holds, seat_layout
from runtime import postgres
from runtime.kafka import Record
from ticketing import messages
from ticketing.clock import SystemClock

LARGE, SMALL = 2_000, 100
PART = 0

BARE_RESERVATIONS = f"""
INSERT INTO one_by_one.reservation
SELECT {PART}, r.show_id, r.id, r.status, r.version, r.account, r.person, r.seats::int[], r.areas::int[],
       r.prices::bigint[], r.amount, r.held_at, r.expires_at, r.hold_s, r.booked_at, r.external_id, 0,
       r.fingerprint, r.recent
FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::int[], $14::bigint[], $15::text[],
            $16::bytea[], $17::bytea[])
    AS r (show_id, id, status, version, account, person, seats, areas, prices, amount, held_at, expires_at, hold_s,
          booked_at, external_id, fingerprint, recent)
"""
BARE_SEATS = f"""
WITH seats AS (INSERT INTO one_by_one.seat_taken SELECT {PART}, * FROM unnest($18::bigint[], $19::int[], $20::bytea[]))
{BARE_RESERVATIONS}
"""


@dataclass(frozen=True)
class Cost:
    """`apply_batch()` divided by the bare insert, one figure a round."""

    case: str
    batch: int
    ratios: list[float]
    gated: bool


@dataclass(frozen=True)
class Shape:
    """What the batches of one case are made of."""

    case: str
    seats: bool
    batch: int
    batches: int
    gated: bool


class MemoryLog:
    """`allocator.ports.CommandLog` of given records, `batch` at a time; what is published goes nowhere."""

    def __init__(self, batch: int) -> None:
        self.records: list[Record] = []
        self.first_offset = 0
        self._batch = batch

    async def fetch(self, part: int, offset: int, records_max: int, timeout_s: float) -> Sequence[LogRecord]:
        """The next records."""
        at = offset - self.first_offset
        return self.records[at : at + min(self._batch, records_max)]

    def interruptions(self, part: int) -> int:
        """Never one."""
        return 0

    async def bounds(self, part: int) -> tuple[int, int]:
        """Nothing before where the cursor stands."""
        return self.first_offset, self.first_offset + len(self.records)

    async def read_one(self, part: int, offset: int) -> LogRecord | None:
        """One record."""
        return self.records[offset - self.first_offset]

    async def publish(self, publication: Publication) -> None:
        """Nobody listens."""


class Strict:
    """`allocator.ports.Observer` under which nothing may go wrong."""

    def bug(self, part: int, offset: int, error: Exception) -> None:
        """Not here."""
        raise error

    def unreadable(self, part: int, offset: int) -> None:
        """Not here."""
        raise RuntimeError(f"record {offset} was not understood")

    def log_lost(self, part: int, expected: int, continued_at: int) -> None:
        """Not here."""
        raise RuntimeError("the log does not fit the cursor")

    def settled(self, part: int, batch: Batch, seconds: float) -> None:
        """Timed by the bench itself."""


async def measure(site: Site, connection: Connection, *, rounds: int, batches: int, rng: random.Random) -> list[Cost]:
    """Areas and seats in large batches, and areas in batches as small as 250 connections make them."""
    await one_by_one.prepare(connection)
    # As in apply_batch(): planning such a statement anew each time would slow the bare insert down.
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    shapes = [
        Shape("batch of area holds", seats=False, batch=LARGE, batches=batches, gated=True),
        Shape("batch of seated holds of two", seats=True, batch=LARGE, batches=batches, gated=True),
        Shape("small batch of area holds", seats=False, batch=SMALL, batches=4 * batches, gated=False),
    ]
    costs = [Cost(shape.case, shape.batch, [], shape.gated) for shape in shapes]
    for _ in range(rounds):
        for shape, cost in zip(shapes, costs, strict=True):
            cost.ratios.append(await _ratio(site, connection, shape, rng))
    return costs


async def _ratio(site: Site, connection: Connection, shape: Shape, rng: random.Random) -> float:
    log = MemoryLog(shape.batch)
    store = _store(site)
    try:
        log.first_offset = await connection.fetchval("SELECT next_offset FROM allocator_cursor WHERE part = $1", PART)
        log.records = await _records(site, connection, shape, log.first_offset, rng)
        claimed = await claim(store, log, Strict())
        if claimed is None:
            raise RuntimeError(f"partition {PART} has another owner")
        cursor, state = claimed
        desk = Desk(
            cursor=cursor,
            state=state,
            store=store,
            log=log,
            clock=SystemClock(),
            meter=time.monotonic,
            observer=Strict(),
            caution=Caution(),
        )
        applied_s = bare_s = 0.0
        for number in range(shape.batches):
            await desk.gather(0)
            batch = desk.seal()
            # By turns also in who goes first, since the second finds the processor's caches and the disk as left.
            if number % 2:
                one_s, other_s = await _timed(desk.settle(batch)), await _timed(_insert_bare(connection, batch))
            else:
                other_s, one_s = await _timed(_insert_bare(connection, batch)), await _timed(desk.settle(batch))
            if number:  # the first batch opens the show and prepares both statements
                applied_s += one_s
                bare_s += other_s
        await store.release(desk.position, desk.published_seq)
        return applied_s / bare_s
    finally:
        store.close()


async def _timed(work: Awaitable[object]) -> float:
    began_s = time.perf_counter()
    await work
    return time.perf_counter() - began_s


def _store(site: Site) -> PostgresStore:
    url = postgres.room_url(site.postgres_url, "onsale_allocator", site.servers.secret)
    connect = partial(postgres.connect, url, application_name="onsale bench")
    return PostgresStore(PART, uuid4(), lambda warn: connect(on_warning=warn))


async def _records(
    site: Site, connection: Connection, shape: Shape, first_offset: int, rng: random.Random
) -> list[Record]:
    """The opening of a show and as many holds as fill the batches."""
    count = shape.batch * shape.batches - 1
    layout = seat_layout(count // 50 + 1, 100) if shape.seats else area_layout(2 * count)
    hall = await make_hall(site, connection, layout, rng)
    now_ms = SystemClock().now_ms()
    wishes = pair_holds if shape.seats else area_holds
    commands: list[messages.Command] = [opening(hall, now_ms, rng), *wishes(hall, count, now_ms, rng)]
    return [
        Record(PART, offset, now_ms, None, messages.encode(command), ())
        for offset, command in enumerate(commands, first_offset)
    ]


async def _insert_bare(connection: Connection, batch: Batch) -> None:
    columns = list(
        zip(*(_row(show, record.reservation, record.fingerprint) for show, record in batch.born), strict=True)
    )
    if batch.taken:
        await connection.execute(BARE_SEATS, *columns, *zip(*batch.taken, strict=True))
    else:
        await connection.execute(BARE_RESERVATIONS, *columns)


def _row(show: int, it: messages.Reservation, fingerprint: bytes) -> tuple[Any, ...]:
    areas = [number for pair in it.areas for number in pair]
    return (
        show,
        it.id,
        it.status,
        it.version,
        it.account,
        it.person,
        _array(it.seats),
        _array(areas),
        _array(it.prices),
        it.amount,
        it.held_at_ms,
        it.expires_at_ms,
        it.hold_s,
        it.booked_at_ms,
        it.external_id,
        fingerprint,
        b"",
    )


def _array(numbers: Iterable[int]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"
