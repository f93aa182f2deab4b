"""The edge to the log and to the event loop: the ports of `service.py` on the real thing."""

import asyncio
from collections.abc import Callable

from ingress.service import CommandLog, NotTaken, Timed
from runtime.kafka import BatchingProducer, LogError, LogFull, LogUnavailable, RecordTooLarge


class KafkaCommandLog:
    """Topic `commands` through the batching producer."""

    def __init__(self, producer: BatchingProducer) -> None:
        self._producer = producer

    def append(self, part: int, value: bytes, placed: Callable[[int | NotTaken], None]) -> None:
        """As `service.CommandLog`."""
        try:
            self._producer.hand_in(
                part, value, lambda answer: placed(answer if isinstance(answer, int) else _not_taken(answer))
            )
        except LogError as error:
            placed(_not_taken(error))


class RawAppend:
    """As `dead_letter_routes.Append`."""

    def __init__(self, log: CommandLog) -> None:
        self._log = log

    async def __call__(self, part: int, raw: bytes) -> int | NotTaken:
        """The offset of the record once it is safely on the log, or why it is not known to be there."""
        placed: asyncio.Future[int | NotTaken] = asyncio.get_running_loop().create_future()
        self._log.append(part, raw, lambda answer: None if placed.done() else placed.set_result(answer))
        return await placed


def _not_taken(error: Exception) -> NotTaken:
    match error:
        case LogFull():
            return NotTaken("busy", "too many commands are on their way to the log")
        case LogUnavailable():
            return NotTaken("log_unavailable", "the log cannot be reached; nothing was written", 2)
        case RecordTooLarge():
            return NotTaken("busy", "the command is larger than the log takes")
        case _:
            # LogUnknown, or something that nobody foresaw: either way nothing is certain.
            return NotTaken(
                "log_unavailable",
                "the log did not answer in time: the command may or may not be written. "
                "Send it again with the same Idempotency-Key: it has one verdict, however often it is sent",
                2,
            )


class FutureBell:
    """A bell that is an asyncio future."""

    __slots__ = ("_future",)

    def __init__(self) -> None:
        self._future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def ring(self) -> None:
        """As `service.Bell`."""
        if not self._future.done():
            self._future.set_result(None)

    async def heard(self) -> None:
        """As `service.Bell`."""
        await self._future


class TickingAlarms:
    """As `service.Alarms`, on the event loop: one timer for all that end in the same tick, and none for each."""

    def __init__(self, tick_s: float = 0.05) -> None:
        self._tick_s = tick_s
        self._loop = asyncio.get_running_loop()
        self._ticks: dict[int, set[Timed]] = {}

    def set(self, who: Timed, after_s: float) -> Callable[[Timed], None]:
        """As `service.Alarms`."""
        tick = int((self._loop.time() + after_s) / self._tick_s) + 1
        waiting = self._ticks.get(tick)
        if waiting is None:
            waiting = self._ticks[tick] = set()
            self._loop.call_at(tick * self._tick_s, self._ring, tick)
        waiting.add(who)
        return waiting.discard

    def _ring(self, tick: int) -> None:
        waiting = self._ticks.pop(tick)
        while waiting:
            waiting.pop().overdue()
