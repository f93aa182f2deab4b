"""Worlds in which one safety rule is missing: the checker must notice, or it would notice nothing."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from allocator import binding, booking, cancelling, changing, holding, keeping, losing, paying, service
from allocator.answer import log_time
from allocator.netting import Position
from allocator.stock import ShowStock
from runtime.follow import Batch, Follower, Published, Stream, Table
from tests.simulation import oracle
from tests.simulation.campaign import play
from tests.simulation.crowd import SEATS
from tests.simulation.memory_log import MemoryLog
from tests.simulation.memory_rows import Row
from tests.simulation.memory_tables import Tables, Transaction
from tests.simulation.world import World
from ticketing.having.allocation import Allocation
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


class ForgetfulTables(Tables):
    """Without what a restore notes of the past: it is decided again as if it were now."""

    def steps(self, part: int) -> list[tuple[int, int | None]]:
        return []


@contextmanager
def a_blind_spot(*, nobody_looks_again: bool) -> Iterator[None]:
    """A planted bug in the decision itself: the first three seats seem free to everybody."""
    true_conflicts, true_expect = losing.conflicts_of, ShowStock.expect_owner

    def conflicts(show: ShowStock, command: HoldSeats) -> list[Conflict]:
        return [conflict for conflict in true_conflicts(show, command) if conflict.seat not in {0, 1, 2}]

    losing.conflicts_of = conflicts
    if nobody_looks_again:
        ShowStock.expect_owner = lambda self, seat, owner: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        losing.conflicts_of, ShowStock.expect_owner = true_conflicts, true_expect  # type: ignore[method-assign]


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

    def __init__(self, stream: Stream, table: Table, start: dict[int, int], history_id: str) -> None:
        self._overheard = _Overheard(stream)
        super().__init__(self._overheard, table, start, history_id=history_id)

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

    def __init__(self, stream: Stream, table: Table, start: dict[int, int], history_id: str) -> None:
        super().__init__(stream, _BlankTable(), start, history_id=history_id)


class BlindToHistory(Follower):
    """Without the look at the history: after a restore it goes on as if nothing had been."""

    def _judge_history(self, history_id: str) -> None:
        return


def _blind_to_history(stream: Stream, table: Table, start: dict[int, int], history_id: str) -> Follower:
    return BlindToHistory(stream, table, start, history_id=history_id)


@contextmanager
def nothing_kept() -> Iterator[None]:
    """Without the look at what is kept for partners."""
    kept = Allocation.is_kept
    Allocation.is_kept = lambda self, now_ms: False  # type: ignore[method-assign]
    try:
        yield
    finally:
        Allocation.is_kept = kept  # type: ignore[method-assign]


@contextmanager
def endless_patience() -> Iterator[None]:
    """Without the look at how many holds a person has, and has let go."""
    kept = holding._impatience
    holding._impatience = lambda show, person, now_ms: None
    try:
        yield
    finally:
        holding._impatience = kept


@contextmanager
def nobody_bound() -> Iterator[None]:
    """Without the look at whose address it is, and who paid."""
    kept = binding.too_many_bound
    patched = (booking, changing, keeping, paying)
    for module in patched:
        module.too_many_bound = lambda *asked, **more: None  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for module in patched:
            module.too_many_bound = kept  # type: ignore[attr-defined]


@contextmanager
def _without(module: Any, name: str, instead: Callable[..., Any]) -> Iterator[None]:
    true = getattr(module, name)
    setattr(module, name, instead)
    try:
        yield
    finally:
        setattr(module, name, true)


@contextmanager
def one_clock() -> Iterator[None]:
    """Without the sender's clock: the broker alone says how late it is."""
    patched = (losing, service, oracle)
    for module in patched:
        module.log_time = lambda last_now_ms, append_ms, sent_at_ms: max(last_now_ms, append_ms)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for module in patched:
            module.log_time = log_time  # type: ignore[attr-defined]


@contextmanager
def no_second_look_at_the_log() -> Iterator[None]:
    """Without the comparison after an interruption: a tail that was lost and grew again is taken for the old one."""
    kept = MemoryLog.interruptions
    MemoryLog.interruptions = lambda self, part: 0  # type: ignore[method-assign]
    try:
        yield
    finally:
        MemoryLog.interruptions = kept  # type: ignore[method-assign]


@dataclass(frozen=True)
class Mutant:
    """How a world without the rule is made; in how many seeds the judges must have noticed it."""

    seeds: int
    make: Callable[[int], World] = World
    spoilt: Callable[[], AbstractContextManager[None]] = nullcontext


MUTANTS: dict[str, Mutant] = {
    "without the cursor's compare-and-swap": Mutant(5, lambda seed: World(seed, make_tables=UnfencedTables)),
    "without the followers' dedupe": Mutant(5, lambda seed: World(seed, make_follower=NoDedupe)),
    "without the followers' gap repair": Mutant(20, lambda seed: World(seed, make_follower=NoGapRepair)),
    "without the followers' look at the history": Mutant(40, lambda seed: World(seed, make_follower=_blind_to_history)),
    "without the moments of before a restore": Mutant(40, lambda seed: World(seed, make_tables=ForgetfulTables)),
    "without the sender's clock": Mutant(200, spoilt=one_clock),
    "without a second look at the log": Mutant(200, spoilt=no_second_look_at_the_log),
    "without the look at what is kept for partners": Mutant(100, spoilt=nothing_kept),
    "without the look at how many holds a person has let go": Mutant(40, spoilt=endless_patience),
    "without the look at whose address it is, and who paid": Mutant(40, spoilt=nobody_bound),
    "without the look at what a late payment would take": Mutant(
        300, spoilt=lambda: _without(paying, "_is_free_again", lambda show, hold, now_ms: True)
    ),
    "without the refund of what is cancelled": Mutant(
        20, spoilt=lambda: _without(cancelling, "refund", lambda show, booking, answer, reason: [])
    ),
    "without the look at how much a person holds who loses what others lose": Mutant(
        60, spoilt=lambda: _without(losing, "_held_max", lambda show, asked: SEATS)
    ),
    "with a wrong decision": Mutant(8, spoilt=lambda: a_blind_spot(nobody_looks_again=False)),
    "with a wrong decision, and counts unchecked": Mutant(
        12,
        lambda seed: World(seed, make_tables=UncheckedTables),
        lambda: a_blind_spot(nobody_looks_again=True),
    ),
}


def caught(name: str) -> tuple[int, str] | None:
    """The first seed in which the mutant was noticed, and by what; None: in none of its seeds."""
    mutant = MUTANTS[name]
    for seed in range(mutant.seeds):
        try:
            with mutant.spoilt():
                _, problems = play(seed, mutant.make)
        except (AssertionError, KeyError) as error:
            problems = [f"so wrong that the sale cannot be told to its end: {error!r}"]
        if problems:
            return seed, problems[0]
    return None
