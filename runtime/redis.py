"""Opening Redis with every timeout spelled out."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisAway


class _SeesItsEnd(AbstractConnection):
    """A connection that notices when it has ended by a failure: reset, or its peer gone without a word.

    redis-py 8 asks only for the end of the stream, which a failure is not, and takes the connection for a good one.
    Writing there is then a RuntimeError of uvloop's, which nobody who waits for a server that is away expects.
    """

    async def can_read(self) -> bool:
        """Whether something is there that should not be; a pool connects anew what raises OSError here."""
        writer = self._writer
        if writer is not None and writer.transport.is_closing():
            raise OSError("the connection has ended")
        return bool(await super().can_read())

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:
        """As ever; raises redis-py's `ConnectionError` where the connection has ended."""
        try:
            await super().send_packed_command(command, check_health)
        except RuntimeError as error:
            raise RedisAway(str(error)) from error


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
    # The scheme of the URL decides which kind it is: plain, TLS, or a socket in the file system.
    pool.connection_class = type("Connection", (_SeesItsEnd, pool.connection_class), {})
    client = Redis.from_pool(pool)
    try:
        yield client
    finally:
        await client.aclose()
