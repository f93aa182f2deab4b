"""Keeping joins and claims in the ledger: behind the answers when Postgres is slow, before them when it is not."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from runtime.retry import Backoff
from waiting_room import metrics
from waiting_room.ports import ClaimRow, EntryRow, Ledger, LedgerUnavailable, Line

log = structlog.get_logger("waiting_room")

Row = TypeVar("Row")
ROWS_PER_WRITE_MAX = 5_000


class LedgerWriter(Generic[Row]):
    """Rows wait here, in order, until they are written: one statement for all that gathered meanwhile.

    `write(line, rows, maybe_there)` returns what the ledger keeps that is of interest to those who wait; it raises
    `LedgerUnavailable`, and then the rows are written again with `maybe_there`.
    """

    def __init__(
        self,
        write: Callable[[Line, Sequence[Row], bool], Awaitable[list[Row]]],
        *,
        rows_max: int,
        wait_s: float,
        backoff: Backoff,
    ) -> None:
        self._write = write
        self._rows_max = rows_max
        self._wait_s = wait_s
        self._backoff = backoff
        self._waiting: dict[tuple[Line, bool], list[Row]] = {}
        self._rows = 0
        self._work = asyncio.Event()
        self._round: asyncio.Future[dict[Line, list[Row]]] | None = None

    @property
    def full(self) -> bool:
        """Nothing more should be asked of the counters: what they give could not be kept."""
        return self._rows >= self._rows_max

    def add(self, line: Line, rows: Sequence[Row], *, maybe_there: bool) -> None:
        """Take rows in; they are bounded by whoever looks at `full` first."""
        if rows:
            self._waiting.setdefault((line, maybe_there), []).extend(rows)
            self._rows += len(rows)
            self._work.set()

    def settled(self) -> Awaitable[dict[Line, list[Row]] | None]:
        """What the ledger keeps, once everything taken in so far is written; None where `wait_s` was too short."""
        if self._rows == 0:
            return self._nothing()
        if self._round is None:
            self._round = asyncio.get_running_loop().create_future()
            self._work.set()
        return self._until(self._round)

    async def _nothing(self) -> dict[Line, list[Row]] | None:
        return {}

    async def _until(self, told: "asyncio.Future[dict[Line, list[Row]]]") -> dict[Line, list[Row]] | None:
        try:
            async with asyncio.timeout(self._wait_s):
                return await asyncio.shield(told)
        except TimeoutError:
            return None

    async def run(self) -> None:
        """Write for as long as the process lives."""
        while True:
            await self._work.wait()
            self._work.clear()
            # Those who wait from here on have rows that are not in this round.
            taken, self._waiting = self._waiting, {}
            told, self._round = self._round, None
            kept: dict[Line, list[Row]] = {}
            for (line, maybe_there), rows in taken.items():
                for start in range(0, len(rows), ROWS_PER_WRITE_MAX):
                    chunk = rows[start : start + ROWS_PER_WRITE_MAX]
                    kept.setdefault(line, []).extend(await self._write_one(line, chunk, maybe_there))
                    self._rows -= len(chunk)
            metrics.LEDGER_BACKLOG.set(self._rows)
            if told is not None and not told.done():
                told.set_result(kept)

    async def _write_one(self, line: Line, rows: list[Row], maybe_there: bool) -> list[Row]:
        while True:
            try:
                kept = await self._write(line, rows, maybe_there)
            except LedgerUnavailable as error:
                # The answer may be all that was lost.
                maybe_there = True
                metrics.LEDGER_BACKLOG.set(self._rows)
                log.warning("room.ledger_write_failed", rows=len(rows), error=str(error))
                await asyncio.sleep(self._backoff.next_wait_s())
            else:
                self._backoff.reset()
                return kept


@dataclass(frozen=True, slots=True)
class Writers:
    """The two that every instance has; their loops are run by whoever made them."""

    joins: LedgerWriter[EntryRow]
    claims: LedgerWriter[ClaimRow]


def writers(
    ledger: Ledger,
    is_settling: Callable[[Line, int], bool],
    *,
    rows_max: int,
    wait_s: float,
    random: Callable[[], float],
) -> Writers:
    """Writers to `ledger`; `is_settling(line, n)` tells whether number `n` may be one of a draw."""

    async def write_joins(line: Line, rows: Sequence[EntryRow], maybe_there: bool) -> list[EntryRow]:
        settling = is_settling(line, min(row.n for row in rows))
        return await ledger.add_entries(line, rows, maybe_there=maybe_there, settling=settling)

    async def write_claims(line: Line, rows: Sequence[ClaimRow], _maybe_there: bool) -> list[ClaimRow]:
        return await ledger.add_claims(line, rows)

    return Writers(
        LedgerWriter(write_joins, rows_max=rows_max, wait_s=wait_s, backoff=Backoff(random)),
        LedgerWriter(write_claims, rows_max=rows_max, wait_s=wait_s, backoff=Backoff(random)),
    )
