"""What a figure is: its gate, its rounds, the CPU time behind it and the load of everybody else beside it."""

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from ticketing.clock import SystemClock

RESULTS = Path(__file__).with_name("results.jsonl")
LIBRARIES = ("aiokafka", "asyncpg", "httptools", "msgspec", "starlette", "uvicorn", "uvloop")


@dataclass(frozen=True)
class Gate:
    """The row of design/performance.md that a figure answers: `must` is the least (or the most) that will do."""

    must: float
    goal: float | None = None
    at_most: bool = False

    def holds(self, value: float) -> bool:
        """Whether `value` meets the must."""
        return value <= self.must if self.at_most else value >= self.must


@dataclass
class Bench:
    """The lines of one run. `conditions` stand in every line; `rounds` of a case are reduced to their median."""

    name: str
    conditions: Mapping[str, Any]
    missed: list[str] = field(default_factory=list)

    def line(
        self, case: str, unit: str, rounds: Sequence[float], gate: Gate | None = None, **conditions: Any
    ) -> dict[str, Any]:
        """Print and keep one figure: the median of its rounds, in `unit`, against its gate."""
        value = statistics.median(rounds)
        line = {
            "bench": self.name,
            "case": case,
            "value": _rounded(value),
            "unit": unit,
            "must": gate.must if gate else None,
            "goal": gate.goal if gate else None,
            "ok": gate.holds(value) if gate else None,
            "rounds": [_rounded(each) for each in rounds],
            **conditions,
            **self.conditions,
        }
        text = json.dumps(line, ensure_ascii=False)
        print(text, flush=True)
        with RESULTS.open("a") as kept:
            kept.write(text + "\n")
        if gate and not gate.holds(value):
            self.missed.append(f"{case}: {_rounded(value)} {unit}, must {gate.must}")
        return line


def progress(text: str) -> None:
    """For whoever watches a run; the figures go to standard output."""
    print(text, file=sys.stderr, flush=True)


class Processes:
    """The CPU time of named processes, each with all its descendants (living and waited for), and of this one alone."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._roots = {name: psutil.Process(pid) for name, pid in pids.items()}
        self._own = psutil.Process()

    def cpu_s(self) -> dict[str, float]:
        """CPU seconds of each name since its process began; ours is called `bench`."""
        own = self._own.cpu_times()
        return {name: _tree_cpu_s(root) for name, root in self._roots.items()} | {"bench": own.user + own.system}


@dataclass(frozen=True)
class Spent:
    """What a window of time cost: seconds on the wall, CPU seconds by group, and foreign load in busy cores."""

    wall_s: float
    cpu_s: dict[str, float]
    foreign_cores: float

    def cpu_us_per(self, count: int) -> dict[str, float]:
        """CPU microseconds of each group for each of `count` things done."""
        return {name: _rounded(seconds / count * 1e6) for name, seconds in self.cpu_s.items()}

    def busy_cores(self) -> dict[str, float]:
        """How much of one core each group had; the generator is called `load`."""
        return {name: _rounded(seconds / self.wall_s) for name, seconds in self.cpu_s.items()}


class Stopwatch:
    """Measures one window; made at its beginning. The groups must hold every process that is not foreign."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._machine = _machine_cpu_s()
        self._before = processes.cpu_s()
        self._began_s = time.perf_counter()

    def stop(self) -> Spent:
        """What was spent since the stopwatch was made."""
        wall_s = time.perf_counter() - self._began_s
        after = self._processes.cpu_s()
        spent = {name: after[name] - before for name, before in self._before.items()}
        foreign_s = _machine_cpu_s() - self._machine - sum(spent.values())
        return Spent(wall_s, spent, _rounded(max(0.0, foreign_s) / wall_s))


def conditions_of(**more: Any) -> dict[str, Any]:
    """What every line says of the machine and its software, and `more`."""
    return {
        **more,
        "at_ms": SystemClock().now_ms(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "versions": {name: version(name) for name in LIBRARIES},
    }


def medians(of: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The median of each key over several rounds."""
    return {name: _rounded(statistics.median(each[name] for each in of)) for name in of[0]} if of else {}


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of `ordered` lies: nearest rank."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _rounded(value: float) -> float:
    """Four significant digits: more would be noise."""
    return float(f"{value:.4g}")


def _tree_cpu_s(root: psutil.Process) -> float:
    total = 0.0
    for process in [root, *_children(root)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def _children(root: psutil.Process) -> list[psutil.Process]:
    try:
        return list(root.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _machine_cpu_s() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)
