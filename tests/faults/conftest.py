"""One stage of servers for all quick tests of faults: they are killed and stopped, and go on."""

from collections.abc import AsyncIterator

import pytest

from tests.faults.own_servers import open_ground
from tests.faults.stage import Stage, open_stage
from tests.servers import run_directory


@pytest.fixture(scope="package")
async def stage(anyio_backend: str) -> AsyncIterator[Stage]:
    """A sale with servers of its own."""
    rooms = ("ingress", "expiry_worker", "allocator", "notifier")
    with run_directory() as directory:
        async with open_ground(directory) as ground, open_stage(ground, rooms=rooms) as up:
            yield up
