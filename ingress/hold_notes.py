"""What callers note beside their holds: a reason, and metadata of their own.

Nothing is decided by it and it may speak of people, so it stays off the log, like contacts, and is erased with them.
It is written before the command is on the log and found by what the reservation was made of: its id and the
fingerprint of the request, so that another body under the same key, which is refused, leaves no trace in it.

A booking that was one hold has that hold's note. One that was made of several, or of seats by name, shows the note of
each of them, in the order in which they were named.
"""

import json
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from ingress.stores import reaching_postgres
from runtime.clusters import Clusters
from ticketing.asks import HoldBody
from ticketing.messages import BookNow, HoldSeats

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
KEEP_TOGETHER = """
WITH named AS (
    SELECT id, nth FROM unnest($5::bytea[]) WITH ORDINALITY AS named (id, nth)
    UNION ALL
    SELECT r.reservation_id, 2147483647 FROM reservations r
    WHERE cardinality($7::int[]) > 0 AND r.part = $1 AND r.show_id = $2 AND r.account = $6 AND r.status = 'held'
      AND r.noted AND r.seats && $7 AND r.reservation_id <> ALL ($5)
)
INSERT INTO contact_basket (show_id, reservation_id, fingerprint, holds, created_at_ms)
SELECT $2, $3, $4, array_agg(id ORDER BY nth, id), $8 FROM named
WHERE EXISTS (SELECT FROM contact_hold n WHERE n.show_id = $2 AND n.reservation_id = id)
HAVING count(*) > 0
ON CONFLICT DO NOTHING
"""
FIND_TOGETHER = """
SELECT n.reservation_id, n.reason, n.metadata
FROM contact_basket b
JOIN reservations booking ON booking.part = $1 AND booking.show_id = b.show_id
 AND booking.reservation_id = b.reservation_id AND booking.fingerprint = b.fingerprint
CROSS JOIN unnest(b.holds) WITH ORDINALITY AS hold (id, nth)
JOIN contact_hold n ON n.show_id = b.show_id AND n.reservation_id = hold.id
JOIN reservations r ON r.part = $1 AND r.show_id = n.show_id AND r.reservation_id = n.reservation_id
 AND r.fingerprint = n.fingerprint
WHERE b.show_id = $2 AND b.reservation_id = $3 ORDER BY hold.nth
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
    """Tables `contact_hold` and `contact_basket`. All raise StoreAway."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    async def save(self, part: int, noted: Noted, fingerprint: bytes, now_ms: int) -> None:
        """Keep what is noted beside holds of one show that are about to be asked for; twice the same is kept once."""
        rows = [(hold.key, note) for hold, note in noted if note is not None]
        if not rows:
            return
        written = [None if note.metadata is None else json.dumps(note.metadata) for _, note in rows]
        reasons = [note.reason for _, note in rows]
        keys = [key for key, _ in rows]
        with reaching_postgres():
            await self._clusters.of(part).execute(INSERT, noted[0][0].show, keys, fingerprint, reasons, written, now_ms)

    async def forget(self, part: int, noted: Noted, fingerprint: bytes) -> None:
        """The holds were refused: nothing will ever ask for this."""
        keys = [hold.key for hold, note in noted if note is not None]
        if not keys:
            return
        with reaching_postgres():
            await self._clusters.of(part).execute(FORGET, noted[0][0].show, keys, fingerprint)

    async def find(self, part: int, show: int, reservation: bytes) -> HoldNote | None:
        """What was noted beside the hold of a reservation."""
        with reaching_postgres():
            row = await self._clusters.of(part).fetchrow(FIND, part, show, reservation)
        return None if row is None else _note_in(row)

    async def keep_together(self, part: int, command: BookNow, now_ms: int) -> None:
        """Keep of which holds a booking is about to be made: those that are named, and those of the seats named."""
        with reaching_postgres():
            await self._clusters.of(part).execute(
                KEEP_TOGETHER, part, command.show, command.key, command.fingerprint, command.reservations,
                command.account, command.seats, now_ms,
            )  # fmt: skip

    async def of_booking(self, part: int, show: int, booking: bytes) -> list[tuple[bytes, HoldNote]]:
        """What was noted beside each hold of which a booking was made that was not one hold itself."""
        with reaching_postgres():
            rows = await self._clusters.of(part).fetch(FIND_TOGETHER, part, show, booking)
        return [(row["reservation_id"], _note_in(row)) for row in rows]


def _note_in(row: Any) -> HoldNote:
    return HoldNote(row["reason"], None if row["metadata"] is None else json.loads(row["metadata"]))
