"""The cursor of a partition that is being moved: whether it may be, and by whom it can be claimed."""

from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

MOVER = UUID(int=0)
"""Owner of a cursor that nobody may claim: its lease never ends, and no allocator is called so."""

LOCK = "SELECT batch_seq, published_seq, owner FROM allocator_cursor WHERE part = $1 FOR UPDATE"
# Each finds a reason why the partition must stay for now, in what belongs to it.
REASONS = {
    "a show of it is still on sale: close it first": "SELECT FROM show WHERE part = $1 AND status = 'open'",
    "places of it are held: they are bought or expire": (
        "SELECT FROM reservation WHERE part = $1 AND status IN ('held', 'paying')"
    ),
    "bookings of a cancelled show are still to be ended": "SELECT FROM bookings_to_end WHERE part = $1",
    "a payment is still asked about": "SELECT FROM delivery_payment WHERE part = $1 AND state = 'open'",
    "a refund is still due": "SELECT FROM delivery_refund WHERE part = $1 AND state = 'due'",
    "a letter is still to be sent": "SELECT FROM delivery_mail WHERE part = $1 AND state = 'due'",
}
TAKEN = "SELECT batch_seq FROM delivery_cursor WHERE part = $1"
TOLD = "SELECT batch_seq FROM caller_event_cursor WHERE part = $1"
FENCE = "UPDATE allocator_cursor SET epoch = epoch + 1, owner = $2, lease_until = 'infinity' WHERE part = $1"
OPEN = "UPDATE allocator_cursor SET owner = NULL, lease_until = '-infinity' WHERE part = $1 AND owner = $2"
COPY = """
INSERT INTO allocator_cursor (part, epoch, batch_seq, next_offset, tail_hash, log_gen, last_now_ms, published_seq,
                              chain, owner, lease_until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'infinity')
"""
READ = """
SELECT part, epoch, batch_seq, next_offset, tail_hash, log_gen, last_now_ms, published_seq, chain, owner
FROM allocator_cursor WHERE part = $1
"""


class MustStay(Exception):
    """The partition cannot be moved now; the text says why."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What a cluster has of the cursor: whether it is there at all, and whether it is fenced for a move."""

    is_there: bool
    is_fenced: bool


async def look(connection: Connection, part: int) -> Whereabouts:
    """As committed now."""
    row = await connection.fetchrow("SELECT owner FROM allocator_cursor WHERE part = $1", part)
    return Whereabouts(row is not None, row is not None and row["owner"] == MOVER)


async def fence(source: Connection, first: Connection, part: int) -> None:
    """Take the partition from whoever decides it, for good, if nothing of it is under way. Raises `MustStay`.

    The cursor's row is locked: no batch can come between what is looked at and the fence.
    """
    async with source.transaction():
        cursor = await source.fetchrow(LOCK, part)
        if cursor is None or cursor["owner"] == MOVER:
            return
        for reason, sql in REASONS.items():
            if await source.fetch(f"{sql} LIMIT 1", part):
                raise MustStay(reason)
        seq = cursor["batch_seq"]
        if cursor["published_seq"] < seq:
            raise MustStay("its last outcomes are not published yet")
        if min(await source.fetchval(TAKEN, part) or 0, await first.fetchval(TOLD, part) or 0) < seq:
            raise MustStay("the notifier has not taken its last outcomes yet")
        await source.execute(FENCE, part, MOVER)


async def copy_cursor(source: Connection, target: Connection, part: int) -> None:
    """The cursor as it is, fenced."""
    await target.execute("DELETE FROM allocator_cursor WHERE part = $1", part)
    row = await source.fetchrow(READ, part)
    assert row is not None
    await target.execute(COPY, *row)


async def remove_cursor(source: Connection, part: int) -> None:
    """Nobody can claim it here any more."""
    await source.execute("DELETE FROM allocator_cursor WHERE part = $1 AND owner = $2", part, MOVER)


async def open_cursor(target: Connection, part: int) -> None:
    """Any allocator may claim it from now on."""
    await target.execute(OPEN, part, MOVER)
