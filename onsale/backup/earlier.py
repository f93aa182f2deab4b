"""What the log knows of the time between a backup and its restore: commands, and when they were decided."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from allocator.decided_before import BY_THE_LOG
from onsale.verify.command_log import CommandLog
from runtime.kafka import LogUnavailable, PartitionReader, Record
from ticketing import messages, topics
from ticketing.messages import OpenShow, Undecodable, decode_command, decode_outcomes

RECORDS_PER_READ = 20_000
OUTCOMES_PER_FETCH = 100
FETCH_TIMEOUT_S = 1.0
SILENT_FETCHES_MAX = 10


@dataclass(frozen=True, slots=True)
class RestoredCursor:
    """Where a partition stands in the restored database, and the history that it belonged to."""

    part: int
    log_gen: int
    batch_seq: int
    next_offset: int
    history_id: str


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
    found.steps = [(cursor.next_offset, BY_THE_LOG)]
    decided_up_to = None
    async for record in _all_of(outcomes, cursor.part):
        step = _step(record, cursor)
        if step is not None and step[0] > found.steps[-1][0]:
            found.steps.append((step[0], step[1]))
        elif step is not None and step[0] == cursor.next_offset:
            found.steps = [(step[0], step[1])]
        if step is not None:
            decided_up_to = step[2] + 1
    # Where no outcome is left to tell, all of it may have been decided.
    found.steps.append((end if decided_up_to is None else decided_up_to, None))
    return found


def _opened(record: Record) -> OpenShow | None:
    try:
        command = decode_command(record.value)
    except Undecodable:
        return None
    return command if isinstance(command, OpenShow) else None


def _step(record: Record, cursor: RestoredCursor) -> tuple[int, int, int] | None:
    """`(first offset, moment in ms, last offset)` of a batch that the restored database does not know."""
    headers = dict(record.headers)
    try:
        is_ours = headers[topics.HEADER_HISTORY_ID] == cursor.history_id.encode()
        log_gen, seq, moment_ms = (
            int(headers[name]) for name in (topics.HEADER_LOG_GEN, topics.HEADER_BATCH_SEQ, topics.HEADER_DECIDED_AT_MS)
        )
        offsets = [outcome.offset for outcome in decode_outcomes(record.value)]
    except (KeyError, ValueError, messages.Undecodable):
        return None
    if not is_ours or log_gen != cursor.log_gen or seq <= cursor.batch_seq or not offsets:
        return None
    return offsets[0], moment_ms, offsets[-1]


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
