"""What the log knows of the time between a backup and its restore: commands, and when they were decided."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from allocator.decided_before import BY_THE_LOG
from onsale.verify.command_log import CommandLog
from runtime.kafka import LogUnavailable, PartitionReader, Record
from ticketing import topics
from ticketing.messages import OpenShow, Undecodable, decode_command, decode_outcomes

RECORDS_PER_READ = 20_000
OUTCOMES_PER_FETCH = 100
FETCH_TIMEOUT_S = 1.0
SILENT_FETCHES_MAX = 10


@dataclass(frozen=True, slots=True)
class RestoredCursor:
    """Where a partition stands in the restored database."""

    part: int
    log_gen: int
    next_offset: int


@dataclass
class Earlier:
    """One partition: `commands` are to be decided once more; `steps` as in `allocator.decided_before`."""

    part: int
    log_gen: int
    commands: int = 0
    missing: str = ""
    """Why the log does not lead on from the cursor; empty if it does."""
    steps: list[tuple[int, int | None]] = field(default_factory=list)
    opened: list[OpenShow] = field(default_factory=list)
    """The shows that were opened meanwhile."""


async def read_earlier(cursor: RestoredCursor, commands: CommandLog, outcomes: PartitionReader) -> Earlier:
    """Read one partition from its restored cursor to its end. Raises `LogError`, `CommandMissing`."""
    found = Earlier(cursor.part, cursor.log_gen)
    begin, end = await commands.bounds(cursor.part)
    if not begin <= cursor.next_offset <= end:
        found.missing = f"the log holds offsets {begin} to {end}, and the backup ends at {cursor.next_offset}"
        return found
    found.commands = end - cursor.next_offset
    if not found.commands:
        return found
    for first in range(cursor.next_offset, end, RECORDS_PER_READ):
        for record in await commands.read(cursor.part, first, min(end, first + RECORDS_PER_READ)):
            if (opened := _opened(record)) is not None:
                found.opened.append(opened)
    moments: dict[int, int] = {cursor.next_offset: BY_THE_LOG}
    decided_up_to, newest_gen = None, cursor.log_gen
    async for record in _all_of(outcomes, cursor.part):
        batch = _batch(record)
        if batch is None or batch.log_gen < newest_gen or batch.last_offset < cursor.next_offset:
            continue
        if batch.log_gen > newest_gen:
            # The log had lost its end, and has other records from here on.
            newest_gen, decided_up_to = batch.log_gen, None
            moments = {first: moment for first, moment in moments.items() if first < batch.first_offset}
        moments[max(batch.first_offset, cursor.next_offset)] = batch.decided_at_ms
        decided_up_to = max(decided_up_to or 0, batch.last_offset + 1)
    # Where no outcome is left to tell, all of it may have been decided.
    found.steps = [*sorted(moments.items()), (end if decided_up_to is None else decided_up_to, None)]
    return found


@dataclass(frozen=True, slots=True)
class _Batch:
    log_gen: int
    first_offset: int
    last_offset: int
    decided_at_ms: int


def _opened(record: Record) -> OpenShow | None:
    try:
        command = decode_command(record.value)
    except Undecodable:
        return None
    return command if isinstance(command, OpenShow) else None


def _batch(record: Record) -> _Batch | None:
    """A published batch, of whichever history: after a restore the same was decided at the same moments."""
    headers = dict(record.headers)
    try:
        offsets = [outcome.offset for outcome in decode_outcomes(record.value)]
        log_gen, decided_at_ms = (int(headers[name]) for name in (topics.HEADER_LOG_GEN, topics.HEADER_DECIDED_AT_MS))
    except (KeyError, ValueError, Undecodable):
        return None
    return _Batch(log_gen, offsets[0], offsets[-1], decided_at_ms) if offsets else None


async def _all_of(reader: PartitionReader, part: int) -> AsyncIterator[Record]:
    """Every record of a partition, from the first that is left. Raises `LogError`."""
    at, end = (await reader.begins([part]))[part], (await reader.ends([part]))[part]
    silent = 0
    while at < end:
        records = await reader.fetch(part, at, OUTCOMES_PER_FETCH, FETCH_TIMEOUT_S)
        silent = 0 if records else silent + 1
        if silent >= SILENT_FETCHES_MAX:
            raise LogUnavailable(f"topic {reader.topic}, partition {part} says nothing after offset {at}")
        for record in records:
            at = record.offset + 1
            yield record
    await reader.release([part])
