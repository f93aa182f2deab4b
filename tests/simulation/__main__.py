"""`make sim ARGS="--seeds 10000"`: many sales from many seeds, on every core; `--trace` tells one of them."""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tests.simulation import campaign
from tests.simulation.checker import check
from tests.simulation.world import World

SEEDS_AT_ONCE = 50


def main() -> int:
    """Exit code 1 where a sale went wrong."""
    arguments = _arguments()
    seeds = range(arguments.seed, arguments.seed + arguments.seeds)
    if arguments.trace:
        return _trace(seeds[0])
    started_s = time.monotonic()
    report = campaign.Report()
    chunks = [seeds[at : at + SEEDS_AT_ONCE] for at in range(0, len(seeds), SEEDS_AT_ONCE)]
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for part in pool.map(campaign.run, chunks):
            report.add(part)
            for line in part.lines():
                print(line, flush=True)
    for name, count in sorted(report.counts.items()):
        print(f"{count:9}  {name}")
    took_s = time.monotonic() - started_s
    print(f"{report.seeds} seeds in {took_s:.1f} s, {len(report.failures)} failed")
    return 1 if report.failures else 0


def _trace(seed: int) -> int:
    with campaign.short_memory():
        world = World(seed, trace=print).run()
    problems = check(world)
    for problem in problems:
        print(f"WRONG {problem}")
    print(f"seed {seed}: {len(problems)} problems")
    return 1 if problems else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, help="how many sales (default 10,000)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes (default: one for each core)")
    parser.add_argument("--trace", action="store_true", help="tell the first seed's sale step by step")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
