"""Reading one record here or there."""

import asyncio
from collections.abc import Awaitable, Callable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from runtime.kafka.connection import as_record, stop
from runtime.kafka.records import LogUnavailable, Record


class SingleReads:
    """A consumer for single records, connected at the first use.

    It is another one than the reader's, as assigning anew throws away what a consumer has read ahead.
    """

    def __init__(self, connect: Callable[[], Awaitable[AIOKafkaConsumer]], timeout_s: float) -> None:
        self._connect = connect
        self._timeout_s = timeout_s
        self._turn = asyncio.Lock()
        self._consumer: AIOKafkaConsumer | None = None

    async def read(self, tp: TopicPartition, offset: int) -> Record | None:
        """The record at `offset`; None when the log has none there. Raises `LogUnavailable`."""
        async with self._turn:
            if self._consumer is None:
                self._consumer = await self._connect()
            self._consumer.assign([tp])
            self._consumer.seek(tp, offset)
            try:
                async with asyncio.timeout(self._timeout_s):
                    found = await self._consumer.getone(tp)
            except OffsetOutOfRangeError:
                return None
            except (KafkaError, TimeoutError) as exc:
                # Perhaps the broker has moved: the next attempt starts from the bootstrap servers.
                await self.close()
                raise LogUnavailable(f"cannot read {tp.topic}/{tp.partition} at {offset}: {exc!r}") from exc
        return as_record(found) if found.offset == offset else None

    async def close(self) -> None:
        """Disconnect."""
        last, self._consumer = self._consumer, None
        await stop(last)
