"""Many sales, one after the other: which seeds failed and why, and what was met on the way."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from allocator import service, stock
from tests.simulation.checker import check
from tests.simulation.world import World

RECALLED_MAX = 4
"""So few that every sale asks about reservations that memory has forgotten."""


@dataclass
class Report:
    """What became of some seeds."""

    seeds: int = 0
    failures: dict[int, list[str]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Report") -> None:
        self.seeds += other.seeds
        self.failures.update(other.failures)
        self.counts.update(other.counts)

    def lines(self) -> list[str]:
        """One line for each seed that failed, with which it can be seen again."""
        return [
            f'make sim ARGS="--seed {seed} --seeds 1 --trace"   # {problems[0][:300]}'
            for seed, problems in sorted(self.failures.items())
        ]


def play(seed: int) -> tuple[World, list[str]]:
    """One sale, and everything that was wrong with it."""
    with short_memory():
        world = World(seed).run()
    return world, check(world)


def run(seeds: Iterable[int]) -> Report:
    """All these sales."""
    report = Report()
    for seed in seeds:
        report.seeds += 1
        try:
            world, problems = play(seed)
        except Exception as error:
            report.failures[seed] = [f"the sale itself raised {error!r}"]
            continue
        report.counts.update(world.counts)
        if problems:
            report.failures[seed] = problems
    return report


@contextmanager
def short_memory() -> Iterator[None]:
    """Desks forget ended reservations soon, so that recalling them is seen; the oracle remembers all."""
    kept = stock.RECALLED_MAX, service.RECALLED_AT_ONCE_MAX
    stock.RECALLED_MAX, service.RECALLED_AT_ONCE_MAX = RECALLED_MAX, RECALLED_MAX - 1
    try:
        yield
    finally:
        stock.RECALLED_MAX, service.RECALLED_AT_ONCE_MAX = kept
