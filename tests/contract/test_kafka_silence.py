"""A broker that is lost without a word: connections that stay open, and over which nothing is answered."""

import asyncio
from typing import Any

import pytest

from runtime.kafka import PartitionReader
from tests.contract.test_kafka_edges import sender
from tests.servers import Servers


def fall_silent(log: PartitionReader, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The reader's connections, as those to a lost host are: nothing is closed, and nobody answers what is sent."""
    connections = list(log._opened()._client._conns.values())
    for connection in connections:
        monkeypatch.setattr(connection._writer, "write", lambda data: None)
    return connections


async def test_a_connection_that_fell_silent_is_not_asked_for_ever(
    servers: Servers, topics: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = f"{topics}commands"
    short = PartitionReader(servers.kafka_bootstrap, topic, client_id="test", request_timeout_s=2.0)
    async with sender(servers, topic) as producer, short as log:
        await producer.send(0, b"x")
        assert await log.ends([0]) == {0: 1}
        connections = fall_silent(log, monkeypatch)
        assert await log.ends([0]) == {0: 1}
        assert await log.begins([0]) == {0: 0}
    assert connections and not any(connection.connected() for connection in connections)


async def test_what_was_asked_of_a_silent_connection_is_asked_again_of_the_next_one(
    servers: Servers, topics: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = f"{topics}commands"
    patient = PartitionReader(servers.kafka_bootstrap, topic, client_id="test", request_timeout_s=60.0)
    async with sender(servers, topic) as producer, patient as log:
        await producer.send(0, b"x")
        assert await log.ends([0]) == {0: 1}
        fall_silent(log, monkeypatch)
        asked = [asyncio.create_task(log.ends([0])), asyncio.create_task(log.begins([0]))]
        left = asyncio.create_task(log.ends([0]))
        await asyncio.sleep(0.1)  # time enough for an answer
        left.cancel()
        assert not any(question.done() for question in asked)
        assert await log._reconnect()
        async with asyncio.timeout(50):
            assert await asyncio.gather(*asked) == [{0: 1}, {0: 0}]
        with pytest.raises(asyncio.CancelledError):
            await left
