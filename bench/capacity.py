"""What does a sale need? `python -m bench.capacity` writes docs/capacity.md from the newest figures of each bench.

Arithmetic, and nothing else: what a second of each rush brings, times what one of each costs here (CPU us, of the
newest whole run of its bench in `bench/results.jsonl`), over what a process may be busy. What is assumed and not
measured is a constant with its reason.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

from bench.measuring import RESULTS
from bench.report import Line, last_runs, rewrite, was_quick

PAGE = Path(__file__).resolve().parents[1] / "docs" / "capacity.md"
BEGIN, END = "<!-- computed: python -m bench.capacity -->", "<!-- end of what is computed -->"

ROOMS = ("waiting_room", "ingress", "allocator", "notifier")
SERVERS = ("postgres", "kafka", "redis")

UNITS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "joins": ("room", "joins, 64 connections", ("waiting_room", "postgres", "redis")),
    "looks": ("room", "looks at the status, 64 connections", ("waiting_room",)),
    "claims": ("room", "claim storm of 50000 a minute, p99", ("waiting_room", "postgres", "redis")),
    "maps": ("api", "look, hold and confirm, 20 : 3 : 1", ("ingress",)),
    "holds": ("pipeline", "holds over HTTP", ("ingress", "allocator", "postgres", "kafka")),
    "losses": ("allocator", "seated holds of two, 1 % accepted", ("allocator", "postgres", "kafka")),
    "confirms": ("api", "confirms alone", ("ingress", "allocator", "postgres", "kafka")),
    "frames": ("sockets", "CPU of a frame delivered against a bare write", ("notifier",)),
}
"""What is asked -> bench and case in which it was measured, and whose CPU time counts."""
LINEAR, LINEAR_CASE, STAGES = "stages", "CPU for each request at 2 workers against 1", ("ingress", "allocator")
SOCKET_KB, PEOPLE_MB = ("sockets", "each of 10000 idle sockets"), ("room", "1000000 people in line, Redis")
SHOW_MB = ("big", "most memory of an allocator")

BUSY_MAX = 0.5
"""Of a core that a process of ours has: at half of the peak the latencies are those of docs/performance.md."""
SERVER_BUSY_MAX = 0.6
SPARE = 1
"""Of each kind more than its load needs, so that one may be lost or replaced in the rush."""
SOCKETS_PER_PROCESS = 10_000
"""`ONSALE_NOTIFIER_SOCKETS_MAX`, and as many as the bench opens."""
PROCESS_MB = 120
"""Of a room in the soak's last quarter (docs/soak.md), without what sockets and shows add."""
BYTES = {
    "joins": 1_040,
    "looks": 900,
    "claims": 1_230,
    "maps": 740,
    "holds": 1_660,
    "confirms": 1_280,
    "frames": 310,
}
"""Of request and answer together, over plain HTTP, or of a frame: lengths of what the benches send and get (counted on
a connection of each), to the next ten."""
CORE_HOUR_USD, GB_HOUR_USD = 0.05, 0.006
"""About what clouds ask for on demand; a third of it for whoever commits to a year."""


@dataclass(frozen=True)
class Rush:
    """A second at the busiest moment, and what stands meanwhile. `losses`: holds of seats that are gone."""

    name: str
    why: str
    per_s: Mapping[str, float]
    people: int = 0
    sockets: int = 0
    shows: int = 1


RUSHES = (
    Rush(
        "A hall of 5,000",
        "20,000 people within ten minutes. In the first minute 267 looks at the map and 107 holds a second, one in "
        "three of which is granted; 16,000 have a socket, each told ten times a minute.",
        {"joins": 33, "looks": 20, "claims": 267, "maps": 267, "holds": 36, "losses": 71, "confirms": 36,
         "frames": 2_667},
        people=20_000,
        sockets=16_000,
    ),
    Rush(
        "The stadium",
        "80,000 seats and 5 million people who join within ten minutes; 50,000 a minute are called. Each of those "
        "looks at four maps and tries twice to hold, once in vain. 20,000 bookings in ten minutes, at ten times that "
        "rate in the worst second. 500,000 sockets, each told five times a minute. A network in front (CDN) asks for "
        "the status document from 200 places, each once a second.",
        {"joins": 8_333, "looks": 200, "claims": 833, "maps": 3_333, "holds": 833, "losses": 833, "confirms": 333,
         "frames": 41_667},
        people=5_000_000,
        sockets=500_000,
    ),
    Rush(
        "Ten million people",
        "The same seats and the same rate: who waits costs a number, a ticket, and looks that the network in front "
        "answers. No socket: polling alone suffices.",
        {"joins": 16_667, "looks": 200, "claims": 833, "maps": 3_333, "holds": 833, "losses": 833, "confirms": 333},
        people=10_000_000,
    ),
    Rush(
        "100,000 holds a second",
        "With no room before it, over twenty shows; one in ten gets what it wants and books it.",
        {"holds": 10_000, "losses": 90_000, "confirms": 10_000},
        shows=20,
    ),
    Rush(
        "A million sockets",
        "On one show, each told five times a minute.",
        {"frames": 83_333, "holds": 100, "confirms": 50},
        sockets=1_000_000,
    ),
)  # fmt: skip


@dataclass
class Needs:
    """What a rush needs: cores busy and processes by room or server, memory in MB, and Mbit a second in and out."""

    cores: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    processes: dict[str, int] = field(default_factory=dict)
    memory_mb: dict[str, float] = field(default_factory=dict)
    mbit_per_s: float = 0.0

    @property
    def cores_kept(self) -> int:
        """What rooms and servers need to be busy as far as they may, and a spare one of each room."""
        rooms = sum(ceil(self.cores[room] / BUSY_MAX) + SPARE for room in self.processes)
        return rooms + sum(max(1, ceil(self.cores[server] / SERVER_BUSY_MAX)) for server in SERVERS)

    @property
    def usd_per_hour(self) -> float:
        """Of rented machines."""
        return self.cores_kept * CORE_HOUR_USD + sum(self.memory_mb.values()) / 1_000 * GB_HOUR_USD


class NoFigure(Exception):
    """A bench has not been run in full, or its case has another name now."""


class Figures:
    """The newest whole run of each bench."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._runs = last_runs(line for line in lines if not was_quick(line))

    def line(self, bench: str, case: str) -> Line:
        """Raises `NoFigure`."""
        found = [line for line in self._runs.get(bench, ()) if line["case"] == case]
        if not found:
            raise NoFigure(f"no whole run of bench {bench} has the case {case!r}")
        return found[0]

    def cpu_us(self, kind: str) -> dict[str, float]:
        """CPU us of one of a kind, by room and server. A lost hold costs ingress what a granted one does."""
        bench, case, whose = UNITS[kind]
        spent = self.line(bench, case)["cpu_us"]
        found = {name: float(spent[name]) for name in whose}
        return found | ({"ingress": self.cpu_us("holds")["ingress"]} if kind == "losses" else {})

    def value(self, at: tuple[str, str]) -> float:
        """Of a case without CPU times."""
        return float(self.line(*at)["value"])


def needs(rush: Rush, figures: Figures) -> Needs:
    """The arithmetic."""
    found = Needs()
    for kind, per_s in rush.per_s.items():
        for name, us in figures.cpu_us(kind).items():
            found.cores[name] += per_s * us / 1e6
        found.mbit_per_s += per_s * BYTES.get(kind, BYTES["holds"]) * 8 / 1e6
    for room in ROOMS:
        wanted = ceil(found.cores[room] / BUSY_MAX)
        if room == "notifier":
            wanted = max(wanted, ceil(rush.sockets / SOCKETS_PER_PROCESS))
        if wanted:
            found.processes[room] = wanted + SPARE
            found.memory_mb[room] = found.processes[room] * PROCESS_MB
    found.memory_mb["notifier"] = found.memory_mb.get("notifier", 0) + rush.sockets * figures.value(SOCKET_KB) / 1_000
    found.memory_mb["allocator"] = found.memory_mb.get("allocator", 0) + rush.shows * figures.value(SHOW_MB)
    found.memory_mb["redis"] = rush.people / 1e6 * figures.value(PEOPLE_MB)
    return found


def section(rush: Rush, found: Needs) -> str:
    """A rush and its table, in Markdown."""
    rows = [
        f"| {name} | {found.cores[name]:.2f} | {found.processes.get(name, '')} | {_mb(found.memory_mb.get(name, 0))} |"
        for name in (*ROOMS, *SERVERS)
        if found.cores[name] or found.memory_mb.get(name)
    ]
    return "\n".join(
        (
            f"## {rush.name}",
            "",
            rush.why,
            "",
            "| | cores busy | processes | memory, MB |",
            "|---|---|---|---|",
            *rows,
            "",
            f"In all {found.cores_kept} cores kept, {sum(found.memory_mb.values()) / 1_000:.1f} GB beside the servers' "
            f"own, {found.mbit_per_s:,.0f} Mbit/s in and out; rented, in the order of {found.usd_per_hour:.1f} USD an "
            "hour.",
        )
    )


def _mb(memory_mb: float) -> str:
    return f"{memory_mb:,.0f}" if memory_mb else ""


def page(figures: Figures) -> str:
    """All that is computed."""
    units = [
        f"| {kind} | "
        + ", ".join(f"{name} {us:.1f}" for name, us in figures.cpu_us(kind).items())
        + f" | {UNITS[kind][0]} |"
        for kind in UNITS
    ]
    linear = [f"* {stage}: **{figures.value((LINEAR, f'{stage}: {LINEAR_CASE}')):.2f}** times" for stage in STAGES]
    return "\n".join(
        (
            "## What one of each costs",
            "",
            "| | CPU us | `make bench BENCH=` |",
            "|---|---|---|",
            *units,
            "",
            "CPU time of a request with two workers of a stage against one, each with the same work (`make bench "
            "BENCH=stages`; 1 is linear, below 1 means that fuller batches are cheaper):",
            "",
            *linear,
            "",
            "\n\n".join(section(rush, needs(rush, figures)) for rush in RUSHES),
        )
    )


def main() -> int:
    """The exit code."""
    figures = Figures(json.loads(line) for line in RESULTS.read_text().splitlines())
    try:
        rewrite(PAGE, BEGIN, END, page(figures))
    except NoFigure as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
