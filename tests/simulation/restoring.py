"""What `onsale restore` does to a database that was put back: the real reading of the log, over the fakes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from allocator.ports import Publication
from onsale.backup.earlier import RestoredCursor, read_earlier
from onsale.verify.command_log import CommandLog
from runtime.follow_edges import batch_headers
from runtime.kafka import PartitionReader, Record
from tests.simulation.followers import batch_of
from tests.simulation.hands import Hand
from tests.simulation.memory_log import Commands
from tests.simulation.memory_tables import Step, Tables


def decided_before(backup: Tables, logs: Mapping[int, Commands], published: Sequence[Publication]) -> list[Step]:
    """The rows of decided_before for a database that is `backup` again."""
    commands, outcomes = cast(CommandLog, _CommandLog(logs)), cast(PartitionReader, _Outcomes(published))
    steps: list[Step] = []
    for part, row in backup.cursor.items():
        reading = Hand(read_earlier(RestoredCursor(part, row["log_gen"], row["next_offset"]), commands, outcomes))
        reading.advance()
        if reading.error is not None:
            raise reading.error
        earlier = reading.result
        assert earlier is not None and not earlier.missing
        steps += [(part, earlier.log_gen, *step) for step in earlier.steps]
    return steps


class _CommandLog:
    """See `onsale.verify.command_log.CommandLog`."""

    def __init__(self, logs: Mapping[int, Commands]) -> None:
        self._logs = logs

    async def bounds(self, part: int) -> tuple[int, int]:
        return self._logs[part].first, self._logs[part].end

    async def read(self, part: int, first_offset: int, next_offset: int) -> list[Record]:
        records = self._logs[part].fetch(first_offset, next_offset - first_offset)
        return [Record(part, it.offset, it.timestamp_ms, None, it.value, ()) for it in records]


class _Outcomes:
    """As much of a `PartitionReader` over topic `outcomes` as a restore needs."""

    def __init__(self, published: Iterable[Publication]) -> None:
        self._records: dict[int, list[Record]] = {}
        for publication in published:
            batch = batch_of(publication)
            of_part = self._records.setdefault(batch.part, [])
            headers = tuple(batch_headers(batch))
            of_part.append(Record(batch.part, len(of_part), batch.decided_at_ms, None, batch.payload, headers))

    async def begins(self, parts: Iterable[int]) -> dict[int, int]:
        return dict.fromkeys(parts, 0)

    async def ends(self, parts: Iterable[int]) -> dict[int, int]:
        return {part: len(self._records.get(part, ())) for part in parts}

    async def fetch(self, part: int, offset: int, records_max: int, timeout_s: float) -> list[Record]:
        return self._records[part][offset : offset + records_max]

    async def release(self, parts: Iterable[int]) -> None: ...
