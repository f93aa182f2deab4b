"""The edge to the log: hearing the allocators, and telling the other rooms."""

import asyncio
import random
from collections.abc import Callable, Sequence

import structlog

from runtime.kafka import BatchingProducer, LogError, LogRangeError, PartitionReader
from runtime.retry import Backoff
from ticketing.messages import RoomStatusNow, ShowStatusNow, Undecodable, decode_status, encode

log = structlog.get_logger("waiting_room")

PART = 0
RECORDS_MAX = 1_000
POLL_S = 0.5


class ShowStatusReader:
    """Topic `show_status` from its end on: only what is true now is worth hearing."""

    def __init__(self, reader: PartitionReader, heard: Callable[[ShowStatusNow], None]) -> None:
        self._reader = reader
        self._heard = heard
        self._reason = "the show statuses are not read yet"

    def reasons(self) -> list[str]:
        """Why the room does not hear the allocators; none means that it does."""
        return [self._reason] if self._reason else []

    async def run(self) -> None:
        """Never returns."""
        backoff = Backoff(random.random, longest_s=2.0)
        while True:
            try:
                await self._reader.set_positions(await self._reader.ends([PART]))
                while True:
                    self._reason = ""
                    backoff.reset()
                    for record in await self._reader.poll(RECORDS_MAX, POLL_S):
                        self._hear(record.value)
            except LogError as error:
                if not isinstance(error, LogRangeError):
                    self._reason = "the log cannot be read"
                log.warning("room.statuses_interrupted", error=repr(error))
                await asyncio.sleep(backoff.next_wait_s())

    def _hear(self, value: bytes) -> None:
        try:
            status = decode_status(value)
        except Undecodable as error:
            log.warning("room.status_undecodable", error=str(error))
            return
        if isinstance(status, ShowStatusNow):
            self._heard(status)


class RoomStatusWriter:
    """Topic `room_status`. A status that is lost is followed by the next one a second later."""

    def __init__(self, producer: BatchingProducer) -> None:
        self._producer = producer

    async def tell(self, statuses: Sequence[RoomStatusNow]) -> None:
        """Send all; what the log does not take is forgotten."""
        await asyncio.gather(
            *(self._producer.send(PART, encode(status)) for status in statuses), return_exceptions=True
        )
