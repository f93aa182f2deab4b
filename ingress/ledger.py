"""What the allocator owns and this room may look at: reservations, outcomes by place in the log, snapshots of shows.

Also the contact data of bookings, the only personal data we keep.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from ingress.stores import reaching_postgres
from runtime.clusters import Clusters
from ticketing.asks import Buyer
from ticketing.messages import Reservation
from ticketing.telling import Contact

FIND_RESERVATION = """
SELECT reservation_id, status, version, account, person, seats, areas, prices, amount, held_at_ms, expires_at_ms,
       hold_s, booked_at_ms, external_id, payment_until_ms, noted
FROM reservations WHERE part = $1 AND show_id = $2 AND reservation_id = $3
"""
# The index is on (part, log_gen, next_offset): the first batch that ends behind the offset is the one that holds it.
FIND_BATCH = """
SELECT b.first_offset, b.batch_seq, b.payload, p.published_seq
FROM outcome_batches b JOIN published_batches p ON p.part = b.part
WHERE b.part = $1 AND b.log_gen = $2 AND b.next_offset > $3 ORDER BY b.next_offset LIMIT 1
"""
# The number of the show as it stands in the packed outcomes spares us the batches that speak of other shows alone; the
# same bytes may stand there for something else, so the outcomes are looked at once more.
SHOW_BATCHES = """
SELECT batch_seq, log_gen, payload FROM outcome_batches
WHERE part = $1 AND batch_seq BETWEEN $2 AND $3 AND position($4::bytea IN payload) > 0 ORDER BY batch_seq LIMIT $5
"""
FIND_CURSOR = "SELECT next_offset, log_gen FROM published_batches WHERE part = $1"

SNAPSHOT_CURSOR = "SELECT batch_seq FROM published_batches WHERE part = $1"
SNAPSHOT_SHOW = "SELECT status, seq FROM show_state WHERE part = $1 AND show_id = $2"
SNAPSHOT_ROWS = "SELECT reservation_id, status, seats, areas FROM show_snapshot WHERE part = $1 AND show_id = $2"
FIND_PUBLISHED = "SELECT published_seq FROM published_batches WHERE part = $1"
TAKES_WRITES = "SELECT NOT (pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean)"

INSERT_CONTACT = """
INSERT INTO contact_booking (show_id, reservation_id, contact_hash, name, email, phone, notes, special_requests,
                             created_at_ms, language)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING
"""
FORGET_CONTACTS = "DELETE FROM contact_booking WHERE show_id = $1 AND reservation_id = $2"
FIND_CONTACT = """
SELECT name, email, phone, notes, special_requests, language FROM contact_booking
WHERE show_id = $1 AND reservation_id = $2 ORDER BY created_at_ms DESC LIMIT 1
"""
# What was noted beside the hold goes along, or beside all those of which the booking was made.
ERASE_BOOKING = """
WITH basket AS (DELETE FROM contact_basket WHERE show_id = $1 AND reservation_id = $2 RETURNING holds),
     noted AS (DELETE FROM contact_hold WHERE show_id = $1
               AND (reservation_id = $2 OR reservation_id IN (SELECT unnest(holds) FROM basket)) RETURNING true),
     gone AS (DELETE FROM contact_booking WHERE show_id = $1 AND reservation_id = $2 RETURNING true)
SELECT * FROM noted UNION SELECT * FROM gone
"""
# Few and far between, and never while somebody waits: no index for it.
ERASE_EMAIL = """
WITH gone AS (DELETE FROM contact_booking WHERE lower(email) = lower($1) RETURNING show_id, reservation_id),
     basket AS (DELETE FROM contact_basket b USING gone
                WHERE b.show_id = gone.show_id AND b.reservation_id = gone.reservation_id
                RETURNING b.show_id, b.holds),
     noted AS (DELETE FROM contact_hold WHERE (show_id, reservation_id) IN (
                   SELECT show_id, reservation_id FROM gone UNION SELECT show_id, unnest(holds) FROM basket))
SELECT true FROM gone
"""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a partition is decided."""

    log_gen: int
    next_offset: int


@dataclass(frozen=True, slots=True)
class DecidedBatch:
    """A committed batch: its number, how far its partition is published, and its outcomes, packed."""

    batch_seq: int
    published_seq: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class LogBatch:
    """A batch of the log of outcomes, for reading it in order."""

    batch_seq: int
    log_gen: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A show as of `batch_seq`: `rows` are `(reservation, status, seats, areas)` of what owns places."""

    batch_seq: int
    status: str
    seq: int
    rows: list[tuple[bytes, str, tuple[int, ...], tuple[tuple[int, int], ...]]]


@dataclass(frozen=True, slots=True)
class ContactRow:
    """Whom a booking is for."""

    name: str
    email: str
    phone: str
    notes: str
    special_requests: str
    language: str = ""

    def shown(self) -> Contact:
        """As the booking's owner sees it."""
        return Contact(name=self.name, email=self.email, phone=self.phone, language=self.language)


class Ledger:
    """Reads of the stock's views, and the contacts. All raise StoreAway."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    async def takes_writes(self, cluster: int) -> bool:
        """Whether that cluster of Postgres is there and writable."""
        with reaching_postgres():
            return bool(await self._clusters.pools[cluster].fetchval(TAKES_WRITES, timeout=2.0))

    async def reservation(self, part: int, show: int, reservation: bytes) -> Reservation | None:
        """A reservation by its primary key."""
        with reaching_postgres():
            row = await self._clusters.of(part).fetchrow(FIND_RESERVATION, part, show, reservation)
        if row is None:
            return None
        return reservation_of(row)

    async def batch_with(self, part: int, log_gen: int, offset: int) -> DecidedBatch | None:
        """The batch that decided the command at `offset`."""
        with reaching_postgres():
            row = await self._clusters.of(part).fetchrow(FIND_BATCH, part, log_gen, offset)
        if row is None or row["first_offset"] > offset:
            return None
        return DecidedBatch(row["batch_seq"], row["published_seq"], row["payload"])

    async def batches_of(self, part: int, show: int, first: int, last: int, limit: int) -> list[LogBatch]:
        """Batches `first` to `last` that may speak of the show, in order, at most `limit`."""
        packed = msgspec.msgpack.encode(show)
        with reaching_postgres():
            rows = await self._clusters.of(part).fetch(SHOW_BATCHES, part, first, last, packed, limit)
        return [LogBatch(row["batch_seq"], row["log_gen"], row["payload"]) for row in rows]

    async def cursor(self, part: int) -> Cursor | None:
        """How far the partition is decided; None: there is no such partition."""
        with reaching_postgres():
            row = await self._clusters.of(part).fetchrow(FIND_CURSOR, part)
        return None if row is None else Cursor(row["log_gen"], row["next_offset"])

    async def snapshot(self, part: int, show: int) -> Snapshot | None:
        """Everything that owns places in the show, in one snapshot of the database; None: it was never opened."""
        with reaching_postgres():
            async with (
                self._clusters.of(part).acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                batch_seq = await connection.fetchval(SNAPSHOT_CURSOR, part)
                show_row = await connection.fetchrow(SNAPSHOT_SHOW, part, show)
                if show_row is None:
                    return None
                rows = await connection.fetch(SNAPSHOT_ROWS, part, show)
        found = [(row["reservation_id"], row["status"], tuple(row["seats"]), _pairs(row["areas"])) for row in rows]
        return Snapshot(batch_seq, show_row["status"], show_row["seq"], found)

    async def published(self, part: int) -> int:
        """The last batch of the partition that was published."""
        with reaching_postgres():
            return int(await self._clusters.of(part).fetchval(FIND_PUBLISHED, part) or 0)

    async def save_contact(
        self, part: int, show: int, reservation: bytes, contact_hash: bytes, body: Buyer, *, now_ms: int
    ) -> None:
        """Keep whom a booking is for. The same contact twice is kept once."""
        contact = body.contact
        if contact is None:
            return
        with reaching_postgres():
            await self._clusters.of(part).execute(
                INSERT_CONTACT, show, reservation, contact_hash, contact.name, contact.email, contact.phone or "",
                body.notes or "", body.special_requests or "", now_ms, contact.language or "",
            )  # fmt: skip

    async def replace_contact(
        self, part: int, show: int, reservation: bytes, contact_hash: bytes, row: ContactRow, *, now_ms: int
    ) -> None:
        """Let a booking be for somebody else from now on; whom it was for is forgotten."""
        with reaching_postgres():
            async with self._clusters.of(part).acquire() as connection, connection.transaction():
                await connection.execute(FORGET_CONTACTS, show, reservation)
                await connection.execute(
                    INSERT_CONTACT, show, reservation, contact_hash, row.name, row.email, row.phone, row.notes,
                    row.special_requests, now_ms, row.language,
                )  # fmt: skip

    async def contact(self, part: int, show: int, reservation: bytes) -> ContactRow | None:
        """Whom a booking is for; None: unknown, or erased."""
        with reaching_postgres():
            row = await self._clusters.of(part).fetchrow(FIND_CONTACT, show, reservation)
        return None if row is None else ContactRow(*row)

    async def erase_booking(self, show: int, reservation: bytes) -> int:
        """Forget whom a booking is for; whether that was known, as 1 or 0. The booking itself stays."""
        with reaching_postgres():
            return await self._erase(ERASE_BOOKING, show, reservation)

    async def erase_email(self, email: str) -> int:
        """Forget whoever has this address, capitals or not; how many rows are gone."""
        with reaching_postgres():
            return await self._erase(ERASE_EMAIL, email)

    async def _erase(self, sql: str, *whom: Any) -> int:
        """From every cluster, one after another: who is told that nothing is left can rely on it."""
        return sum([len(await pool.fetch(sql, *whom)) for pool in self._clusters.pools])


def reservation_of(row: Any) -> Reservation:
    """A reservation from a row of the view `reservations`."""
    return Reservation(
        id=row["reservation_id"],
        status=row["status"],
        version=row["version"],
        account=row["account"],
        person=row["person"],
        seats=tuple(row["seats"]),
        areas=_pairs(row["areas"]),
        prices=tuple(row["prices"]),
        amount=row["amount"],
        held_at_ms=row["held_at_ms"],
        expires_at_ms=row["expires_at_ms"],
        hold_s=row["hold_s"],
        booked_at_ms=row["booked_at_ms"],
        external_id=row["external_id"],
        payment_until_ms=row["payment_until_ms"],
        noted=row["noted"],
    )


def _pairs(flat: list[int]) -> tuple[tuple[int, int], ...]:
    return tuple(zip(flat[::2], flat[1::2], strict=True))
