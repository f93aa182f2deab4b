"""Worlds in which one safety rule is missing: the checker must notice, or it would notice nothing."""

from collections.abc import Callable

from allocator.netting import Position
from runtime.follow import Batch, Follower, Published, Stream, Table
from tests.simulation.memory_rows import Row
from tests.simulation.memory_tables import Tables
from tests.simulation.world import World


class UnfencedTables(Tables):
    """Without the compare-and-swap of the cursor: whoever comes writes."""

    def is_current(self, cursor: Row, at: Position) -> bool:
        return True


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
