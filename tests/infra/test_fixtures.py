"""The fixtures themselves, on real servers."""

import asyncpg
import redis
from aiokafka.admin import AIOKafkaAdminClient

from tests.conftest import Database
from tests.servers import Servers


async def test_each_test_has_a_database_of_its_own(database: Database) -> None:
    connection = await asyncpg.connect(database.url)
    try:
        assert await connection.fetchval("SELECT current_database()") == database.name
        assert await connection.fetchval("SELECT count(*) FROM allocator_cursor") == 12
    finally:
        await connection.close()


async def test_each_test_has_topics_of_its_own(servers: Servers, topics: str) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=servers.kafka_bootstrap)
    await client.start()
    try:
        names = {name for name in await client.list_topics() if name.startswith(topics)}
    finally:
        await client.close()
    assert {f"{topics}commands", f"{topics}outcomes"} <= names


def test_each_test_has_keys_of_its_own(servers: Servers, redis_prefix: str) -> None:
    with redis.Redis.from_url(servers.redis_url) as client:
        client.set(f"{redis_prefix}a", "1")
        assert list(client.scan_iter(match=f"{redis_prefix}*")) == [f"{redis_prefix}a".encode()]
