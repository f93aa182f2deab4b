"""How a partition is claimed; and whether the log still holds what was decided there.

A tail that is lost, and may have grown again, looks like a log.
"""

from dataclasses import replace

from allocator.netting import tail_hash
from allocator.ports import CommandLog, Cursor, Observer, Store
from allocator.stock import PartitionState


async def claim(store: Store, log: CommandLog, observer: Observer) -> tuple[Cursor, PartitionState] | None:
    """Own a partition: fence its last owner, look whether the log still fits the cursor, load, publish what is due.

    None where somebody else lives on it. Raises what `Store` and `CommandLog` raise.
    """
    cursor = await store.claim()
    if cursor is None:
        return None
    cursor = await agree_with_log(cursor, store, log, observer)
    state = await store.load(cursor)
    for publication in await store.unpublished(cursor):
        await log.publish(publication)
    # Told with the next renewal: on a partition where nothing is asked, readers would wait for it for ever.
    return replace(cursor, published_seq=cursor.at.batch_seq), state


async def agree_with_log(cursor: Cursor, store: Store, log: CommandLog, observer: Observer) -> Cursor:
    """At a claim: the cursor as it is, or in the next generation of a log that has lost what was decided."""
    part, expected = cursor.at.part, cursor.at.next_offset
    go_on_at = await going_on_at(log, part, expected, cursor.tail_hash)
    if go_on_at is None:
        return cursor
    observer.log_lost(part, expected, go_on_at)
    return await store.restart_log(cursor.at, go_on_at)


async def going_on_at(log: CommandLog, part: int, next_offset: int, tail: bytes | None) -> int | None:
    """None where the log continues what was decided before `next_offset`; else the offset to go on at.

    `tail`: `tail_hash` of the record at `next_offset` - 1, None where nothing was decided yet. Raises `LogUnreadable`.
    """
    first, end = await log.bounds(part)
    if first > next_offset:
        return first
    if next_offset > end:
        return end
    if next_offset == first or tail is None:
        return None
    last = await log.read_one(part, next_offset - 1)
    return None if last is not None and tail_hash(last.timestamp_ms, last.value) == tail else end
