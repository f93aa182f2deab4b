"""The edge to the log: `selling.CommandLog` and `money.ports.Commands` on the batching producer."""

import asyncio
from collections.abc import Callable, Sequence

from notifier.selling import NotPlaced
from runtime.kafka import BatchingProducer, LogError, LogFull, LogUnavailable, RecordTooLarge


class KafkaCommandLog:
    """Topic `commands`."""

    def __init__(self, producer: BatchingProducer) -> None:
        self._producer = producer

    def append(self, part: int, value: bytes, placed: Callable[[int | NotPlaced], None]) -> None:
        """As `selling.CommandLog`."""
        try:
            self._producer.hand_in(part, value, lambda answer: placed(_told(answer)))
        except LogError as error:
            placed(_told(error))


class KafkaCommands:
    """As `money.ports.Commands`."""

    def __init__(self, producer: BatchingProducer) -> None:
        self._producer = producer

    async def send_all(self, records: Sequence[tuple[int, bytes]]) -> list[bool]:
        """As in the port."""
        answers = await asyncio.gather(
            *(self._producer.send(part, value) for part, value in records), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, LogError):
                raise answer
        return [not isinstance(answer, BaseException) for answer in answers]


def _told(answer: int | Exception) -> int | NotPlaced:
    match answer:
        case int():
            return answer
        case LogFull():
            return NotPlaced("busy", "too many commands are on their way to the log")
        case LogUnavailable():
            return NotPlaced("log_unavailable", "the log cannot be reached; nothing was written")
        case RecordTooLarge():
            return NotPlaced("busy", "the command is larger than the log takes")
        case _:
            # LogUnknown, or something that nobody foresaw: either way nothing is certain.
            return NotPlaced(
                "log_unavailable",
                "the log did not answer in time: the command may or may not be written. "
                "Send it again with the same key: it has one verdict, however often it is sent",
            )
