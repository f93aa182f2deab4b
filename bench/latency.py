"""How long does a hold take when half of what can be borne is asked for? `python -m bench.latency [--quick]`.

Each round first finds the peak (a closed loop of 256 connections), then asks for half of it by a schedule (an open
loop, `bench/open_load.py`): one ingress process, one allocator, generator and servers on the same cores. Only 201 may
be answered, once the broker is warm.
"""

import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from bench import sale
from bench.driving import Crowd, Loaded, Size, all_granted, closed_loop, open_loop
from bench.measuring import Bench, Gate, Spent, medians
from bench.open_load import OPEN_LOOP
from bench.open_plan import Latency, Seen
from bench.running import as_told, new_bench, provisioned_site, warm_up
from bench.site import Connection, Site

SEED = 20261121
PLACES = 200_000
PEAK_CONNECTIONS = 256
CONNECTIONS = 512
SHARE_OF_PEAK = 0.5

P50 = Gate(30, 10, at_most=True)
P99 = Gate(120, 40, at_most=True)


FULL = Size(rounds=3, jvm_warm_s=60, peak_s=5, warm_s=2, measure_s=10)
QUICK = Size(rounds=1, jvm_warm_s=0, peak_s=4, warm_s=2, measure_s=6)


@dataclass(frozen=True)
class Round:
    """The peak, and what half of it met."""

    peak: Loaded
    asked_per_s: float
    prepared: int
    seen: Seen
    spent: Spent

    @property
    def latency(self) -> Latency:
        """Of the holds, all of which must have been granted. Raises RuntimeError."""
        return all_granted(self.seen, self.prepared)


async def run(size: Size) -> list[str]:
    """The rounds; the gates that were missed."""
    rng = random.Random(SEED)
    async with provisioned_site() as (site, connection):
        warm_s = await warm_up(size.jvm_warm_s, lambda: _round(site, connection, size, rng))
        rounds = [await _round(site, connection, size, rng) for _ in range(size.rounds)]
        bench = await new_bench("latency", connection, warm_s=warm_s, loop=OPEN_LOOP, connections=CONNECTIONS)
        _report(bench, rounds)
        return bench.missed


async def _round(site: Site, connection: Connection, size: Size, rng: random.Random) -> Round:
    await site.empty(connection)
    async with site.room("allocator", ready=True) as allocator, site.room("ingress", ready=True) as ingress:
        rooms = (ingress, allocator)
        show = (await sale.make_show(site, ingress, capacity=PLACES)).show
        holds = [held.hold for held in sale.area_holds(site, show, PLACES // sale.PLACES_EACH, rng)]
        peak = await closed_loop(site, rooms, PEAK_CONNECTIONS, holds, warm_s=2, measure_s=size.peak_s)
        rate = peak.rate * SHARE_OF_PEAK
        show = (await sale.make_show(site, ingress, capacity=PLACES)).show
        count = min(PLACES // sale.PLACES_EACH, round(1.2 * rate * (size.warm_s + size.measure_s)))
        holds = [held.hold for held in sale.area_holds(site, show, count, rng)]
        crowd = Crowd("holds", [ingress], CONNECTIONS, rate, holds)
        seen, spent = await open_loop(site, rooms, [crowd], warm_s=size.warm_s, measure_s=size.measure_s)
    return Round(peak, rate, len(holds), seen["holds"], spent)


def _report(bench: Bench, rounds: Sequence[Round]) -> None:
    counts = [each.latency.count for each in rounds]
    conditions = {
        "asked_per_s": [round(each.asked_per_s) for each in rounds],
        "peak_per_s": [round(each.peak.rate) for each in rounds],
        "longest_ms": max(each.latency.longest_ms for each in rounds),
        "cpu_us": medians([each.spent.cpu_us_per(count) for each, count in zip(rounds, counts, strict=True)]),
        "foreign_cores": [each.spent.foreign_cores for each in rounds],
    }
    at = "hold over HTTP at half of the peak"
    bench.line(f"{at}, p50", "ms", [each.latency.p50_ms for each in rounds], P50, **conditions)
    bench.line(f"{at}, p99", "ms", [each.latency.p99_ms for each in rounds], P99, **conditions)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    return as_told("latency", run, arguments, full=FULL, quick=QUICK)


if __name__ == "__main__":
    sys.exit(main())
