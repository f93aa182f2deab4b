"""The fixture of all acceptance tests."""

from collections.abc import AsyncIterator

import pytest

from tests.acceptance.sale import Sale, open_sale
from tests.conftest import Database
from tests.servers import Servers


@pytest.fixture
async def sale(
    anyio_backend: str, servers: Servers, database: Database, topics: str, redis_prefix: str
) -> AsyncIterator[Sale]:
    """A sale that is running: ingress, notifier, expiry worker, and one allocator process."""
    async with open_sale(servers, database, topics, redis_prefix) as running:
        yield running
