"""What callers note beside their holds: a reason, and metadata of their own.

Nothing is decided by it and it may speak of people, so it stays off the log, like contacts, and is erased with them.
It is written before the command is on the log and found by what the reservation was made of: its id and the
fingerprint of the request, so that another body under the same key, which is refused, leaves no trace in it.
"""

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

import asyncpg
from msgspec import Struct

from ingress.stores import reaching_postgres
from ticketing.asks import HoldBody
from ticketing.messages import HoldSeats

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

INSERT = """
INSERT INTO contact_hold (show_id, reservation_id, fingerprint, reason, metadata, created_at_ms)
SELECT $1, n.id, $3, n.reason, n.metadata, $6
FROM unnest($2::bytea[], $4::text[], $5::text[]) AS n (id, reason, metadata)
ON CONFLICT DO NOTHING
"""
FIND = """
SELECT n.reason, n.metadata FROM contact_hold n
JOIN reservations r USING (show_id, reservation_id, fingerprint)
WHERE r.part = $1 AND n.show_id = $2 AND n.reservation_id = $3
"""
FORGET = "DELETE FROM contact_hold WHERE show_id = $1 AND reservation_id = ANY($2) AND fingerprint = $3"


class HoldNote(Struct, frozen=True):
    """`metadata`: any JSON object, as it was sent; None: none was."""

    reason: str
    metadata: dict[str, Any] | None


def note_of(body: HoldBody) -> HoldNote | None:
    """What is to be kept of a hold's body beside its command; None: nothing."""
    if body.reason is None and body.metadata is None:
        return None
    return HoldNote(body.reason or "", body.metadata)


Noted = Sequence[tuple[HoldSeats, HoldNote | None]]
"""The holds of one request, with what is noted beside each."""


class HoldNotes:
    """Table `contact_hold`. All raise StoreAway."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def save(self, noted: Noted, fingerprint: bytes, now_ms: int) -> None:
        """Keep what is noted beside holds of one show that are about to be asked for; twice the same is kept once."""
        rows = [(hold.key, note) for hold, note in noted if note is not None]
        if not rows:
            return
        written = [None if note.metadata is None else json.dumps(note.metadata) for _, note in rows]
        reasons = [note.reason for _, note in rows]
        keys = [key for key, _ in rows]
        with reaching_postgres():
            await self._pool.execute(INSERT, noted[0][0].show, keys, fingerprint, reasons, written, now_ms)

    async def forget(self, noted: Noted, fingerprint: bytes) -> None:
        """The holds were refused: nothing will ever ask for this."""
        keys = [hold.key for hold, note in noted if note is not None]
        if not keys:
            return
        with reaching_postgres():
            await self._pool.execute(FORGET, noted[0][0].show, keys, fingerprint)

    async def find(self, part: int, show: int, reservation: bytes) -> HoldNote | None:
        """What was noted beside the hold of a reservation."""
        with reaching_postgres():
            row = await self._pool.fetchrow(FIND, part, show, reservation)
        if row is None:
            return None
        return HoldNote(row["reason"], None if row["metadata"] is None else json.loads(row["metadata"]))
