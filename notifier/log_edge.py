"""The edge to the log: `selling.CommandLog` on the batching producer."""

from collections.abc import Callable

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
