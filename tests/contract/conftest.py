"""The grounds on which both stores of the stock are put to one suite."""

from collections.abc import AsyncIterator

import pytest

from tests.contract.stock_stores import Ground, MemoryGround, postgres_ground


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.servers)])
async def ground(request: pytest.FixtureRequest) -> AsyncIterator[Ground]:
    """One database, in memory or real."""
    if request.param == "memory":
        yield MemoryGround()
        return
    async with postgres_ground(request.getfixturevalue("database")) as real:
        yield real
