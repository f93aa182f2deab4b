"""Many sales, one after the other: which seeds failed and why, and what was met on the way."""

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from allocator import service, stock
from tests.simulation.checker import check
from tests.simulation.world import COMMANDS_MIN, FAULTS_MIN, World

RECALLED_MAX = 4
"""So few that every sale asks about reservations that memory has forgotten."""


@dataclass
class Report:
    """What became of some seeds."""

    seeds: int = 0
    failures: dict[int, list[str]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    fewest_commands: int = 1_000_000
    fewest_faults: int = 1_000_000

    def add(self, other: "Report") -> None:
        self.seeds += other.seeds
        self.failures.update(other.failures)
        self.counts.update(other.counts)
        self.fewest_commands = min(self.fewest_commands, other.fewest_commands)
        self.fewest_faults = min(self.fewest_faults, other.fewest_faults)

    def lines(self) -> list[str]:
        """One line for each seed that failed, with which it can be seen again."""
        return [f"make sim SEED={seed}   # {problems[0][:300]}" for seed, problems in sorted(self.failures.items())]


def play(seed: int, make: Callable[[int], World] = World) -> tuple[World, list[str]]:
    """One sale, and everything that was wrong with it."""
    gc.collect(0)  # the sale before, if nobody has it any more: a heap of cycles, all young, and little else is
    with short_memory():
        world = make(seed).run()
    found = check(world)
    if world.crowd.asked < COMMANDS_MIN or world.faults < FAULTS_MIN:
        found.append(f"{world.crowd.asked} commands and {world.faults} faults are too few")
    return world, found


def run(seeds: Iterable[int]) -> Report:
    """All these sales."""
    report = Report()
    for seed in seeds:
        report.add(_of_one(seed))
    return report


def _of_one(seed: int) -> Report:
    try:
        world, problems = play(seed)
    except Exception as error:
        return Report(1, {seed: [f"the sale itself raised {error!r}"]})
    failures = {seed: problems} if problems else {}
    return Report(1, failures, world.counts, world.crowd.asked, world.faults)


@contextmanager
def short_memory() -> Iterator[None]:
    """Desks forget ended reservations soon, so that recalling them is seen; the oracle remembers all."""
    kept = stock.RECALLED_MAX, service.RECALLED_AT_ONCE_MAX
    stock.RECALLED_MAX, service.RECALLED_AT_ONCE_MAX = RECALLED_MAX, RECALLED_MAX - 1
    try:
        yield
    finally:
        stock.RECALLED_MAX, service.RECALLED_AT_ONCE_MAX = kept
