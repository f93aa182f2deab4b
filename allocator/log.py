"""Kafka as the desks' log: `commands` by exact offset, `outcomes` in order."""

import asyncio
from collections.abc import Sequence

import structlog

from allocator.errors import LogUnreadable
from allocator.ports import LogRecord, Publication
from runtime.kafka import LogError, LogRangeError, PartitionReader, RecordProducer
from ticketing import topics

PUBLISH_RETRY_S = 0.2
FETCH_RETRY_S = 0.2

log = structlog.get_logger(__name__)


class KafkaLog:
    """See `ports.CommandLog`. One reader and one producer serve all desks of the process."""

    def __init__(self, reader: PartitionReader, producer: RecordProducer) -> None:
        self._reader = reader
        self._producer = producer

    @property
    def reachable(self) -> bool:
        """Whether the brokers answered when they were last heard or asked."""
        return self._reader.reachable

    async def fetch(self, part: int, offset: int, records_max: int, timeout_s: float) -> Sequence[LogRecord]:
        """Raises `LogUnreadable` where the log does not reach to `offset`; nothing while the brokers are away."""
        try:
            return await self._reader.fetch(part, offset, records_max, timeout_s)
        except LogRangeError as error:
            raise LogUnreadable(str(error)) from error
        except LogError as error:
            log.warning("commands.unreachable", part=part, error=repr(error))
            await asyncio.sleep(FETCH_RETRY_S)
            return ()

    def interruptions(self, part: int) -> int:
        """Counts the connections that this partition was read over."""
        return self._reader.interruptions(part)

    async def bounds(self, part: int) -> tuple[int, int]:
        """Raises `LogUnreadable` while the brokers are away."""
        try:
            return (await self._reader.begins([part]))[part], (await self._reader.ends([part]))[part]
        except LogError as error:
            raise LogUnreadable(repr(error)) from error

    async def read_one(self, part: int, offset: int) -> LogRecord | None:
        """Raises `LogUnreadable` while the brokers are away."""
        try:
            return await self._reader.read_one(part, offset)
        except LogError as error:
            raise LogUnreadable(repr(error)) from error

    async def forget(self, part: int) -> None:
        """Read this partition no more: it has another owner."""
        await self._reader.release([part])

    async def publish(self, publication: Publication) -> None:
        """Tries until the brokers have it: readers drop what they get twice."""
        headers = (
            (topics.HEADER_LOG_GEN, b"%d" % publication.log_gen),
            (topics.HEADER_BATCH_SEQ, b"%d" % publication.batch_seq),
            (topics.HEADER_HISTORY_ID, publication.history_id.encode()),
            (topics.HEADER_DECIDED_AT_MS, b"%d" % publication.decided_at_ms),
        )
        while True:
            try:
                await self._producer.send_and_wait(publication.part, publication.payload, headers)
            except LogError as error:
                log.warning("outcomes.unreachable", part=publication.part, error=repr(error))
                await asyncio.sleep(PUBLISH_RETRY_S)
            else:
                return
