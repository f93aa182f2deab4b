"""A connection that its peer has reset, met before aiokafka knows of it. On uvloop, as rooms run."""

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
import uvloop
from aiokafka import client, conn
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.protocol.metadata import MetadataRequest

from runtime.kafka import ending
from runtime.kafka.client import RenewedProducer
from runtime.kafka.connection import connect, stop
from tests.contract.test_kafka_edges import read_all, reader, sender
from tests.servers import Servers


class Way:
    """What lies between aiokafka and the brokers, and can reset every connection on it."""

    def __init__(self) -> None:
        self.made: list[conn.AIOKafkaConnection] = []
        self._open: list[asyncio.StreamWriter] = []

    async def create_conn(self, host: str, port: int, **options: Any) -> conn.AIOKafkaConnection:
        """In place of aiokafka's: a connection to there that leads through here."""
        listening = await asyncio.start_server(partial(self._serve, host, port), "127.0.0.1", 0)
        try:
            made: conn.AIOKafkaConnection = await conn.create_conn(
                "127.0.0.1", listening.sockets[0].getsockname()[1], **options
            )
        finally:
            listening.close()
        self.made.append(made)
        return made

    async def reset(self) -> None:
        """End all of them without saying goodbye; their handles are closed then, the last one unknown to aiokafka."""
        for writer in self._open:
            if not writer.is_closing():
                plain: socket.socket = writer.get_extra_info("socket")
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
        self._open.clear()
        async with asyncio.timeout(10):
            for connection in self.made:
                assert connection._closed_fut is not None
                await connection._closed_fut

    async def _serve(self, host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.append(writer)
        broker_reader, broker_writer = await asyncio.open_connection(host, port)
        await asyncio.gather(_carry(reader, broker_writer), _carry(broker_reader, writer))


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while (data := await reader.read(65_536)) and not writer.is_closing():
            writer.write(data)
    writer.close()


@pytest.fixture
def way(topics: str, monkeypatch: pytest.MonkeyPatch) -> Way:
    """Taken by an aiokafka in which nothing is installed yet; after `topics`, whose making is another story."""
    assert topics
    found = Way()
    monkeypatch.setattr(client, "create_conn", found.create_conn)
    monkeypatch.setattr(conn, "AIOKafkaConnection", ending.EndingConnection.__base__)
    return found


@pytest.fixture
def late_word(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """That turn does not pass: aiokafka is never told that the task which reads a connection has ended."""

    def untold(_connection: object, reading: "asyncio.Task[None]") -> None:
        if not reading.cancelled():
            reading.exception()

    monkeypatch.setattr(conn.AIOKafkaConnection, "_on_read_task_error", staticmethod(untold))


async def connected(servers: Servers, way: Way, **options: Any) -> conn.AIOKafkaConnection:
    """Straight to the first broker."""
    host, port = servers.kafka_bootstrap.split(",")[0].rsplit(":", 1)
    return await way.create_conn(host, int(port), **options)


def test_writing_where_the_handle_is_closed_is_an_error_that_aiokafka_knows(servers: Servers, way: Way) -> None:
    async def story() -> None:
        ending.install()
        ending.install()
        reasons: list[conn.CloseReason] = []
        connection = await connected(servers, way, on_close=lambda _connection, reason: reasons.append(reason))
        await way.reset()
        assert connection.connected()
        with pytest.raises(KafkaConnectionError, match="the handler is closed"):
            connection.send(MetadataRequest([]))
        assert not connection.connected()
        assert reasons == [conn.CloseReason.CONNECTION_BROKEN]

    uvloop.run(story())


def test_what_else_is_wrong_with_writing_is_said_as_it_was(servers: Servers, way: Way) -> None:
    async def story() -> None:
        ending.install()
        connection = await connected(servers, way)
        assert connection._writer is not None
        connection._writer.write_eof()
        with pytest.raises(RuntimeError, match="after write_eof") as wrong:
            connection.send(MetadataRequest([]))
        assert not isinstance(wrong.value, KafkaError)
        assert connection.connected()
        await connection.close()

    uvloop.run(story())


@pytest.mark.usefixtures("late_word")
def test_a_sender_goes_on_after_it(servers: Servers, topics: str, way: Way) -> None:
    async def story() -> None:
        async with sender(servers, f"{topics}commands") as producer:
            assert await producer.send(0, b"before") == 0
            await way.reset()
            assert await producer.send(0, b"after") == 1

    uvloop.run(story())


@pytest.mark.usefixtures("late_word")
def test_a_reader_goes_on_after_it(servers: Servers, topics: str, way: Way) -> None:
    async def story() -> None:
        topic = f"{topics}commands"
        async with sender(servers, topic) as producer, reader(servers, topic) as log:
            await producer.send(0, b"before")
            assert [record.value for record in await read_all(log, 0, 1)] == [b"before"]
            await way.reset()
            assert await log.ends([0]) == {0: 1}
            await producer.send(0, b"after")
            assert [record.value for record in await log.fetch(0, 1, 10, 10)] == [b"after"]

    uvloop.run(story())


async def by_a_consumer(bootstrap: str, _topic: str) -> None:
    await stop(await connect(bootstrap, client_id="test", request_timeout_s=5.0, idle_wait_ms=20))


async def by_a_producer(bootstrap: str, topic: str) -> None:
    made = RenewedProducer(bootstrap, topic, client_id="test", max_request_bytes=1_000_000, request_timeout_s=5.0)
    await made.open(20)
    assert made.is_ready
    await made.close()


@pytest.mark.parametrize("connections_made", [by_a_consumer, by_a_producer])
def test_every_connection_is_one_that_sees_its_end(
    connections_made: Callable[[str, str], Coroutine[Any, Any, None]], servers: Servers, topics: str, way: Way
) -> None:
    uvloop.run(connections_made(servers.kafka_bootstrap, f"{topics}commands"))
    assert {type(connection) for connection in way.made} == {ending.EndingConnection}
