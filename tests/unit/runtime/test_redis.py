"""A connection to Redis that ended by a failure while nobody used it. On uvloop, as rooms run."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvloop
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisAway

from runtime.redis import open_redis


class Server:
    """Answers every command, and can reset its connections."""

    def __init__(self) -> None:
        self._open: list[asyncio.StreamWriter] = []
        self.connected = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self._open.append(writer)
        self.connected += 1
        while line := await reader.readline():
            words = []
            for _ in range(int(line[1:])):
                size = int((await reader.readline())[1:])
                words.append((await reader.readexactly(size + len(b"\r\n")))[:size])
            writer.write(b"+PONG\r\n" if words == [b"PING"] else b"+OK\r\n")

    def reset(self) -> None:
        """End all of them without saying goodbye."""
        for writer in self._open:
            plain: socket.socket = writer.get_extra_info("socket")
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        self._open.clear()


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Server, Redis]]:
    """A server, and a client of it."""
    server = Server()
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with open_redis(f"redis://127.0.0.1:{port}/0?protocol=2", client_name="test") as client:
            yield server, client
        server.reset()


async def taken(client: Redis) -> AbstractConnection:
    """A connection of its pool."""
    connection: AbstractConnection = await client.connection_pool.get_connection()  # type: ignore[no-untyped-call]
    return connection


async def until_ended(connection: AbstractConnection) -> None:
    """The client's own side has heard of it."""
    writer = connection._writer
    assert writer is not None
    async with asyncio.timeout(10):
        while not writer.transport.is_closing():  # noqa: ASYNC110 -- nobody is told but the client
            await asyncio.sleep(0)


async def lost_while_idle() -> None:
    async with served() as (server, client):
        await client.ping()
        connection = await taken(client)
        await client.connection_pool.release(connection)
        server.reset()
        await until_ended(connection)
        await client.ping()
        assert server.connected == 2


async def lost_while_in_use() -> None:
    async with served() as (server, client):
        connection = await taken(client)
        server.reset()
        await until_ended(connection)
        with pytest.raises(RedisAway):
            await connection.send_command("PING")
        await client.connection_pool.release(connection)
        await client.ping()


@pytest.mark.parametrize("story", [lost_while_idle, lost_while_in_use])
def test_a_connection_that_was_reset_is_made_anew(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    uvloop.run(story())
