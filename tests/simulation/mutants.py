"""Worlds in which one safety rule is missing: the checker must notice, or it would notice nothing."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any

from allocator import holding
from allocator.netting import Position
from allocator.stock import ShowStock
from runtime.follow import Batch, Follower, Published, Stream, Table
from tests.simulation.memory_rows import Row
from tests.simulation.memory_tables import Tables, Transaction
from tests.simulation.world import World
from ticketing.messages import Conflict, HoldSeats


class UnfencedTables(Tables):
    """Without the compare-and-swap of the cursor: whoever comes writes."""

    def is_current(self, cursor: Row, at: Position) -> bool:
        return True


class LenientTransaction(Transaction):
    """Without a look at keys and counts: a row is overwritten, whatever it was."""

    def insert(self, table: dict[Any, Row], key: Hashable, row: Row) -> None:
        self.put(table, key, row)

    def change(self, table: dict[Any, Row], key: Hashable, column: str, expected: object) -> Row:
        return table.get(key, {})

    def remove(self, table: dict[Any, Row], key: Hashable) -> None:
        if key in table:
            super().remove(table, key)


class UncheckedTables(Tables):
    """Without primary keys and without counts."""

    def transaction(self) -> Transaction:
        return LenientTransaction()


@contextmanager
def a_blind_spot(*, nobody_looks_again: bool) -> Iterator[None]:
    """A planted bug in the decision itself: the first three seats seem free to everybody."""
    true_conflicts, true_expect = holding._conflicts, ShowStock.expect_owner

    def conflicts(show: ShowStock, command: HoldSeats) -> list[Conflict]:
        return [conflict for conflict in true_conflicts(show, command) if conflict.seat not in {0, 1, 2}]

    holding._conflicts = conflicts
    if nobody_looks_again:
        ShowStock.expect_owner = lambda self, seat, owner: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        holding._conflicts, ShowStock.expect_owner = true_conflicts, true_expect  # type: ignore[method-assign]


class _Overheard:
    """A topic that keeps what it delivered last."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.delivered: list[Batch] = []

    async def poll(self, timeout_s: float) -> list[Batch]:
        self.delivered = await self._stream.poll(timeout_s)
        return self.delivered


class NoDedupe(Follower):
    """Without the look at the number: what comes again is handed out again."""

    def __init__(self, stream: Stream, table: Table, start: dict[int, int]) -> None:
        self._overheard = _Overheard(stream)
        super().__init__(self._overheard, table, start)

    async def step(self, now_ms: int, timeout_s: float = 0.5) -> list[Batch]:
        seen = self.seen
        taken = await super().step(now_ms, timeout_s)
        return [batch for batch in self._overheard.delivered if batch.batch_seq <= seen[batch.part]] + taken


class _BlankTable:
    """A table that nobody asks."""

    async def published(self) -> dict[int, Published]:
        return {}

    async def read(self, part: int, after_seq: int, up_to_seq: int, limit: int) -> list[Batch]:
        return []


class NoGapRepair(Follower):
    """Without the table: what the topic lost is lost."""

    def __init__(self, stream: Stream, table: Table, start: dict[int, int]) -> None:
        super().__init__(stream, _BlankTable(), start)


MUTANTS: dict[str, Callable[[int], World]] = {
    "without the cursor's compare-and-swap": lambda seed: World(seed, make_tables=UnfencedTables),
    "without the followers' dedupe": lambda seed: World(seed, make_follower=NoDedupe),
    "without the followers' gap repair": lambda seed: World(seed, make_follower=NoGapRepair),
}
