"""Makes the servers ready: roles, database, forward-only migrations, topics. Running it twice is harmless."""

import hashlib
import re
from collections.abc import Iterable
from importlib import resources
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.errors import TopicAlreadyExistsError

from runtime.postgres import role_password
from ticketing import topics

ROOMS = ("waiting_room", "ingress", "allocator", "notifier", "expiry_worker", "verify", "sandbox", "staff")
ROLE_LIMITS = {"statement_timeout": "10s", "lock_timeout": "2s", "idle_in_transaction_session_timeout": "30s"}
"""Of each room's role, for a session that sets none itself; the rooms' own come from their settings."""
PROVISION_LOCK = 0x6F6E73616C65
"""Advisory lock: two provisioners at once would trip over each other's roles."""
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


class MigrationChanged(RuntimeError):
    """A migration that has been applied reads differently now: migrations are only ever added."""


async def provision_database(
    admin_url: str, database: str, secret: str, parts: Iterable[int] = range(topics.PARTITIONS_DEFAULT)
) -> None:
    """Create roles, the database and what is in it, as far as they are missing.

    `admin_url` is of a role that may create databases and roles; `secret` is what the rooms' passwords come from;
    `parts` are the partitions that are to be in this cluster.

    Raises:
        MigrationChanged: an applied migration differs from its file.
        asyncpg.PostgresError: the server refused.
    """
    if not _NAME.fullmatch(database):
        raise ValueError(f"{database!r} cannot be a database's name")
    admin = await asyncpg.connect(admin_url)
    try:
        # The lock is the cluster's, not the database's, as are the roles; so it is taken before either is touched.
        await admin.execute("SELECT pg_advisory_lock($1)", PROVISION_LOCK)
        await _make_roles(admin, secret)
        if not await admin.fetchval("SELECT true FROM pg_database WHERE datname = $1", database):
            await admin.execute(f'CREATE DATABASE "{database}"')
        connection = await asyncpg.connect(database_url(admin_url, database))
        try:
            await _migrate(connection)
            await connection.execute(
                "INSERT INTO allocator_cursor (part) SELECT unnest($1::int[]) ON CONFLICT DO NOTHING", list(parts)
            )
        finally:
            await connection.close()
    finally:
        await admin.close()


def database_url(url: str, database: str) -> str:
    """`url` with another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


async def _make_roles(admin: asyncpg.Connection, secret: str) -> None:
    for room in ROOMS:
        role = f"onsale_{room}"
        exists = await admin.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role)
        verb = "ALTER" if exists else "CREATE"
        # A role's password cannot be a parameter; this one is hexadecimal, made by ourselves.
        password = role_password(secret, role)
        await admin.execute(f"{verb} ROLE \"{role}\" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '{password}'")
        for setting, value in ROLE_LIMITS.items():
            await admin.execute(f"ALTER ROLE \"{role}\" SET {setting} = '{value}'")


async def _migrate(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migration (name text PRIMARY KEY, sha256 text NOT NULL,"
        " applied_at timestamptz NOT NULL DEFAULT now())"
    )
    rows = await connection.fetch("SELECT name, sha256 FROM schema_migration")
    applied = {row["name"]: row["sha256"] for row in rows}
    for name, text in migrations():
        digest = hashlib.sha256(text.encode()).hexdigest()
        if name not in applied:
            async with connection.transaction():
                await connection.execute(text)
                await connection.execute("INSERT INTO schema_migration (name, sha256) VALUES ($1, $2)", name, digest)
        elif applied[name] != digest:
            raise MigrationChanged(f"{name} was applied in another form; add a new migration instead")


def migrations() -> list[tuple[str, str]]:
    """`(file name, SQL)` of each migration, in the order in which they are applied."""
    files = resources.files("infra").joinpath("postgres").iterdir()
    return sorted((file.name, file.read_text()) for file in files if file.name.endswith(".sql"))


async def provision_topics(
    bootstrap: str, prefix: str = "", partitions: int = topics.PARTITIONS_DEFAULT, replicas: int = 1
) -> None:
    """Create the topics of `ticketing.topics` that are missing, under `prefix`, each `replicas` times, and give those
    that are there the partitions that they lack. They are never given fewer.

    Raises:
        aiokafka.errors.KafkaError: the broker refused.
    """
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        there = await _partitions_of(client, [topic.full_name(prefix) for topic in topics.ALL])
        wanted = [
            NewTopic(
                name=topic.full_name(prefix),
                num_partitions=topic.partitions or partitions,
                replication_factor=replicas,
                topic_configs=topic.config,
            )
            for topic in topics.ALL
            if topic.full_name(prefix) not in there
        ]
        if wanted:
            answer = (await client.create_topics(wanted)).to_object()
            for told in answer["topic_errors"]:
                if told["error_code"] not in {0, TopicAlreadyExistsError.errno}:
                    raise RuntimeError(f"the broker did not create topic {told['topic']}: {told['error_message']}")
        growing = {
            name: NewPartitions(total_count=partitions)
            for topic in topics.ALL
            if topic.partitions is None and there.get(name := topic.full_name(prefix), partitions) < partitions
        }
        if growing:
            await client.create_partitions(growing)
    finally:
        await client.close()


async def _partitions_of(client: AIOKafkaAdminClient, names: list[str]) -> dict[str, int]:
    """How many partitions each of the topics has that are there."""
    known = set(await client.list_topics()) & set(names)
    described = await client.describe_topics(sorted(known)) if known else []
    return {topic["topic"]: len(topic["partitions"]) for topic in described}


async def parts_in(url: str) -> set[int]:
    """The partitions whose cursors are in a database; none where it is not provisioned. Raises what asyncpg raises."""
    try:
        connection = await asyncpg.connect(url)
    except asyncpg.InvalidCatalogNameError:
        return set()
    try:
        return {row["part"] for row in await connection.fetch("SELECT part FROM allocator_cursor")}
    except asyncpg.UndefinedTableError:
        return set()
    finally:
        await connection.close()
