"""The fixtures of all acceptance tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.acceptance.sale import Sale, open_sale
from tests.conftest import Database, fresh_database, fresh_redis_prefix, fresh_topics
from tests.servers import Servers


@pytest.fixture
def sale(request: pytest.FixtureRequest, servers: Servers) -> Sale:
    """A running sale: ingress, notifier, expiry worker, and one allocator process. It is the test's own, or that of
    its file where the test is marked `own_shows`."""
    of_its_file = request.node.get_closest_marker("own_shows") is not None
    found: Sale = request.getfixturevalue("shared" if of_its_file else "own_sale")
    return found


@pytest.fixture
async def own_sale(
    anyio_backend: str, servers: Servers, database: Database, topics: str, redis_prefix: str
) -> AsyncIterator[Sale]:
    """One that no other test has seen."""
    async with open_sale(servers, database, topics, redis_prefix) as running:
        yield running


@pytest.fixture(scope="module")
async def shared(anyio_backend: str, servers: Servers, database_template: str) -> AsyncIterator[Sale]:
    """One for all tests of a file."""
    async with _sale_of_a_file(servers, database_template, quick_fans=True) as running:
        yield running


@pytest.fixture(scope="module")
async def house(anyio_backend: str, servers: Servers, database_template: str) -> AsyncIterator[Sale]:
    """As `shared`, with the limits of fans as they are shipped."""
    async with _sale_of_a_file(servers, database_template, quick_fans=False) as running:
        yield running


@asynccontextmanager
async def _sale_of_a_file(servers: Servers, database_template: str, *, quick_fans: bool) -> AsyncIterator[Sale]:
    with (
        fresh_database(servers, database_template) as database,
        fresh_topics(servers) as topics,
        fresh_redis_prefix(servers) as prefix,
    ):
        async with open_sale(servers, database, topics, prefix, quick_fans=quick_fans) as running:
            yield running
