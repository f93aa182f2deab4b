"""The room's stores, those in memory and those in Redis and Postgres, as one suite sees them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
from redis.asyncio import Redis

from runtime.postgres import open_pool, room_url
from runtime.redis import open_redis
from tests.conftest import Database
from tests.servers import Servers
from tests.unit.waiting_room.memory_codes import MemoryCodes
from tests.unit.waiting_room.memory_draws import MemoryDraws
from tests.unit.waiting_room.memory_records import MemoryRecords
from tests.unit.waiting_room.memory_store import MemoryCounters, MemoryLedger, MemoryRooms
from ticketing.clock import ManualClock
from ticketing.tokens import api_key_hash, secret_hash
from waiting_room.code_book import PostgresCodes
from waiting_room.codes import CodeBook
from waiting_room.draw_book import PostgresDraws
from waiting_room.draws import DrawBook
from waiting_room.ledger import PostgresLedger
from waiting_room.operating import RoomTable
from waiting_room.phases import Schedule
from waiting_room.places import GENERAL
from waiting_room.ports import Counters, Generation, JoinAsk, Joined, JoinRefusal, Ledger, Line, Position
from waiting_room.record_book import PostgresRecords
from waiting_room.records import RecordBook
from waiting_room.room_table import PostgresRooms
from waiting_room.store import RedisCounters

NOW_MS = 1_800_000_000_000
SHOW = 0xAB
LINE = Line(SHOW, GENERAL)
SCHEDULE = Schedule(opens_at_ms=NOW_MS, closes_at_ms=0, starts_at_ms=NOW_MS + 86_400_000)
HASH, OTHER_HASH = secret_hash("anna's own secret"), secret_hash("someone else's secret")


@dataclass
class Stores:
    """The stores, and what a test may do to them behind their backs."""

    counters: Counters
    ledger: Ledger
    table: RoomTable
    draws: DrawBook
    codes: CodeBook
    records: RecordBook
    forget: Callable[[], "asyncio.Future[None] | None"]
    pass_time: Callable[[], None]
    key: bytes


@asynccontextmanager
async def memory_stores() -> AsyncIterator[Stores]:
    clock = ManualClock(NOW_MS)
    counters, ledger, table = MemoryCounters(clock), MemoryLedger(), MemoryRooms()
    table.shows[SHOW] = ("a show", SCHEDULE)
    table.keys[api_key_hash("osk_live_ops")] = ("key_ops", frozenset({"operator"}))
    await table.open_room(SHOW, NOW_MS)

    def forget() -> None:
        counters.forget()

    yield Stores(
        counters,
        ledger,
        table,
        MemoryDraws(ledger),
        MemoryCodes(),
        MemoryRecords(),
        forget,
        lambda: clock.advance(7),
        b"",
    )


async def fill_catalogue(url: str) -> None:
    """A show, and the key of an operator and of somebody whose key was taken away."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("INSERT INTO catalogue_venue VALUES ('ven_1', 'a venue', 0)")
        await connection.execute("INSERT INTO catalogue_layout VALUES ('lay_1', 'ven_1', 1, '', 10, '', 0)")
        await connection.execute(
            "INSERT INTO catalogue_show (show_id, part, venue_id, layout_id, name, currency, starts_at_ms, opens_at_ms,"
            " closes_at_ms, places, prices, policy, created_by, request_key, fingerprint, created_at_ms)"
            " VALUES ($1, 0, 'ven_1', 'lay_1', 'a show', 'EUR', $2, $3, 0, 10, '{}', '{}', '', '', '', 0)",
            SHOW,
            SCHEDULE.starts_at_ms,
            SCHEDULE.opens_at_ms,
        )
        await connection.executemany(
            "INSERT INTO api_key (key_id, key_hash, shown_prefix, name, roles, sandbox, created_at_ms, revoked_at_ms)"
            " VALUES ($1, $2, '', '', $3, false, 0, $4)",
            [
                ("key_ops", api_key_hash("osk_live_ops"), ["operator"], None),
                ("key_old", api_key_hash("osk_live_old"), ["operator"], 1),
            ],
        )
    finally:
        await connection.close()


@asynccontextmanager
async def real_stores(servers: Servers, database: Database, prefix: str) -> AsyncIterator[Stores]:
    await fill_catalogue(database.url)
    url = room_url(database.url, "onsale_waiting_room", database.secret)
    async with (
        open_pool(url, min_size=1, max_size=4, application_name="test") as pool,
        open_redis(servers.redis_url, client_name="test") as redis,
    ):
        table = PostgresRooms(pool)
        await table.open_room(SHOW, NOW_MS)
        counters = RedisCounters(redis, prefix, repeat_s=600)
        yield Stores(
            counters,
            PostgresLedger(pool),
            table,
            PostgresDraws(pool),
            PostgresCodes(pool),
            PostgresRecords(pool),
            lambda: asyncio.ensure_future(drop_keys(redis, prefix)),
            lambda: None,
            f"{prefix}room:{{shw_00000000ab}}:general".encode(),
        )


async def drop_keys(redis: Redis, prefix: str) -> None:
    """To this test's keys what FLUSHALL does to all: the server keeps its run id and has lost the line."""
    keys = [key async for key in redis.scan_iter(match=f"{prefix}*")]
    await redis.unlink(*keys)


def entry(number: int) -> bytes:
    return number.to_bytes(16)


def ask(number: int, hash_: str = HASH) -> JoinAsk:
    return JoinAsk(number.to_bytes(4) * 4, hash_)


def numbers(answers: list[Joined | JoinRefusal]) -> list[int | str]:
    return [answer.n if isinstance(answer, Joined) else answer.value for answer in answers]


async def started(stores: Stores, issued: int = 0, ceiling: int = 1000, floor: int = 0) -> None:
    await stores.counters.install(LINE, Generation(1, issued, ceiling, floor))


async def moved(stores: Stores, rate_per_min: int = 0, burst: int = 1, seen: int = 0, gen: int = 0) -> Position:
    stores.pass_time()
    return await stores.counters.advance(
        LINE, gen, rate_per_min=rate_per_min, burst=burst, pass_through=False, seen=seen
    )
