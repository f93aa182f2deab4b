"""Closing a consumer: what its library lets out is not taken for a cancelling of ours."""

import asyncio
from typing import Any, cast

import pytest

from runtime.kafka.connection import stop

pytestmark = pytest.mark.anyio


class Client:
    closed = False

    async def close(self) -> None:
        self.closed = True


class ConsumerInBackoff:
    """As aiokafka's, whose `stop` awaits a fetch that it has cancelled, in the pause after a failure."""

    def __init__(self) -> None:
        self._client = Client()
        self.stopping = asyncio.Event()

    async def stop(self) -> None:
        self.stopping.set()
        fetch = asyncio.ensure_future(asyncio.sleep(3600))
        await asyncio.sleep(0)
        fetch.cancel()
        await fetch

    @property
    def closed(self) -> bool:
        return self._client.closed


class ConsumerThatHangs(ConsumerInBackoff):
    async def stop(self) -> None:
        self.stopping.set()
        await asyncio.sleep(3600)


async def test_a_fetch_that_the_library_cancelled_ends_nobody_else() -> None:
    consumer = ConsumerInBackoff()
    await stop(cast(Any, consumer))
    assert consumer.closed


async def test_a_cancelling_of_ours_is_obeyed() -> None:
    consumer = ConsumerThatHangs()
    closing = asyncio.create_task(stop(cast(Any, consumer)))
    await consumer.stopping.wait()
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert not consumer.closed
