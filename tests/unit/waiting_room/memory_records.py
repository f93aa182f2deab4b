"""How sales went, in memory."""

from collections import Counter
from collections.abc import Mapping, Sequence

from waiting_room.ports import LedgerUnavailable
from waiting_room.records import Moment, Tally


class MemoryRecords:
    """`records.RecordBook`; `away`: a server that cannot be reached."""

    def __init__(self) -> None:
        self.away = False
        self.moments: dict[tuple[int, int], Moment] = {}
        self.tallies: Counter[tuple[int, str, str]] = Counter()
        self.plans: dict[int, tuple[Mapping[str, object], int]] = {}

    def _reach(self) -> None:
        if self.away:
            raise LedgerUnavailable("away")

    async def add_moment(self, show: int, moment: Moment) -> None:
        self._reach()
        self.moments.setdefault((show, moment.at_ms), moment)

    async def add_tallies(self, tallies: Sequence[Tally]) -> None:
        self._reach()
        for show, kind, name, n in tallies:
            self.tallies[show, kind, name] += n

    async def track(self, show: int, rows_max: int) -> list[Moment]:
        self._reach()
        kept = sorted((moment for (of, _), moment in self.moments.items() if of == show), key=lambda each: each.at_ms)
        step = max(1, -(-len(kept) // rows_max))
        return kept[::-1][::step][::-1]

    async def keep_plan(self, show: int, plan: Mapping[str, object], at_ms: int) -> None:
        self._reach()
        self.plans[show] = (plan, at_ms)

    async def plan(self, show: int) -> tuple[Mapping[str, object], int] | None:
        self._reach()
        return self.plans.get(show)
