"""Connections to the real Postgres and Redis, and the table that followers read."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import ResponseError

from runtime.follow import Batch, Published
from runtime.follow_edges import PostgresTable
from runtime.postgres import classify, connect, open_pool, room_url
from runtime.redis import open_redis
from tests.conftest import Database
from tests.servers import Servers


@pytest.fixture
async def superuser(database: Database) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    connection = await connect(database.url, application_name="test")
    yield connection
    await connection.close()


async def test_a_room_signs_in_as_its_own_role_with_its_limits(database: Database) -> None:
    url = room_url(database.url, "onsale_ingress", database.secret)
    async with open_pool(
        url, min_size=1, max_size=2, application_name="ingress", statement_timeout_s=3, lock_timeout_s=0.5
    ) as pool:
        row = await pool.fetchrow(
            "SELECT current_user::text, current_setting('statement_timeout') AS statement,"
            " current_setting('lock_timeout') AS lock, current_setting('application_name') AS name"
        )
    assert row is not None
    assert dict(row) == {"current_user": "onsale_ingress", "statement": "3s", "lock": "500ms", "name": "ingress"}


async def test_a_wrong_secret_does_not_get_in(database: Database) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect(room_url(database.url, "onsale_ingress", "another secret altogether"), application_name="test")


async def test_a_warning_is_heard_before_the_statement_returns(database: Database) -> None:
    heard: list[str] = []
    connection = await connect(database.url, application_name="test", on_warning=heard.append)
    await connection.execute("DO $$ BEGIN RAISE NOTICE 'only a notice'; END $$")
    assert heard == []
    await connection.execute("DO $$ BEGIN RAISE WARNING 'the standby does not have it'; END $$")
    assert heard == ["the standby does not have it"]
    await connection.close()


@pytest.mark.parametrize(
    ("statement", "meaning"),
    [
        ("SELECT 1 / 0", "data"),
        ("SELECT 'x'::int", "data"),
        ("INSERT INTO installation (history_id) VALUES ('a second row')", "integrity"),
        ("DO $$ BEGIN RAISE EXCEPTION 'counts differ' USING ERRCODE = 'XX001'; END $$", "integrity"),
        ("SELECT pg_sleep(9)", "infrastructure"),
        ("SELECT nothing FROM nowhere", "infrastructure"),
    ],
)
async def test_what_the_server_says_is_told_apart(database: Database, statement: str, meaning: str) -> None:
    connection = await connect(database.url, application_name="test", statement_timeout_s=0.2)
    with pytest.raises(asyncpg.PostgresError) as failure:
        await connection.execute(statement)
    assert classify(failure.value) == meaning
    await connection.close()


async def test_an_argument_that_its_type_cannot_hold_is_data(
    superuser: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    with pytest.raises(asyncpg.DataError) as failure:
        await superuser.fetchval("SELECT $1::int", 2**40)
    assert classify(failure.value) == "data"


async def test_a_connection_cut_is_infrastructure(
    database: Database, superuser: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    connection = await connect(database.url, application_name="test")
    pid = connection.get_server_pid()
    sleeping = asyncio.create_task(connection.execute("SELECT pg_sleep(60)"))
    await asyncio.sleep(0)
    await superuser.execute("SELECT pg_terminate_backend($1)", pid)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)) as failure:
        await sleeping
    assert classify(failure.value) == "infrastructure"
    connection.terminate()


async def test_the_table_is_read_no_further_than_published(
    database: Database, superuser: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await superuser.execute(
        "INSERT INTO outcome_log (part, batch_seq, log_gen, first_offset, next_offset, decided_at_ms,"
        " decider_version, chain, payload)"
        " SELECT 4, n, 1, n * 10, n * 10 + 10, 1000 + n, 1, '', convert_to('batch ' || n, 'UTF8')"
        " FROM generate_series(1, 6) AS n"
    )
    await superuser.execute("UPDATE allocator_cursor SET batch_seq = 6, published_seq = 5, log_gen = 1 WHERE part = 4")
    history_id = await superuser.fetchval("SELECT history_id FROM installation")
    url = room_url(database.url, "onsale_expiry_worker", database.secret)
    async with open_pool(url, min_size=1, max_size=1, application_name="test") as pool:
        table = PostgresTable(pool, lambda part: part != 7)
        published = await table.published()
        assert (len(published), published[4]) == (11, Published(5, 1, history_id))
        found = await table.read(4, 2, 9, 10)
        assert found == [Batch(4, 1, seq, history_id, b"batch %d" % seq, 1000 + seq) for seq in (3, 4, 5)]
        assert [batch.batch_seq for batch in await table.read(4, 0, 9, 2)] == [1, 2]
        assert await table.read(3, 0, 9, 10) == []


async def test_redis_speaks_bytes_and_is_closed(servers: Servers, redis_prefix: str) -> None:
    async with open_redis(servers.redis_url, client_name="test") as redis:
        key = f"{redis_prefix}a"
        double = redis.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
        assert await double(keys=[key], args=[2]) == 2
        assert sorted(await asyncio.gather(*(double(keys=[key], args=[1]) for _ in range(50)))) == list(range(3, 53))
        assert await redis.get(key) == b"52"
        with pytest.raises(ResponseError):
            await redis.lpush(key, "not a list")
        clients = await redis.client_list()
    assert {client["name"] for client in clients if client["name"] == "test"} == {"test"}


async def test_redis_that_is_away_is_said_so_at_the_first_command() -> None:
    async with open_redis("redis://127.0.0.1:1/0", client_name="test") as redis:
        with pytest.raises(RedisAway):
            await redis.ping()
