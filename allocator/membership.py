"""The table of who is alive and who owns what, over the one connection that renews the leases."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg

from allocator.errors import ResultUnknown
from allocator.ownership import Seat
from runtime.postgres import FAILURES, cut_after

# Rewritten on each reconnect: the backend named here is the one whose end means that its owner is gone.
REGISTER = """
INSERT INTO allocator_member (owner, backend_pid, backend_start, seen_until)
SELECT $1, pid, backend_start, clock_timestamp() + interval '3 seconds'
FROM pg_stat_activity WHERE pid = pg_backend_pid()
ON CONFLICT (owner) DO UPDATE
SET backend_pid = EXCLUDED.backend_pid, backend_start = EXCLUDED.backend_start, seen_until = EXCLUDED.seen_until
"""
FORGET_THE_DEAD = "DELETE FROM allocator_member WHERE seen_until < clock_timestamp() - interval '1 hour'"
RENEW = """
UPDATE allocator_cursor c
SET lease_until = clock_timestamp() + interval '3 seconds', published_seq = GREATEST(c.published_seq, r.published_seq)
FROM unnest($1::int[], $2::bigint[], $3::bigint[]) AS r (part, epoch, published_seq)
WHERE c.part = r.part AND c.epoch = r.epoch
RETURNING c.part
"""
LIVING = """
SELECT m.owner FROM allocator_member m JOIN pg_stat_activity a
ON a.pid = m.backend_pid AND a.backend_start = m.backend_start
WHERE m.seen_until > clock_timestamp()
"""
SEATS = """
SELECT c.part, c.owner, c.owner IS NULL OR c.lease_until < clock_timestamp() OR EXISTS (
    SELECT FROM allocator_member m WHERE m.owner = c.owner AND NOT EXISTS (
        SELECT FROM pg_stat_activity a WHERE a.pid = m.backend_pid AND a.backend_start = m.backend_start)) AS claimable,
    (SELECT o.decider_version FROM outcome_log o WHERE o.part = c.part AND o.batch_seq = c.batch_seq
        AND EXISTS (SELECT FROM show s WHERE s.part = c.part AND s.status = 'open')) AS decided_by
FROM allocator_cursor c ORDER BY c.part
"""
LEAVE = "DELETE FROM allocator_member WHERE owner = $1"

ANSWER_DEADLINE_S = 5.0
"""A peer that is silent for this long is given up: leases that were not renewed meanwhile have ended anyway."""

Connect = Callable[[], Awaitable[asyncpg.Connection]]


class Membership:
    """One allocator in a cluster's table of all. `has`: which partitions may be owned there.

    Errors are `ResultUnknown`: the next tick tries again, with a new backend.
    """

    def __init__(self, owner: UUID, connect: Connect, has: Callable[[int], bool]) -> None:
        self.owner = owner
        self._connect = connect
        self._has = has
        self._connection: asyncpg.Connection | None = None
        self._has_cleared_up = False

    async def renew(self, leases: Sequence[tuple[int, int, int]]) -> frozenset[int]:
        """Say that we live, and renew `(part, epoch, published batch)` each; the parts that were renewed.

        One that is missing has been claimed by somebody else.
        """
        async with self._bounded() as connection:
            if not self._has_cleared_up:
                # Who was killed cannot leave: whoever comes takes its row away.
                await connection.execute(FORGET_THE_DEAD)
                self._has_cleared_up = True
            await connection.execute(REGISTER, self.owner)
            if not leases:
                return frozenset()
            parts, epochs, published = zip(*leases, strict=True)
            return frozenset(row["part"] for row in await connection.fetch(RENEW, parts, epochs, published))

    async def look(self) -> tuple[list[Seat], list[str]]:
        """The partitions as they are owned, and who is alive."""
        async with self._bounded() as connection:
            seats = [
                Seat(row["part"], row["owner"] and row["owner"].hex, row["claimable"], row["decided_by"])
                for row in await connection.fetch(SEATS)
                if self._has(row["part"])
            ]
            return seats, [row["owner"].hex for row in await connection.fetch(LIVING)]

    async def leave(self) -> None:
        """Leave the table: the others take over at once. Never raises: the end of the connection says the same."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            with cut_after(connection, ANSWER_DEADLINE_S):
                await connection.execute(LEAVE, self.owner)
                await connection.close()
        except FAILURES:
            connection.terminate()

    @asynccontextmanager
    async def _bounded(self) -> "AsyncIterator[asyncpg.Connection]":
        """The connection, which is cut when it is not answered in time, or fails. Raises `ResultUnknown`."""
        connection = await self._open()
        try:
            with cut_after(connection, ANSWER_DEADLINE_S):
                yield connection
        except FAILURES as error:
            connection.terminate()
            self._connection = None
            raise ResultUnknown(repr(error)) from error

    async def _open(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            try:
                self._connection = await self._connect()
            except FAILURES as error:
                raise ResultUnknown(repr(error)) from error
        return self._connection
