"""Topic `commands`, read once more from the beginning."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from runtime.kafka import LogUnavailable, PartitionReader, Record
from ticketing import topics

FETCH_TIMEOUT_S = 1.0
SILENT_FETCHES_MAX = 10
RECORDS_PER_FETCH = 2_000


class CommandMissing(Exception):
    """The log has a hole: a record between its beginning and its end is not there."""


class CommandLog:
    """Reads one partition after the other, each from the front."""

    def __init__(self, reader: PartitionReader) -> None:
        self._reader = reader
        self._part: int | None = None

    async def bounds(self, part: int) -> tuple[int, int]:
        """`(first offset, next offset)` of what the log holds. Raises `runtime.kafka.LogError`."""
        return (await self._reader.begins([part]))[part], (await self._reader.ends([part]))[part]

    async def read(self, part: int, first_offset: int, next_offset: int) -> list[Record]:
        """All records of these offsets. Raises `CommandMissing`, `runtime.kafka.LogError`."""
        if self._part is not None and self._part != part:
            # What was read ahead of the last one is not wanted any more.
            await self._reader.release([self._part])
        self._part = part
        found: list[Record] = []
        silent = 0
        while first_offset < next_offset:
            records_max = min(RECORDS_PER_FETCH, next_offset - first_offset)
            records = await self._reader.fetch(part, first_offset, records_max, FETCH_TIMEOUT_S)
            if records and records[0].offset != first_offset:
                raise CommandMissing(f"offset {first_offset} is missing from the log")
            silent = 0 if records else silent + 1
            if silent >= SILENT_FETCHES_MAX:
                raise LogUnavailable(f"partition {part} says nothing after offset {first_offset}")
            found += records
            first_offset += len(records)
        return found


@asynccontextmanager
async def open_commands(bootstrap: str, topic_prefix: str) -> AsyncIterator[CommandLog]:
    """Raises `runtime.kafka.LogUnavailable`."""
    topic = topics.COMMANDS.full_name(topic_prefix)
    async with PartitionReader(bootstrap, topic, client_id="onsale-verify") as reader:
        yield CommandLog(reader)
