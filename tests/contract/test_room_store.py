"""What the room's stores promise: one suite for the memory that unit tests use and for Redis and Postgres."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import pytest
from redis.asyncio import Redis

from runtime.postgres import open_pool, room_url
from runtime.redis import open_redis
from tests.conftest import Database
from tests.servers import Servers
from tests.unit.waiting_room.memory_store import MemoryCounters, MemoryLedger, MemoryRooms
from ticketing.clock import ManualClock
from ticketing.tokens import api_key_hash, secret_hash
from waiting_room.ledger import PostgresLedger
from waiting_room.phases import Control, Schedule
from waiting_room.places import GENERAL, leaf_of
from waiting_room.ports import (
    Act,
    ClaimAsk,
    Claimed,
    ClaimRefusal,
    ClaimRow,
    Counters,
    EntryRow,
    Generation,
    JoinAsk,
    Joined,
    JoinRefusal,
    Ledger,
    Line,
    Position,
    RoomTable,
    StoreLost,
)
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

    yield Stores(counters, ledger, table, forget, lambda: clock.advance(7), b"")


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
            lambda: asyncio.ensure_future(drop_keys(redis, prefix)),
            lambda: None,
            f"{prefix}room:{{shw_00000000ab}}:general".encode(),
        )


async def drop_keys(redis: Redis, prefix: str) -> None:
    """To this test's keys what FLUSHALL does to all: the server keeps its run id and has lost the line."""
    keys = [key async for key in redis.scan_iter(match=f"{prefix}*")]
    await redis.unlink(*keys)


@pytest.fixture(params=["memory", pytest.param("servers", marks=pytest.mark.servers)])
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    if request.param == "memory":
        async with memory_stores() as found:
            yield found
        return
    servers, database, prefix = (request.getfixturevalue(name) for name in ("servers", "database", "redis_prefix"))
    async with real_stores(servers, database, prefix) as found:
        yield found


def entry(number: int) -> bytes:
    return number.to_bytes(16)


def ask(number: int, hash_: str = HASH) -> JoinAsk:
    return JoinAsk(number.to_bytes(4) * 4, hash_)


def numbers(answers: list[Joined | JoinRefusal]) -> list[int | str]:
    return [answer.n if isinstance(answer, Joined) else answer.value for answer in answers]


async def started(stores: Stores, issued: int = 0, ceiling: int = 1000, floor: int = 0) -> None:
    await stores.counters.install(LINE, Generation(1, issued, ceiling, floor))


async def moved(stores: Stores, rate_per_min: int = 0, burst: int = 1, seen: int = 0) -> Position:
    stores.pass_time()
    return await stores.counters.advance(LINE, rate_per_min=rate_per_min, burst=burst, pass_through=False, seen=seen)


async def test_a_line_that_nobody_started_is_lost(stores: Stores) -> None:
    with pytest.raises(StoreLost):
        await stores.counters.join(LINE, 1, [ask(1)])
    with pytest.raises(StoreLost):
        await stores.counters.claim(LINE, 1, [ClaimAsk(1, 1)])
    with pytest.raises(StoreLost):
        await stores.counters.give_up(LINE, 1)
    with pytest.raises(StoreLost):
        await moved(stores)
    with pytest.raises(StoreLost):
        await stores.counters.extend(LINE, 1, 100)


async def test_joins_get_the_next_numbers_and_repeats_get_their_own(stores: Stores) -> None:
    await started(stores)
    assert numbers(await stores.counters.join(LINE, 1, [ask(1), ask(2), ask(1)])) == [1, 2, 1]
    [first, second, third] = await stores.counters.join(LINE, 1, [ask(2), ask(3), ask(1)])
    assert isinstance(first, Joined)
    assert isinstance(second, Joined)
    assert isinstance(third, Joined)
    assert [(first.n, first.repeat), (second.n, second.repeat), (third.n, third.repeat)] == [
        (2, True),
        (3, False),
        (1, True),
    ]
    assert first.at_ms <= second.at_ms


async def test_another_secret_does_not_get_the_place(stores: Stores) -> None:
    await started(stores)
    await stores.counters.join(LINE, 1, [ask(1)])
    assert numbers(await stores.counters.join(LINE, 1, [ask(1, OTHER_HASH), ask(2)])) == ["other_secret", 2]


async def test_numbers_end_where_the_reserved_ones_end(stores: Stores) -> None:
    await started(stores, issued=10, ceiling=12)
    assert numbers(await stores.counters.join(LINE, 1, [ask(n) for n in range(4)])) == [
        11,
        12,
        "no_numbers",
        "no_numbers",
    ]
    await stores.counters.extend(LINE, 1, 13)
    await stores.counters.extend(LINE, 2, 99)
    assert numbers(await stores.counters.join(LINE, 1, [ask(n) for n in range(4)])) == [11, 12, 13, "no_numbers"]


async def test_a_later_generation_counts_on_and_an_earlier_one_changes_nothing(stores: Stores) -> None:
    await started(stores, ceiling=10)
    await stores.counters.join(LINE, 1, [ask(1)])
    await stores.counters.install(LINE, Generation(3, 20, 30, 0))
    await stores.counters.install(LINE, Generation(2, 10, 20, 0))
    await stores.counters.install(LINE, Generation(3, 20, 30, 0))
    with pytest.raises(StoreLost):
        await stores.counters.join(LINE, 1, [ask(2)])
    assert numbers(await stores.counters.join(LINE, 3, [ask(2), ask(1)])) == [21, 1]
    assert (await moved(stores)).gen == 3


async def test_a_place_is_claimed_once_and_its_time_is_kept(stores: Stores) -> None:
    await started(stores, issued=5, floor=3)
    [first, early] = await stores.counters.claim(LINE, 1, [ClaimAsk(3, 3), ClaimAsk(4, 4)])
    assert isinstance(first, Claimed)
    assert not first.repeat
    assert early is ClaimRefusal.TOO_EARLY
    stores.pass_time()
    assert await stores.counters.claim(LINE, 1, [ClaimAsk(3, 3)]) == [Claimed(first.first_ms, True)]
    assert (await moved(stores)).claimed == 1


async def test_what_the_ledger_knows_of_a_claim_counts(stores: Stores) -> None:
    await started(stores, issued=5)
    asks = [ClaimAsk(4, 4, known_ms=NOW_MS - 5_000)]
    assert await stores.counters.claim(LINE, 1, asks) == [Claimed(NOW_MS - 5_000, True)]
    assert await stores.counters.claim(LINE, 1, [ClaimAsk(4, 4)]) == [Claimed(NOW_MS - 5_000, True)]


async def test_a_place_given_up_is_never_claimed(stores: Stores) -> None:
    await started(stores, issued=5, floor=5)
    await stores.counters.claim(LINE, 1, [ClaimAsk(2, 2)])
    assert [await stores.counters.give_up(LINE, n) for n in (1, 1, 2)] == [True, False, True]
    assert await stores.counters.claim(LINE, 1, [ClaimAsk(1, 1), ClaimAsk(2, 2)]) == [ClaimRefusal.GIVEN_UP] * 2
    assert (await moved(stores)).given_up == 2


async def test_the_line_moves_at_its_rate_whoever_moves_it(stores: Stores) -> None:
    """60,000 a minute is one a millisecond: what was called and the time that passed are the same number."""
    await started(stores, issued=1_000_000, ceiling=1_000_000)
    first = last = await moved(stores, 60_000)
    while last.at_ms < first.at_ms + 300:
        before, last = last, await moved(stores, 60_000)
        assert last.serving >= before.serving
    assert abs((last.serving - first.serving) - (last.at_ms - first.at_ms)) <= 1


async def test_what_is_less_than_one_person_is_not_lost(stores: Stores) -> None:
    """7,000 a minute is 0.117 a millisecond: each move alone would round to nothing."""
    await started(stores, issued=1_000_000, ceiling=1_000_000)
    first = last = await moved(stores, 7_000)
    while last.at_ms < first.at_ms + 300:
        last = await moved(stores, 7_000)
    assert abs((last.serving - first.serving) - (last.at_ms - first.at_ms) * 7 / 60) <= 1.2


async def test_the_line_runs_ahead_of_those_who_came_by_the_burst_only(stores: Stores) -> None:
    await started(stores, issued=7)
    last = await moved(stores, 1_000_000, burst=5)
    while last.at_ms < NOW_MS and last.serving < 12:
        last = await moved(stores, 1_000_000, burst=5)
    for _ in range(50):
        last = await moved(stores, 1_000_000, burst=5)
    assert last.serving == 12
    assert (await moved(stores, 1_000_000, burst=1)).serving == 12
    assert numbers(await stores.counters.join(LINE, 1, [ask(1)])) == [8]
    assert await stores.counters.claim(LINE, 1, [ClaimAsk(8, 8)]) != [ClaimRefusal.TOO_EARLY]


async def test_a_line_that_lets_everybody_through_is_there_at_once(stores: Stores) -> None:
    await started(stores, issued=700)
    position = await stores.counters.advance(LINE, rate_per_min=0, burst=10, pass_through=True, seen=0)
    assert position.serving == 710


async def test_the_line_is_never_seen_to_go_back(stores: Stores) -> None:
    await started(stores, issued=700, floor=5)
    assert (await moved(stores, seen=400)).serving == 400
    assert (await moved(stores, seen=3)).serving == 400
    await stores.counters.install(LINE, Generation(2, 1000, 2000, 100))
    assert (await moved(stores)).serving == 400


async def test_a_forgotten_line_refuses_until_it_is_started_above_every_number(stores: Stores) -> None:
    async with stores.ledger.alone_with(LINE) as reserved:
        first = await reserved.new_generation(10)
    await stores.counters.install(LINE, first)
    assert numbers(await stores.counters.join(LINE, first.gen, [ask(n) for n in range(10)])) == list(range(1, 11))
    forgotten = stores.forget()
    if forgotten is not None:
        await forgotten
    with pytest.raises(StoreLost):
        await stores.counters.join(LINE, first.gen, [ask(99)])
    async with stores.ledger.alone_with(LINE) as reserved:
        second = await reserved.new_generation(10)
    await stores.counters.install(LINE, second)
    assert numbers(await stores.counters.join(LINE, second.gen, [ask(99)])) == [11]


async def test_no_two_generations_share_a_number_and_only_the_latest_gets_more(stores: Stores) -> None:
    async with stores.ledger.alone_with(LINE) as reserved:
        first = await reserved.new_generation(10)
        assert (first.gen, first.issued, first.ceiling, first.serving_floor) == (1, 0, 10, 0)
        assert await reserved.extend(1, 5) == 15
        await stores.ledger.raise_floor(LINE, 4)
        await stores.ledger.raise_floor(LINE, 3)
        second = await reserved.new_generation(10)
        assert (second.gen, second.issued, second.ceiling, second.serving_floor) == (2, 15, 25, 4)
        assert await reserved.extend(1, 5) is None
        assert await reserved.extend(2, 5) == 30


def kept(n: int, of: int) -> EntryRow:
    return EntryRow(n, entry(of), leaf_of(n, entry(of), HASH), NOW_MS + n)


async def test_joins_are_kept_once_however_often_they_are_written(stores: Stores) -> None:
    rows = [kept(1, of=1), kept(2, of=2)]
    for maybe_there in (False, False, True):
        assert await stores.ledger.add_entries(LINE, rows, maybe_there=maybe_there) == []
    assert await stores.ledger.add_entries(LINE, [kept(3, of=3), *rows], maybe_there=False) == []
    assert await stores.ledger.entries(LINE, [entry(n) for n in (1, 2, 3, 4)]) == {
        entry(n): kept(n, of=n) for n in (1, 2, 3)
    }
    assert await stores.ledger.entries(Line(SHOW, "presale"), [entry(1)]) == {}


@pytest.mark.parametrize("maybe_there", [False, True])
async def test_an_entry_keeps_the_number_that_was_kept_first(stores: Stores, maybe_there: bool) -> None:
    """What two instances write of one client when the counters were lost between their two answers."""
    await stores.ledger.add_entries(LINE, [kept(5, of=1)], maybe_there=False)
    both = [kept(12, of=1), kept(13, of=2)]
    assert await stores.ledger.add_entries(LINE, both, maybe_there=maybe_there) == [kept(5, of=1)]
    assert await stores.ledger.entries(LINE, [entry(1), entry(2)]) == {
        entry(1): kept(5, of=1),
        entry(2): kept(13, of=2),
    }


async def test_the_first_claim_and_giving_up_are_both_kept(stores: Stores) -> None:
    await stores.ledger.add_claims(LINE, [ClaimRow(1, 500, None), ClaimRow(2, 500, None), ClaimRow(2, None, 700)])
    told = await stores.ledger.add_claims(LINE, [ClaimRow(1, 900, None), ClaimRow(3, None, 800)])
    assert sorted(told) == [ClaimRow(1, 500, None), ClaimRow(3, None, 800)]
    await stores.ledger.add_claims(LINE, [ClaimRow(1, None, 950)])
    assert await stores.ledger.claims(LINE, [1, 2, 3, 4]) == {
        1: ClaimRow(1, 500, 950),
        2: ClaimRow(2, 500, 700),
        3: ClaimRow(3, None, 800),
    }


async def test_only_a_show_has_a_room_and_operators_change_it(stores: Stores) -> None:
    assert await stores.table.open_room(0xDEAD, NOW_MS) is None
    act = Act("rate", "key_ops", "too fast", rate_per_min=60)
    assert await stores.table.change_room(0xDEAD, act, NOW_MS) is None
    room = await stores.table.open_room(SHOW, NOW_MS)
    assert room is not None
    assert (room.control, room.rate_per_min, room.version, room.schedule) == (Control.SCHEDULE, None, 1, SCHEDULE)
    slowed = await stores.table.change_room(SHOW, act, NOW_MS)
    paused = await stores.table.change_room(SHOW, Act("pause", "key_ops", "fire", control=Control.PAUSED), NOW_MS)
    assert slowed is not None
    assert paused is not None
    assert (slowed.control, slowed.rate_per_min, slowed.version) == (Control.SCHEDULE, 60, 2)
    assert (paused.control, paused.rate_per_min, paused.version, paused.reason) == (Control.PAUSED, 60, 3, "fire")
    assert await stores.table.rooms(NOW_MS) == [paused]
    assert await stores.table.rooms(SCHEDULE.starts_at_ms) == []


async def test_a_key_is_known_until_it_is_revoked(stores: Stores) -> None:
    assert await stores.table.key_roles(api_key_hash("osk_live_ops")) == ("key_ops", frozenset({"operator"}))
    assert await stores.table.key_roles(api_key_hash("osk_live_old")) is None
    assert await stores.table.key_roles(api_key_hash("osk_live_none")) is None


async def test_a_line_counted_on_another_server_is_lost(
    servers: Servers, database: Database, redis_prefix: str
) -> None:
    """What an append-only file brings back after a restart, and what a replica has: the line, of another run."""
    async with real_stores(servers, database, redis_prefix) as stores:
        await started(stores, issued=50, ceiling=100, floor=20)
        async with open_redis(servers.redis_url, client_name="test") as redis:
            await redis.hset(stores.key.decode(), "run", "0" * 40)
        with pytest.raises(StoreLost):
            await stores.counters.join(LINE, 1, [ask(1)])
        await stores.counters.install(LINE, Generation(2, 100, 200, 5))
        assert numbers(await stores.counters.join(LINE, 2, [ask(1)])) == [101]
        assert (await moved(stores)).serving == 20
