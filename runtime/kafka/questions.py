"""Questions about the offsets of a topic, which outlive the consumer that they were asked of."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from runtime.kafka.records import LogUnavailable

REQUESTS_A_QUESTION = 2
"""A question may take the time of so many requests: a broker that is gone without a word closes nothing, and only a
request whose own time is over makes the client ask who leads by now. If both times ended at once, the client would be
stopped before it, and every question would go to the lost broker again."""


class Questions:
    """Asks the consumer that `current` gives, and the next one where it is replaced meanwhile."""

    def __init__(self, topic: str, current: Callable[[], AIOKafkaConsumer], request_timeout_s: float) -> None:
        self._topic = topic
        self._current = current
        self._timeout_s = REQUESTS_A_QUESTION * request_timeout_s
        self._asked: set[asyncio.Task[dict[int, int]]] = set()

    async def offsets(self, parts: Iterable[int], *, end: bool) -> dict[int, int]:
        """Where each partition ends, or begins. Raises `LogUnavailable`."""
        tps = [TopicPartition(self._topic, part) for part in parts]
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._ask(tps, end=end)
        except (KafkaError, TimeoutError) as exc:
            raise LogUnavailable(f"cannot find where {self._topic} {'ends' if end else 'begins'}: {exc!r}") from exc

    def ask_anew(self) -> None:
        """There is another consumer: what the one before was asked is asked of this one."""
        for asked in self._asked:
            asked.cancel()

    async def _ask(self, tps: list[TopicPartition], *, end: bool) -> dict[int, int]:
        while True:
            consumer = self._current()
            asked = asyncio.create_task(_offsets(consumer, tps, end=end))
            self._asked.add(asked)
            try:
                return await asked
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if consumer is self._current() or task is None or task.cancelling():
                    raise
            finally:
                self._asked.discard(asked)


async def _offsets(consumer: AIOKafkaConsumer, tps: list[TopicPartition], *, end: bool) -> dict[int, int]:
    # The consumer's own methods (0.14.0) give up when a single request may; here whoever asks has a time of their own.
    fetcher: Any = consumer._fetcher
    found = await (fetcher.end_offsets if end else fetcher.beginning_offsets)(tps, timeout_ms=None)
    return {tp.partition: offset for tp, offset in found.items()}
