"""The edge to the log and to the event loop: the ports of `service.py` on the real thing."""

import asyncio

from ingress.service import NotTaken
from runtime.kafka import BatchingProducer, LogFull, LogUnavailable, LogUnknown, RecordTooLarge


class KafkaCommandLog:
    """Topic `commands` through the batching producer."""

    def __init__(self, producer: BatchingProducer) -> None:
        self._producer = producer

    async def append(self, part: int, value: bytes) -> int | NotTaken:
        """As `service.CommandLog`."""
        try:
            return await self._producer.send(part, value)
        except LogFull:
            return NotTaken("busy", "too many commands are on their way to the log")
        except LogUnavailable:
            return NotTaken("log_unavailable", "the log cannot be reached; nothing was written", 2)
        except LogUnknown:
            return NotTaken(
                "log_unavailable",
                "the log did not answer in time: the command may or may not be written. "
                "Send it again with the same Idempotency-Key: it has one verdict, however often it is sent",
                2,
            )
        except RecordTooLarge:
            return NotTaken("busy", "the command is larger than the log takes")


class FutureBell:
    """A bell that is an asyncio future."""

    __slots__ = ("_future",)

    def __init__(self) -> None:
        self._future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def ring(self) -> None:
        """As `service.Bell`."""
        if not self._future.done():
            self._future.set_result(None)

    async def heard(self, timeout_s: float) -> None:
        """As `service.Bell`."""
        if self._future.done():
            return
        # A timer and the future itself: `wait_for` would cost a cancellation for each that rings.
        timer = asyncio.get_running_loop().call_later(timeout_s, self.ring)
        try:
            await self._future
        finally:
            timer.cancel()
