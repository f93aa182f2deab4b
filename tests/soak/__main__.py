"""`python -m tests.soak [--minutes N] [--seed N]`: one JSON report; the exit code is 1 where it is not ok.

Below ten judged minutes nothing is said of memory and batch times: the report names what was not judged.
"""

import argparse
import asyncio
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import msgspec

from tests.faults.judge import judge
from tests.faults.own_servers import open_ground
from tests.faults.stage import Stage, open_stage
from tests.servers import run_directory
from tests.soak.judging import (
    SLOPE_PERCENT_MAX,
    SLOWER_MAX,
    Buckets,
    is_long_enough,
    judged,
    median_between,
    slope_percent,
)
from tests.soak.rooms import Pair, batch_times, kill_on, open_pairs, sample_on
from tests.soak.sales import SHARE, Takings, measure_peak, sell

SEED = 20261121
MINUTES = 20.0
SALE_S = 60.0
QUARTERS = 4
CACHES = {
    "ONSALE_INGRESS_RESERVATIONS_CACHED_MAX": "2000",
    "ONSALE_INGRESS_TOKENS_CACHED_MAX": "2000",
    "ONSALE_INGRESS_SHOWS_CACHED_MAX": "8",
}
"""So many reservations, tokens and shows have been seen before anything is judged."""
MB = 1024 * 1024
SAID_CHARS_MAX = 600


async def soak(minutes: float, seed: int) -> dict[str, Any]:
    """Run, and judge; the report."""
    roads = {"ingress": CACHES}
    with run_directory() as directory:
        async with open_ground(directory) as ground, open_stage(ground, rooms=(), roads=roads) as stage:
            run = Run(stage, await open_pairs(stage), minutes)
            await measure_peak(stage, run.takings)
            await run.under_load(random.Random(seed))
            return await run.report()


@dataclass
class Run:
    """One soak: what it acts on, and what it has seen."""

    stage: Stage
    pairs: dict[str, Pair]
    minutes: float
    takings: Takings = field(default_factory=Takings)
    kills: Counter[str] = field(default_factory=Counter)
    times: list[Buckets] = field(default_factory=list)
    """The histogram of the allocator that stays, at the beginning and after each quarter."""

    async def under_load(self, rng: random.Random) -> None:
        """Sales and kills, for so long."""
        background = [
            asyncio.create_task(kill_on(self.stage, self.pairs, rng, self.kills)),
            asyncio.create_task(sample_on(self.pairs)),
            asyncio.create_task(self._note_quarters()),
        ]
        try:
            end_s = time.monotonic() + self.minutes * 60
            while (left_s := end_s - time.monotonic()) > 0:
                await self._sell(min(SALE_S, left_s), rng.randrange(2**31), background)
            await background[-1]
        finally:
            for task in background:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _sell(self, seconds: float, seed: int, background: Sequence["asyncio.Task[None]"]) -> None:
        """One sale. What fails in the background fails here."""
        selling = asyncio.create_task(sell(self.stage, self.pairs, self.takings, seconds=seconds, seed=seed))
        done, _ = await asyncio.wait({selling, *background}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        await selling
        memory = ", ".join(f"{module} {pair.samples[-1].bytes / MB:.0f} MB" for module, pair in self.pairs.items())
        told = f"{self.takings.loads_per_s[-1]:.0f} purchases/s, {self.kills.total()} kills; {memory}"
        print(told, file=sys.stderr, flush=True)

    async def _note_quarters(self) -> None:
        allocator = self.pairs["allocator"].stays
        self.times.append(await batch_times(allocator))
        for _ in range(QUARTERS):
            await asyncio.sleep(self.minutes * 60 / QUARTERS)
            self.times.append(await batch_times(allocator))

    async def report(self) -> dict[str, Any]:
        """What is wrong, and the figures."""
        wrong: dict[str, Any] = {}
        not_judged: list[str] = []
        rooms = {module: _memory(module, pair, wrong, not_judged) for module, pair in self.pairs.items()}
        medians = [round(1000 * median_between(*pair), 3) for pair in pairwise(self.times)]
        long_enough = is_long_enough(judged(self.pairs["allocator"].samples))
        _judge_times(medians, wrong, not_judged, long_enough=long_enough)
        takings = self.takings
        verdict = judge(takings.lines, await self.stage.tables())
        wrong |= verdict.wrong
        code, said = await self.stage.verify(takings.lines, replay=True)
        if code != 0:
            wrong["onsale verify"] = said[-SAID_CHARS_MAX:]
        if verdict.acknowledged == 0:
            wrong["nothing was acknowledged"] = True
        return {
            "minutes": self.minutes,
            "peak_per_s": round(takings.peak_per_s, 1),
            "share": SHARE,
            "load_per_s": [round(one, 1) for one in takings.loads_per_s],
            "refused": dict(takings.refused.most_common()),
            "kills": dict(self.kills),
            "rooms": rooms,
            "batch_median_ms": medians,
            "batches": [round(after[math.inf] - before[math.inf]) for before, after in pairwise(self.times)],
            "acknowledged": verdict.acknowledged,
            "lost": verdict.lost,
            "doubled": verdict.doubled,
            "undecided": len(verdict.undecided),
            "not_judged": not_judged,
            "wrong": wrong,
            "ok": not wrong,
        }


def _memory(module: str, pair: Pair, wrong: dict[str, Any], not_judged: list[str]) -> dict[str, float]:
    window = judged(pair.samples)
    slope = slope_percent(window)
    if not is_long_enough(window):
        not_judged.append(f"memory of {module}")
    elif slope >= SLOPE_PERCENT_MAX:
        wrong[f"memory of {module}"] = f"grows by {slope:.2f} % in ten minutes, less than {SLOPE_PERCENT_MAX} is asked"
    return {
        "slope_percent_per_10_min": round(slope, 2),
        "first_mb": round(window[0].bytes / MB, 1),
        "last_mb": round(window[-1].bytes / MB, 1),
        "most_mb": round(max(one.bytes for one in pair.samples) / MB, 1),
    }


def _judge_times(medians: Sequence[float], wrong: dict[str, Any], not_judged: list[str], *, long_enough: bool) -> None:
    _, second, _, last = medians
    if not long_enough:
        not_judged.append("batch times")
    elif last > SLOWER_MAX * second:
        wrong["batch times"] = f"{last} ms in the last quarter, {second} ms in the second"


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"how long; {MINUTES:.0f} by default")
    parser.add_argument("--seed", type=int, default=SEED, help="of who is killed when, and of the crowds")
    given = parser.parse_args()
    report = asyncio.run(soak(given.minutes, given.seed))
    print(msgspec.json.encode(report).decode(), flush=True)
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
