"""The grounds on which stores in memory and real ones are put to one suite."""

from collections.abc import AsyncIterator

import pytest

from tests.contract import room_stores
from tests.contract.stock_stores import Ground, MemoryGround, postgres_ground


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.servers)])
async def ground(request: pytest.FixtureRequest) -> AsyncIterator[Ground]:
    """One database, in memory or real."""
    if request.param == "memory":
        yield MemoryGround()
        return
    async with postgres_ground(request.getfixturevalue("database")) as real:
        yield real


@pytest.fixture(params=["memory", pytest.param("servers", marks=pytest.mark.servers)])
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[room_stores.Stores]:
    """The stores of the waiting room, in memory or real."""
    if request.param == "memory":
        async with room_stores.memory_stores() as found:
            yield found
        return
    servers, database, prefix = (request.getfixturevalue(name) for name in ("servers", "database", "redis_prefix"))
    async with room_stores.real_stores(servers, database, prefix) as found:
        yield found
