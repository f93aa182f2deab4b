"""The rows that the checker judges, read as role `onsale_verify` in one snapshot, partition by partition."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import asyncpg

from onsale.verify.findings import Check, Findings
from onsale.verify.history import LoggedBatch, PartHistory, Stand
from onsale.verify.log_range import Replayed
from onsale.verify.tables import AreaRow, CursorRow, PaymentRow, ShowRow, TableComparison, compare_cursor
from ticketing.messages import Reservation

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

BATCHES_PER_FETCH = 8
"""A batch's payload may have 3 MiB."""
ROWS_PER_FETCH = 2_000

PARTS = """
SELECT part FROM allocator_cursor UNION SELECT part FROM outcome_log UNION SELECT part FROM show
UNION SELECT part FROM area UNION SELECT part FROM seat_taken UNION SELECT part FROM reservation
UNION SELECT part FROM payment ORDER BY part
"""
PARTS_OF_SHOW = """
SELECT part FROM show WHERE show_id = $1 UNION SELECT part FROM shows WHERE show_id = $1
UNION SELECT part FROM reservation WHERE show_id = $1 ORDER BY part
"""
BEGINS_AFTER = "SELECT batch_seq, log_gen, next_offset, chain, last_now_ms FROM log_pruned WHERE part = $1"
GONE = "SELECT show_id FROM show_pruned WHERE part = $1"
CURSOR = "SELECT batch_seq, next_offset, log_gen, published_seq, chain FROM allocator_cursor WHERE part = $1"
BATCHES = """
SELECT part, batch_seq, log_gen, first_offset, next_offset, chain, payload, decided_at_ms, decider_version
FROM outcome_log WHERE part = $1 ORDER BY batch_seq
"""
SHOWS = """
SELECT s.show_id, s.status, s.seq, s.layout_id, s.layout_sha256, s.currency, s.policy::text AS policy,
       s.prices::text AS prices, s.allocations::text AS allocations, l.document
FROM show s LEFT JOIN layouts l USING (layout_id) WHERE s.part = $1 AND ($2::bigint IS NULL OR s.show_id = $2)
"""
AREAS = """
SELECT show_id, area_no, capacity, taken FROM area WHERE part = $1 AND ($2::bigint IS NULL OR show_id = $2)
"""
SEATS = """
SELECT show_id, seat_no, reservation_id FROM seat_taken WHERE part = $1 AND ($2::bigint IS NULL OR show_id = $2)
"""
RESERVATIONS = """
SELECT show_id, reservation_id, status, version, account, person, seats, areas, prices, amount, held_at_ms,
       expires_at_ms, hold_s, booked_at_ms, external_id, payment_until_ms, noted, bound
FROM reservation WHERE part = $1 AND ($2::bigint IS NULL OR show_id = $2)
"""
PAYMENTS = """
SELECT show_id, provider, reference, reservation_id, amount, accepted, refund_due
FROM payment WHERE part = $1 AND ($2::bigint IS NULL OR show_id = $2)
"""


class UnknownShow(Exception):
    """No table knows the show that was asked for."""


class ShowPruned(Exception):
    """The log of the show that was asked for is gone: its archive tells it."""


class Companion(Protocol):
    """A further check that wants to see the batches as they are read, in the same snapshot."""

    async def begin_part(self, connection: Connection, part: int) -> None:
        """The batches of a partition follow, in ascending order."""
        ...

    async def read_batch(self, connection: Connection, batch: LoggedBatch) -> None:
        """One batch."""
        ...

    async def finish(self, connection: Connection) -> None:
        """All partitions of this cluster have been read."""
        ...

    def conclude(self) -> None:
        """All clusters have been read."""
        ...


@dataclass
class Reading:
    """What was read, and what is wrong with it."""

    findings: Findings
    parts: int = 0
    batches: int = 0
    outcomes: int = 0
    reservations: int = 0
    shows_pruned: int = 0
    """Shows whose rows could not be judged, since their log is gone."""
    replayed: Replayed | None = None
    operations: int | None = None
    """Lines of the client history."""


async def read_and_check(
    connection: Connection,
    reading: Reading,
    only_show: int | None = None,
    *,
    has: Callable[[int], bool],
    companions: Sequence[Companion] = (),
) -> None:
    """Check all of a cluster, or what it has of one show, in one snapshot of it. `has`: which partitions belong there.

    Raises OSError, `asyncpg.PostgresError`, and what the companions raise.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        # A long log takes longer to judge than any statement of a room may take.
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        query, arguments = (PARTS, ()) if only_show is None else (PARTS_OF_SHOW, (only_show,))
        parts = [row["part"] for row in await connection.fetch(query, *arguments)]
        for part in parts:
            if has(part):
                await check_part(connection, part, only_show, reading, companions)
            elif only_show is None:
                reading.findings.add(Check.ONE_CLUSTER, f"part {part}", "has rows in a cluster that it is not in")
        for companion in companions:
            await companion.finish(connection)


async def check_part(
    connection: Connection, part: int, only_show: int | None, reading: Reading, companions: Sequence[Companion]
) -> None:
    """Check one partition, or what it has of one show. The connection is in a transaction that reads one snapshot."""
    areas = [
        AreaRow(row["show_id"], row["area_no"], row["capacity"], row["taken"])
        for row in await connection.fetch(AREAS, part, only_show)
    ]
    capacities = {(row.show, row.area): row.capacity for row in areas}
    history = PartHistory(part, reading.findings, capacities, only_show)
    history.begin_after(await stand_of(connection, part))
    gone = await gone_from(connection, part)
    if only_show in gone:
        raise ShowPruned
    reading.shows_pruned += len(gone)
    for companion in companions:
        await companion.begin_part(connection, part)
    async for row in connection.cursor(BATCHES, part, prefetch=BATCHES_PER_FETCH):
        batch = LoggedBatch(*row.values())
        history.read(batch)
        for companion in companions:
            await companion.read_batch(connection, batch)
        reading.batches += 1
    cursor = await connection.fetchrow(CURSOR, part)
    compare_cursor(history, None if cursor is None else CursorRow(*cursor.values()))
    tables = TableComparison(history)
    async for row in connection.cursor(SHOWS, part, only_show, prefetch=1):
        *show, document = row.values()
        if row["show_id"] not in gone:
            tables.show_row(ShowRow(*show), document)
    for area in areas:
        if area.show not in gone:
            tables.area_row(area)
    async for row in connection.cursor(SEATS, part, only_show, prefetch=ROWS_PER_FETCH):
        if row["show_id"] not in gone:
            tables.seat_row(row["show_id"], row["seat_no"], row["reservation_id"])
    async for row in connection.cursor(RESERVATIONS, part, only_show, prefetch=ROWS_PER_FETCH):
        if row["show_id"] not in gone:
            tables.reservation_row(row["show_id"], _reservation(row))
    for row in await connection.fetch(PAYMENTS, part, only_show):
        if row["show_id"] not in gone:
            tables.payment_row(PaymentRow(*row.values()))
    tables.finish()
    reading.parts += 1
    reading.outcomes += history.outcomes
    reading.reservations += tables.reservations


async def stand_of(connection: Connection, part: int) -> Stand:
    """Where a partition's log begins."""
    row = await connection.fetchrow(BEGINS_AFTER, part)
    return Stand() if row is None else Stand(*row.values())


async def gone_from(connection: Connection, part: int) -> frozenset[int]:
    """The shows of a partition whose log was removed."""
    return frozenset(row["show_id"] for row in await connection.fetch(GONE, part))


def _reservation(row: asyncpg.Record) -> Reservation:
    return Reservation(
        id=row["reservation_id"],
        status=row["status"],
        version=row["version"],
        account=row["account"],
        person=row["person"],
        seats=tuple(row["seats"]),
        areas=pairs(row["areas"]),
        prices=tuple(row["prices"]),
        amount=row["amount"],
        held_at_ms=row["held_at_ms"],
        expires_at_ms=row["expires_at_ms"],
        hold_s=row["hold_s"],
        booked_at_ms=row["booked_at_ms"],
        external_id=row["external_id"],
        payment_until_ms=row["payment_until_ms"],
        noted=row["noted"],
        bound=tuple(row["bound"]),
    )


def pairs(flat: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Areas as the row keeps them, area_no and quantity in turn; a half pair at the end stays visible."""
    return tuple((flat[at], flat[at + 1] if at + 1 < len(flat) else 0) for at in range(0, len(flat), 2))
