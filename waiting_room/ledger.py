"""The ledger in Postgres: numbers reserved ahead, joins and claims kept."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from runtime.postgres import FAILURES
from waiting_room.ports import ClaimRow, EntryRow, Generation, LedgerUnavailable, Line

# The ceiling moves in the same statement as the generation: no two generations ever have a number in common.
NEW_GENERATION = """
INSERT INTO room_line (show_id, line, store_gen, issued_ceiling) VALUES ($1, $2, 1, $3)
ON CONFLICT (show_id, line) DO UPDATE
SET store_gen = room_line.store_gen + 1, issued_ceiling = room_line.issued_ceiling + $3
RETURNING store_gen, issued_ceiling - $3 AS issued, issued_ceiling, serving_floor
"""
EXTEND = """
UPDATE room_line SET issued_ceiling = issued_ceiling + $4
WHERE show_id = $1 AND line = $2 AND store_gen = $3
RETURNING issued_ceiling
"""
ALONE = "SELECT pg_advisory_lock(hashtextextended($1, 0))"
RAISE_FLOOR = """
UPDATE room_line SET serving_floor = $3 WHERE show_id = $1 AND line = $2 AND serving_floor < $3
"""
# For rows that may have been written before: after a repeat, and after an answer that was lost.
INSERTED_MAX = 100
"""Of so few rows a COPY, which is several messages both ways, costs more than it saves."""
ADD_ENTRIES = """
INSERT INTO room_entry (show_id, line, n, entry, leaf, joined_at_ms)
SELECT $1, $2, e.* FROM unnest($3::bigint[], $4::bytea[], $5::bytea[], $6::bigint[]) AS e (n, entry, leaf, joined)
ORDER BY e.n
ON CONFLICT DO NOTHING
"""
# The lowest numbers first, so that two instances with the same rows do not wait for each other in a circle.
ADD_CLAIMS = """
INSERT INTO room_claim (show_id, line, n, claimed_at_ms, given_up_at_ms, deferred_to)
SELECT $1, $2, c.n, min(c.claimed), min(c.given_up), max(c.deferred_to)
FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) AS c (n, claimed, given_up, deferred_to)
GROUP BY c.n ORDER BY c.n
ON CONFLICT (show_id, line, n) DO UPDATE
SET claimed_at_ms = COALESCE(room_claim.claimed_at_ms, EXCLUDED.claimed_at_ms),
    given_up_at_ms = COALESCE(room_claim.given_up_at_ms, EXCLUDED.given_up_at_ms),
    deferred_to = GREATEST(room_claim.deferred_to, EXCLUDED.deferred_to)
WHERE (room_claim.claimed_at_ms IS NULL AND EXCLUDED.claimed_at_ms IS NOT NULL)
   OR (room_claim.given_up_at_ms IS NULL AND EXCLUDED.given_up_at_ms IS NOT NULL)
   OR EXCLUDED.deferred_to > COALESCE(room_claim.deferred_to, 0)
"""
ENTRIES = """
SELECT n, entry, leaf, joined_at_ms FROM room_entry WHERE show_id = $1 AND line = $2 AND entry = ANY($3::bytea[])
"""
LEAVES = "SELECT n, leaf FROM room_entry WHERE show_id = $1 AND line = $2 AND n = ANY($3::bigint[])"
# Held until the entries are added, so that the mark does not pass them meanwhile (`draw_book.SETTLE`).
SETTLED = "SELECT settled_n FROM room_line WHERE show_id = $1 AND line = $2 FOR SHARE"
CLAIMS = """
SELECT n, claimed_at_ms, given_up_at_ms, deferred_to FROM room_claim
WHERE show_id = $1 AND line = $2 AND n = ANY($3::bigint[])
"""
ENTRY_COLUMNS = ["show_id", "line", "n", "entry", "leaf", "joined_at_ms"]


class PostgresLedger:
    """`ports.Ledger` on the tables `room_line`, `room_entry` and `room_claim`."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    @asynccontextmanager
    async def alone_with(self, line: Line) -> AsyncIterator["LineReservations"]:
        """See `ports.Ledger`."""
        async with reaching(), self._pool.acquire() as connection:
            await connection.execute(ALONE, f"room_line {line.show} {line.name}")
            try:
                yield LineReservations(connection, line)
            finally:
                if not connection.is_closed():
                    await _unlock(connection)

    async def raise_floor(self, line: Line, serving: int) -> None:
        """See `ports.Ledger`."""
        async with reaching():
            await self._pool.execute(RAISE_FLOOR, line.show, line.name, serving)

    async def add_entries(
        self, line: Line, rows: Sequence[EntryRow], *, maybe_there: bool, settling: bool = False
    ) -> list[EntryRow]:
        """See `ports.Ledger`."""
        if settling:
            return await self._add_before_the_draw(line, rows)
        async with reaching(), self._pool.acquire() as connection:
            if not maybe_there and len(rows) > INSERTED_MAX:
                records = [(line.show, line.name, *row) for row in rows]
                try:
                    await connection.copy_records_to_table("room_entry", records=records, columns=ENTRY_COLUMNS)
                except asyncpg.UniqueViolationError:
                    # A client that asked another instance as well was faster there. Nothing of the COPY is left.
                    pass
                else:
                    return []
            added = await connection.execute(ADD_ENTRIES, *line, *columns_of(rows))
        if added == f"INSERT 0 {len(rows)}":
            return []
        return [row for row in await self._kept_of(line, rows) if row.n]

    async def _add_before_the_draw(self, line: Line, rows: Sequence[EntryRow]) -> list[EntryRow]:
        async with reaching(), self._pool.acquire() as connection, connection.transaction():
            settled = await connection.fetchval(SETTLED, *line) or 0
            taken = [row for row in rows if row.n > settled]
            if taken:
                await connection.execute(ADD_ENTRIES, *line, *columns_of(taken))
        return await self._kept_of(line, rows)

    async def _kept_of(self, line: Line, rows: Sequence[EntryRow]) -> list[EntryRow]:
        """What is kept otherwise than in `rows`: under another number, or, as number 0, not at all."""
        kept = await self.entries(line, [row.entry for row in rows])
        found = [kept.get(row.entry, row._replace(n=0)) for row in rows]
        return [row for row, given in zip(found, rows, strict=True) if row.n != given.n]

    async def add_claims(self, line: Line, rows: Sequence[ClaimRow]) -> list[ClaimRow]:
        """See `ports.Ledger`."""
        async with reaching():
            await self._pool.execute(ADD_CLAIMS, *line, *columns_of(rows))
        return list((await self.claims(line, [row.n for row in rows])).values())

    async def entries(self, line: Line, entries: Sequence[bytes]) -> dict[bytes, EntryRow]:
        """See `ports.Ledger`."""
        async with reaching():
            rows = await self._pool.fetch(ENTRIES, line.show, line.name, list(entries))
        return {row["entry"]: EntryRow(*row) for row in rows}

    async def claims(self, line: Line, numbers: Sequence[int]) -> dict[int, ClaimRow]:
        """See `ports.Ledger`."""
        async with reaching():
            rows = await self._pool.fetch(CLAIMS, line.show, line.name, list(numbers))
        return {row["n"]: ClaimRow(*row) for row in rows}

    async def leaves(self, line: Line, numbers: Sequence[int]) -> dict[int, bytes]:
        """See `ports.Ledger`."""
        async with reaching():
            return {row["n"]: row["leaf"] for row in await self._pool.fetch(LEAVES, *line, list(numbers))}


async def _unlock(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
    try:
        await connection.execute("SELECT pg_advisory_unlock_all()")
    except BaseException:
        # Nobody may get a connection that still has the lock.
        connection.terminate()
        raise


class LineReservations:
    """`ports.Reservations` on the connection that holds the line's lock."""

    def __init__(self, connection: "PoolConnectionProxy[asyncpg.Record]", line: Line) -> None:
        self._connection = connection
        self._line = line

    async def new_generation(self, numbers: int) -> Generation:
        """See `ports.Reservations`."""
        row = await self._connection.fetchrow(NEW_GENERATION, *self._line, numbers)
        assert row is not None  # an upsert returns its row
        return Generation(row["store_gen"], row["issued"], row["issued_ceiling"], row["serving_floor"])

    async def extend(self, gen: int, numbers: int) -> int | None:
        """See `ports.Reservations`."""
        ceiling: int | None = await self._connection.fetchval(EXTEND, *self._line, gen, numbers)
        return ceiling


def columns_of(rows: Sequence[EntryRow] | Sequence[ClaimRow]) -> list[list[object]]:
    """Rows turned into the arrays that a statement unnests."""
    return [list(column) for column in zip(*rows, strict=True)]


@asynccontextmanager
async def reaching() -> AsyncIterator[None]:
    """What the driver raises, in the words of `ports`."""
    try:
        yield
    except FAILURES as error:
        raise LedgerUnavailable(repr(error)) from error
