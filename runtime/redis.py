"""Opening Redis with every timeout spelled out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff


@asynccontextmanager
async def open_redis(
    url: str,
    *,
    client_name: str,
    connections_max: int = 32,
    connect_timeout_s: float = 2.0,
    command_timeout_s: float = 2.0,
    wait_for_connection_s: float = 1.0,
    health_check_interval_s: int = 15,
) -> AsyncIterator[Redis]:
    """A client that speaks bytes; closed on the way out. Connects on first use, so Redis may come later.

    A command is tried once and never repeated behind the caller's back: a script that counts may have run although
    its answer was lost. Raises what redis-py raises (`redis.exceptions.RedisError`, of which `ConnectionError` and
    `TimeoutError` are the ones for a server that is away).
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections_max,
        timeout=wait_for_connection_s,
        socket_connect_timeout=connect_timeout_s,
        socket_timeout=command_timeout_s,
        socket_keepalive=True,
        health_check_interval=health_check_interval_s,
        retry=Retry(NoBackoff(), 0),
        client_name=client_name,
        decode_responses=False,
    )
    client = Redis.from_pool(pool)
    try:
        yield client
    finally:
        await client.aclose()
