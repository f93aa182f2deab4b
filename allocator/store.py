"""Postgres as the desks' store: one partition, one connection. The only module that calls `apply_batch()`."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NoReturn
from uuid import UUID

import asyncpg
import msgspec

from allocator.arguments import APPLY, arguments_of
from allocator.decided_before import DecidedBefore
from allocator.draft import Record
from allocator.errors import DataRefused, MemoryDiffers, Replaced, ResultUnknown, WritesRefused
from allocator.loading import load_show, load_state, record_of
from allocator.netting import Batch, Position
from allocator.ports import Cursor, Publication
from allocator.stock import PartitionState
from runtime.postgres import FAILURES, cut_after, refuses_writes
from ticketing.layout import Layout, decode_layout

ANSWER_DEADLINE_S = 15.0
"""After this the connection is cut. Later than the server's own statement_timeout, which ends a statement for sure."""
LOAD_DEADLINE_S = 60.0
"""The same for loading, which is many statements."""


# The owner is gone if the connection that renews its leases is: a backend is known by pid and start, since pids come
# again. Only a member that is known to be dead counts; of one not seen yet nothing is known. What it owns already an
# owner may claim at once: it does so after an unknown result, and the new epoch fences what may still be under way.
CLAIM = """
UPDATE allocator_cursor c
SET epoch = epoch + 1, owner = $2, lease_until = clock_timestamp() + interval '3 seconds'
WHERE part = $1 AND (
    c.owner IS NULL OR c.owner = $2 OR c.lease_until < clock_timestamp() OR EXISTS (
        SELECT FROM allocator_member m WHERE m.owner = c.owner AND NOT EXISTS (
            SELECT FROM pg_stat_activity a WHERE a.pid = m.backend_pid AND a.backend_start = m.backend_start)))
RETURNING epoch, batch_seq, next_offset, tail_hash, log_gen, last_now_ms, published_seq, chain,
    (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS database_ms
"""
HISTORY = "SELECT history_id FROM installation"
# Nothing, but after a restore, until the cursor has passed the last of them.
DECIDED_BEFORE = """
SELECT first_offset, decided_at_ms FROM decided_before WHERE part = $1 AND log_gen = $2
AND $3 < (SELECT max(first_offset) FROM decided_before WHERE part = $1 AND log_gen = $2) ORDER BY first_offset
"""
RESTART_LOG = """
UPDATE allocator_cursor SET log_gen = log_gen + 1, next_offset = $4, tail_hash = NULL
WHERE part = $1 AND epoch = $2 AND batch_seq = $3
RETURNING epoch, batch_seq, next_offset, tail_hash, log_gen, last_now_ms, published_seq, chain,
    (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS database_ms
"""
UNPUBLISHED = """
SELECT log_gen, batch_seq, decided_at_ms, payload FROM outcome_log
WHERE part = $1 AND batch_seq > $2 ORDER BY batch_seq
"""
LAYOUT = "SELECT document FROM layouts WHERE layout_id = $1 AND sha256 = $2"
ROWS = """
SELECT r.* FROM reservation r JOIN unnest($2::bigint[], $3::bytea[]) AS w (show_id, id)
ON r.part = $1 AND r.show_id = w.show_id AND r.reservation_id = w.id
"""
RELEASE = """
UPDATE allocator_cursor
SET owner = NULL, lease_until = '-infinity', published_seq = GREATEST(published_seq, $3)
WHERE part = $1 AND epoch = $2
"""

Connect = Callable[[Callable[[str], None]], "asyncio.Future[asyncpg.Connection] | Any"]


class PostgresStore:
    """See `ports.Store`. `connect` opens the connection and is given the listener for the server's warnings."""

    def __init__(self, part: int, owner: UUID, connect: Connect) -> None:
        self._part = part
        self._owner = owner
        self._connect = connect
        self._connection: asyncpg.Connection | None = None
        self._warnings: list[str] = []

    async def claim(self) -> Cursor | None:
        """Raises `ResultUnknown`: a claim whose commit came with a warning, or with no answer, does not count."""
        row = await self._ask("fetchrow", CLAIM, self._part, self._owner)
        if row is None:
            return None
        return await self._cursor(row)

    async def restart_log(self, at: Position, next_offset: int) -> Cursor:
        """Raises `Replaced`, `ResultUnknown`."""
        row = await self._ask("fetchrow", RESTART_LOG, self._part, at.epoch, at.batch_seq, next_offset)
        if row is None:
            raise Replaced(f"partition {self._part} has another owner")
        return await self._cursor(row)

    async def load(self, cursor: Cursor) -> PartitionState:
        """Raises `MemoryDiffers` where the tables contradict each other, `Replaced`, `ResultUnknown`."""
        async with self._one_moment() as connection:
            return await load_state(connection, cursor)

    async def load_show(self, at: Position, state: PartitionState, show: int) -> None:
        """Raises as `load` does."""
        async with self._one_moment() as connection:
            await load_show(connection, at, state, show)

    async def unpublished(self, cursor: Cursor) -> list[Publication]:
        """Raises `ResultUnknown`."""
        rows = await self._ask("fetch", UNPUBLISHED, self._part, cursor.published_seq)
        return [
            Publication(
                self._part, row["log_gen"], row["batch_seq"], cursor.history_id, row["decided_at_ms"], row["payload"]
            )
            for row in rows
        ]

    async def layout(self, layout_id: str, sha256: bytes) -> Layout | None:
        """Raises `ResultUnknown`, `MemoryDiffers` where a stored layout does not have its digest."""
        document = await self._ask("fetchval", LAYOUT, layout_id, sha256)
        if document is None:
            return None
        try:
            return decode_layout(document, sha256)
        except (ValueError, msgspec.DecodeError) as error:
            raise MemoryDiffers(f"layout {layout_id}: {error}") from error

    async def records(self, wanted: Sequence[tuple[int, bytes]]) -> list[tuple[int, Record]]:
        """Raises `ResultUnknown`."""
        shows, ids = [show for show, _ in wanted], [reservation for _, reservation in wanted]
        return [(row["show_id"], record_of(row)) for row in await self._ask("fetch", ROWS, self._part, shows, ids)]

    async def apply(self, batch: Batch) -> int | None:
        """Raises `DataRefused`, `MemoryDiffers`, `ResultUnknown`."""
        database_ms: int | None = await self._ask("fetchval", APPLY, *arguments_of(batch))
        return database_ms

    async def release(self, at: Position, published_seq: int) -> None:
        """Raises `ResultUnknown`."""
        await self._ask("execute", RELEASE, self._part, at.epoch, published_seq)

    def close(self) -> None:
        """Cut the connection; whatever was under way on it is for the next claim to find out."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _open(self) -> asyncpg.Connection:
        if self._connection is None:
            try:
                self._connection = await self._connect(self._warnings.append)
            except FAILURES as error:
                self._fail(error)
        return self._connection

    @asynccontextmanager
    async def _one_moment(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection whose statements all see the tables as they are at the first one."""
        connection = await self._open()
        try:
            with cut_after(connection, LOAD_DEADLINE_S):
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    yield connection
        except FAILURES as error:
            self._fail(error)

    async def _ask(self, how: str, sql: str, *arguments: Any) -> Any:
        connection = await self._open()
        self._warnings.clear()
        try:
            with cut_after(connection, ANSWER_DEADLINE_S):
                answer = await getattr(connection, how)(sql, *arguments)
        except FAILURES as error:
            self._fail(error)
        if self._warnings:
            raise ResultUnknown(f"partition {self._part}: the server warned: {self._warnings[0]}")
        return answer

    def _fail(self, error: Exception) -> NoReturn:
        sqlstate = getattr(error, "sqlstate", None) or ""
        if sqlstate.startswith("22") or isinstance(error, asyncpg.DataError):
            raise DataRefused(str(error)) from error
        if sqlstate.startswith("23") or sqlstate == "XX001":
            raise MemoryDiffers(f"partition {self._part}: {error}") from error
        if refuses_writes(error):
            raise WritesRefused(f"partition {self._part}: {error}") from error
        raise ResultUnknown(f"partition {self._part}: {error!r}") from error

    async def _cursor(self, row: asyncpg.Record) -> Cursor:
        history_id = await self._ask("fetchval", HISTORY)
        steps = await self._ask("fetch", DECIDED_BEFORE, self._part, row["log_gen"], row["next_offset"])
        at = Position(self._part, row["epoch"], row["batch_seq"], row["next_offset"])
        return Cursor(
            at=at,
            tail_hash=row["tail_hash"],
            log_gen=row["log_gen"],
            last_now_ms=row["last_now_ms"],
            published_seq=row["published_seq"],
            chain=row["chain"],
            history_id=history_id,
            database_ms=row["database_ms"],
            decided_before=DecidedBefore([tuple(step) for step in steps]),
        )
