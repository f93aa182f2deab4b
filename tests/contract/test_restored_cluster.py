"""One of several clusters was put back as it was: a new history begins there, and nowhere else."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest

from onsale.backup.commands import begin_history_in
from onsale.installation import Installation
from tests.conftest import Database, fresh_database
from tests.servers import Servers

pytestmark = pytest.mark.anyio

HISTORY = "SELECT history_id FROM installation"
EPOCH = "SELECT epoch FROM allocator_cursor WHERE part = 3"


async def test_its_history_is_new_and_feeds_take_its_events_again(
    servers: Servers, database: Database, database_template: str, topics: str
) -> None:
    with fresh_database(servers, database_template) as other:
        async with AsyncExitStack() as stack:
            first, second = [await asyncpg.connect(url) for url in (database.url, other.url)]
            for connection in (first, second):
                stack.push_async_callback(connection.close)
            await first.execute("DELETE FROM allocator_cursor WHERE part = 3")
            await second.execute("DELETE FROM allocator_cursor WHERE part <> 3")
            await second.execute("UPDATE allocator_cursor SET batch_seq = 2, published_seq = 2")
            await second.execute("UPDATE installation SET history_id = 'before'")
            await first.execute("INSERT INTO caller_event_cursor VALUES (3, 9), (5, 7)")
            before = await first.fetchval(HISTORY)
            installation = Installation(
                data_dir=Path(), postgres_url=database.url, redis_url="", kafka_bootstrap=servers.kafka_bootstrap,
                secret=servers.secret, watch=lambda: asyncio.sleep(0), postgres_clusters=f"3={other.url}",
            )  # fmt: skip

            begun = await begin_history_in(installation, 1, topics, force=False)

            assert await second.fetchval(HISTORY) == begun.history_id != "before"
            assert await second.fetchval(EPOCH) > 0, "whoever owned it in the old history is fenced"
            assert await first.fetchval(HISTORY) == before
            taken = await first.fetch("SELECT part, batch_seq FROM caller_event_cursor ORDER BY part")
            assert [tuple(row) for row in taken] == [(3, 2), (5, 7)]
