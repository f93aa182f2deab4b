"""A fake of `allocator.ports.Store` over shared `Tables`. It passes the contract suite of the real one.

`pause(point)` is awaited before each call acts (`apply.sent`) and after (`apply.done`): a world that drives it by hand
lets others move there, and may raise there what a connection would.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import asyncpg
import msgspec

from allocator import loading
from allocator.decided_before import DecidedBefore
from allocator.draft import Record
from allocator.errors import MemoryDiffers, Replaced
from allocator.netting import Batch, Position
from allocator.ports import Cursor, Publication
from allocator.stock import PartitionState
from tests.simulation.memory_rows import Row
from tests.simulation.memory_tables import Tables
from ticketing.layout import Layout, decode_layout
from ticketing.vocabulary import LIVE_STATUSES, UNPAID_STATUSES

Pause = Callable[[str], Awaitable[None]]


async def no_pause(point: str) -> None:
    """Nobody else moves, nothing fails."""


class MemoryStore:
    """See `ports.Store`."""

    def __init__(self, part: int, owner: str, tables: Tables, pause: Pause = no_pause) -> None:
        self._part = part
        self._owner = owner
        self._tables = tables
        self._pause = pause

    async def claim(self) -> Cursor | None:
        await self._pause("claim.sent")
        row = self._tables.claim(self._part, self._owner)
        cursor = None if row is None else self._cursor(row)
        await self._pause("claim.done")
        return cursor

    async def restart_log(self, at: Position, next_offset: int) -> Cursor:
        await self._pause("restart_log.sent")
        cursor = self.restart(at, next_offset)
        await self._pause("restart_log.done")
        return cursor

    def restart(self, at: Position, next_offset: int) -> Cursor:
        """The statement itself. Raises `Replaced`."""
        row = self._tables.cursor[self._part]
        if (row["epoch"], row["batch_seq"]) != (at.epoch, at.batch_seq):
            raise Replaced(f"partition {self._part} has another owner")
        row.update(log_gen=row["log_gen"] + 1, next_offset=next_offset, tail_hash=None)
        return self._cursor(row)

    async def load(self, cursor: Cursor) -> PartitionState:
        await self._pause("load.sent")
        connection = cast(asyncpg.Connection, MemoryConnection(self._tables))
        state = await loading.load_state(connection, cursor)
        await self._pause("load.done")
        return state

    async def load_show(self, at: Position, state: PartitionState, show: int) -> None:
        await self._pause("load_show.sent")
        connection = cast(asyncpg.Connection, MemoryConnection(self._tables))
        await loading.load_show(connection, at, state, show)
        await self._pause("load_show.done")

    async def unpublished(self, cursor: Cursor) -> list[Publication]:
        await self._pause("unpublished.sent")
        part = self._part
        last = self._tables.cursor[part]["batch_seq"]
        rows = [self._tables.outcome_log[part, seq] for seq in range(cursor.published_seq + 1, last + 1)]
        return [
            Publication(part, row["log_gen"], row["batch_seq"], cursor.history_id, row["decided_at_ms"], row["payload"])
            for row in rows
        ]

    async def layout(self, layout_id: str, sha256: bytes) -> Layout | None:
        await self._pause("layout.sent")
        found = self._tables.layouts.get(layout_id)
        if found is None or found[0] != sha256:
            return None
        try:
            return decode_layout(found[1], sha256)
        except (ValueError, msgspec.DecodeError) as error:
            raise MemoryDiffers(f"layout {layout_id}: {error}") from error

    async def records(self, wanted: Sequence[tuple[int, bytes]]) -> list[tuple[int, Record]]:
        await self._pause("records.sent")
        rows = [self._tables.reservation.get((self._part, show, reservation)) for show, reservation in wanted]
        return [(row["show_id"], loading.record_of(row)) for row in rows if row is not None]

    async def apply(self, batch: Batch) -> int | None:
        await self._pause("apply.sent")
        database_ms = self._tables.apply(batch)
        await self._pause("apply.done")
        return database_ms

    async def release(self, at: Position, published_seq: int) -> None:
        await self._pause("release.sent")
        row = self._tables.cursor[self._part]
        if row["epoch"] == at.epoch:
            row.update(owner=None, lease_until=0, published_seq=max(row["published_seq"], published_seq))
        await self._pause("release.done")

    def close(self) -> None:
        """Nothing is kept open."""

    def _cursor(self, row: Row) -> Cursor:
        return Cursor(
            at=Position(self._part, row["epoch"], row["batch_seq"], row["next_offset"]),
            tail_hash=row["tail_hash"],
            log_gen=row["log_gen"],
            last_now_ms=row["last_now_ms"],
            published_seq=row["published_seq"],
            chain=row["chain"],
            history_id=self._tables.history_id,
            database_ms=self._tables.clock.now_ms(),
            decided_before=DecidedBefore(self._tables.steps(self._part)),
        )


class MemoryConnection:
    """Answers the statements of `allocator/loading.py`, so that the simulation runs the real loading and its checks."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def fetch(self, sql: str, part: int, *arguments: Any) -> list[Row]:
        """The rows of one statement, which is known by its text."""
        tables = self._tables
        match sql:
            case loading.EPOCH:
                return [tables.cursor[part]]
            case loading.KNOWN:
                unpaid = {row["show_id"] for row in _of(tables.reservation, part) if row["status"] in UNPAID_STATUSES}
                return [
                    {
                        "show_id": row["show_id"],
                        "is_put_away": row["show_id"] not in unpaid and _is_over(row, *arguments),
                    }
                    for row in _of(tables.show, part)
                ]
            case loading.SHOWS:
                return [
                    {**row, "document": tables.layouts[row["layout_id"]][1]}
                    for row in _of(tables.show, part, *arguments)
                ]
            case loading.LIVE:
                return [row for row in _of(tables.reservation, part, *arguments) if row["status"] in LIVE_STATUSES]
            case loading.ENDED:
                return [row for row in _of(tables.reservation, part, *arguments) if row["status"] not in LIVE_STATUSES]
            case loading.UNPAID:
                shows, since_ms = arguments
                return [
                    {**row, "who": row["person"] or row["account"]}
                    for row in _of(tables.reservation, part, shows)
                    if row["status"] in {"released", "expired"} and not row["booked_at_ms"]
                    if row["held_at_ms"] > since_ms
                ]
            case loading.SEATS:
                return _of(tables.seat_taken, part, *arguments)
            case loading.AREAS:
                return _of(tables.area, part, *arguments)
            case loading.PAYMENTS:
                return _of(tables.payment, part, *arguments)
            case loading.RECENT:
                last_seq, limit = arguments
                return [tables.outcome_log[part, seq] for seq in range(last_seq, max(0, last_seq - limit), -1)]
            case _:
                raise AssertionError(f"loading asks what this fake does not know: {sql}")


def _is_over(show: Row, now_ms: int) -> bool:
    if show["closes_at_ms"]:
        return bool(show["closes_at_ms"] <= now_ms)
    return bool(show["status"] != "open" and show["starts_at_ms"] <= now_ms)


def _of(table: dict[Any, Row], part: int, shows: list[int] | None = None) -> list[Row]:
    return [row for row in table.values() if row["part"] == part and (shows is None or row["show_id"] in shows)]
