"""What is loaded is one moment of the tables, on the real ones: whoever takes the partition over meanwhile is not seen.

A claim can take longer than its lease, where the log does not answer in between. Then the next owner writes while the
first one reads, and statements that each see another moment contradict each other.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import asyncpg
import pytest

from allocator.stock import PartitionState
from tests.conftest import Database
from tests.contract.stock_stores import PostgresGround, postgres_ground
from tests.contract.stock_story import BEN, PART, T0, a_hold, owned
from tests.simulation.crowd import LAYOUT, LAYOUT_ID, SHA256, SHOWS, opening

WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND query LIKE '%FROM area%' AND datname = current_database() AND pid <> pg_backend_pid()
"""
READ_WITHIN_S = 10.0
HELD = 2

Loaded = TypeVar("Loaded")


@pytest.fixture
async def real(database: Database) -> AsyncIterator[PostgresGround]:
    async with postgres_ground(database) as ground:
        yield ground


async def while_another_writes(
    real: PostgresGround, database: Database, load: Callable[[], Awaitable[Loaded]]
) -> Loaded:
    """What `load` gives. When it has read all but the areas, the partition goes to another owner, who takes a place."""
    holder = await asyncpg.connect(database.url)
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            async with holder.transaction():
                await holder.execute("LOCK TABLE area IN ACCESS EXCLUSIVE MODE")
                loading = asyncio.ensure_future(load())
                while not await real.admin.fetchval(WAITING):
                    assert not loading.done()
                await real.lapse(PART)
                assert await real.store(PART, BEN).claim() is not None
                await holder.execute("UPDATE area SET taken = taken + 1 WHERE part = $1", PART)
            return await loading
    finally:
        await holder.close()


async def test_a_claim_loads_its_own_moment(real: PostgresGround, database: Database) -> None:
    store, _, writer = await owned(real)
    for command in (opening(SHOWS[0], T0), a_hold(1, 0, floor=HELD)):
        assert await store.apply(writer.sealed(command)) is not None
    cursor = await store.claim()
    assert cursor is not None
    state = await while_another_writes(real, database, lambda: store.load(cursor))
    assert state.shows[SHOWS[0]].area_taken[0] == HELD


async def test_a_show_that_comes_back_is_loaded_as_of_its_own_moment(real: PostgresGround, database: Database) -> None:
    store, _, writer = await owned(real)
    for command in (opening(SHOWS[0], T0), a_hold(1, 0, floor=HELD)):
        assert await store.apply(writer.sealed(command)) is not None
    state = PartitionState(PART)
    state.layouts[LAYOUT_ID, SHA256] = LAYOUT
    await while_another_writes(real, database, lambda: store.load_show(writer.at, state, SHOWS[0]))
    assert state.shows[SHOWS[0]].area_taken[0] == HELD
