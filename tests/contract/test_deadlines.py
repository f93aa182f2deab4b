"""What bounds each call of an allocator to Postgres, on the real one: the server's deadlines, and then its own.

None of them may ever ask the server to cancel: a cancelled wait for the standby makes a commit visible that the standby
does not have. Each says that the result is unknown, and the next claim finds out what is true.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest

from allocator import membership, store
from allocator.errors import ResultUnknown
from allocator.membership import Membership
from allocator.netting import Batch
from allocator.store import PostgresStore
from runtime import postgres
from tests.conftest import Database
from tests.contract.stock_stores import PostgresGround, postgres_ground
from tests.contract.stock_story import ANNA, BEN, PART, T0, a_hold, by_cursor, owned
from tests.faults.postgres_pair import with_port
from tests.faults.proxy import FaultProxy, open_proxy
from tests.simulation.crowd import SHOWS, opening
from tests.simulation.writer import Writer

SHORT_S, LONG_S = 0.3, 30.0
ENDS_WITHIN_S = 5.0
"""Generous, for a busy machine; the deadline that is not meant to act is far beyond it."""
LOCK = "SELECT FROM allocator_cursor WHERE part = $1 FOR UPDATE"
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND query LIKE 'SELECT apply_batch%' AND datname = current_database()
"""


@pytest.fixture
async def real(database: Database) -> AsyncIterator[PostgresGround]:
    async with postgres_ground(database) as ground:
        yield ground


@asynccontextmanager
async def opened(
    url: str, *, lock_s: float = LONG_S, statement_s: float = LONG_S, connect_s: float = LONG_S
) -> AsyncIterator[PostgresStore]:
    async def connect(warned: Callable[[str], None]) -> "asyncpg.Connection[asyncpg.Record]":
        return await postgres.connect(
            url, application_name="deadlines", lock_timeout_s=lock_s, statement_timeout_s=statement_s,
            connect_timeout_s=connect_s, on_warning=warned,
        )  # fmt: skip

    mine = PostgresStore(PART, ANNA, connect)
    try:
        yield mine
    finally:
        mine.close()


@asynccontextmanager
async def behind_a_proxy(ground: PostgresGround) -> AsyncIterator[tuple[str, FaultProxy]]:
    """The database's address through the proxy."""
    port = urlsplit(ground.url).port
    assert port is not None
    async with open_proxy(port, seed=1) as proxy:
        yield with_port(ground.url, proxy.port), proxy


async def a_batch(ground: PostgresGround) -> tuple[Batch, Writer]:
    """A show is open, and there is a hold to be written."""
    first, _, writer = await owned(ground)
    await first.apply(writer.sealed(opening(SHOWS[0], T0)))
    first.close()
    return writer.sealed(a_hold(1, 1)), writer


async def unknown_after(call: Awaitable[object]) -> tuple[float, str]:
    """Seconds until it was known to be unknown, and why."""
    began_s = time.monotonic()
    with pytest.raises(ResultUnknown) as told:
        async with asyncio.timeout(ENDS_WITHIN_S):
            await call
    return time.monotonic() - began_s, str(told.value)


async def test_the_servers_deadlines_are_those_that_are_set(database: Database) -> None:
    url = postgres.room_url(database.url, "onsale_allocator", database.secret)
    connection = await postgres.connect(url, application_name="deadlines")
    try:
        assert await connection.fetchval("SHOW lock_timeout") == "2s"
        assert await connection.fetchval("SHOW statement_timeout") == "10s"
    finally:
        await connection.close()
    # The server's word comes first, while it still has one.
    assert store.ANSWER_DEADLINE_S > 10


@pytest.mark.parametrize(("limits", "says"), [
    ({"lock_s": SHORT_S}, "lock timeout"), ({"statement_s": SHORT_S}, "statement timeout"),
])  # fmt: skip
async def test_a_batch_that_meets_a_lock_is_given_up_by_the_server(
    real: PostgresGround, limits: dict[str, float], says: str
) -> None:
    batch, _ = await a_batch(real)
    async with opened(real.url, **limits) as mine:
        async with real.admin.transaction():
            await real.admin.execute(LOCK, PART)
            took_s, why = await unknown_after(mine.apply(batch))
        assert took_s >= SHORT_S and says in why
        assert by_cursor(await real.rows("allocator_cursor"))["batch_seq"] == 1
        assert await mine.apply(batch) is not None  # on the same connection: the server has not lost it


async def test_a_batch_that_is_cut_off_is_written_all_the_same_and_found_by_the_next_claim(
    real: PostgresGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, writer = await a_batch(real)
    monkeypatch.setattr(store, "ANSWER_DEADLINE_S", SHORT_S)
    async with opened(real.url) as mine:
        async with real.admin.transaction():
            await real.admin.execute(LOCK, PART)
            took_s, _ = await unknown_after(mine.apply(batch))
            assert took_s >= SHORT_S
            # Nobody told the server to cancel: it waits for its turn, as soon as it has come so far.
            async with asyncio.timeout(ENDS_WITHIN_S):
                while await real.admin.fetchval(WAITING) != 1:
                    pass
        async with asyncio.timeout(ENDS_WITHIN_S):
            while by_cursor(await real.rows("allocator_cursor"))["batch_seq"] == 1:
                pass
    await real.lapse(PART)
    cursor = await real.store(PART, BEN).claim()
    assert cursor is not None and cursor.at.next_offset == writer.at.next_offset


async def test_a_server_that_is_silent_is_given_up(real: PostgresGround, monkeypatch: pytest.MonkeyPatch) -> None:
    def wait_at_most(seconds: float) -> None:
        for module in (store, membership):
            monkeypatch.setattr(module, "ANSWER_DEADLINE_S", seconds)
        monkeypatch.setattr(store, "LOAD_DEADLINE_S", seconds)

    batch, _ = await a_batch(real)
    async with (
        behind_a_proxy(real) as (url, proxy),
        opened(url) as mine,
        opened(url, connect_s=SHORT_S) as newcomer,
    ):
        cursor = await mine.claim()
        assert cursor is not None
        member = Membership(ANNA, lambda: postgres.connect(url, application_name="deadlines"), lambda part: True)
        await member.renew([])
        proxy.black_hole()
        wait_at_most(SHORT_S)
        calls = (mine.apply(batch), member.renew([]))
        for took_s, _ in await asyncio.gather(*(unknown_after(call) for call in calls)):
            assert took_s >= SHORT_S
        # And so is one that does not even take the connection.
        await unknown_after(newcomer.load(cursor))
        mine.close()
        proxy.heal()
        wait_at_most(LONG_S)
        assert await mine.claim() is not None
        await member.renew([])
        proxy.black_hole()
        wait_at_most(SHORT_S)
        await unknown_after(mine.load(cursor))
        await member.leave()
