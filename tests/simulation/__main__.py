"""`make sim`: many sales from many seeds, and whether their judges would notice; `make sim SEED=7` tells one.

Exit code 1 where a sale went wrong, where something was met too rarely, or where a missing rule was not noticed.
"""

import argparse
import gc
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tests.simulation import campaign, coverage
from tests.simulation.checker import check
from tests.simulation.mutants import MUTANTS, caught
from tests.simulation.world import World

SEEDS_AT_ONCE = 50


def main() -> int:
    """The exit code."""
    arguments = _arguments()
    if arguments.trace:
        return _trace(arguments.seed)
    # A tenth of the time went into looking for cycles, which `campaign.play` has cleared away at the right moment.
    with ProcessPoolExecutor(arguments.jobs, initializer=gc.disable) as pool:
        verdicts = [_mutants(pool), _campaign(pool, range(arguments.seed, arguments.seed + arguments.seeds))]
    return 0 if all(verdicts) else 1


def _mutants(pool: ProcessPoolExecutor) -> bool:
    """Whether each missing rule was noticed."""
    is_noticed = True
    for name, found in zip(MUTANTS, pool.map(caught, MUTANTS), strict=True):
        within = MUTANTS[name].seeds
        is_noticed &= found is not None
        told = f"seed {found[0]}: {found[1][:150]}" if found else "NOT NOTICED"
        print(f"{name}: {told} (in {within} seeds at most)", flush=True)
    return is_noticed


def _campaign(pool: ProcessPoolExecutor, seeds: range) -> bool:
    """Whether all sales ended right, and met what they must."""
    started_s = time.monotonic()
    report = campaign.Report()
    chunks = [seeds[at : at + SEEDS_AT_ONCE] for at in range(0, len(seeds), SEEDS_AT_ONCE)]
    for part in pool.map(campaign.run, chunks):
        report.add(part)
        for line in part.lines():
            print(line, flush=True)
    took_s = time.monotonic() - started_s
    for line in coverage.table(report.counts):
        print(line)
    missing = coverage.missing(report.counts, report.seeds)
    for line in missing:
        print(f"TOO RARE  {line}")
    met, least = len(list(coverage.required())), coverage.times_min(report.seeds)
    print(f"{met} lines were to be met {least} times each; {len(missing)} were not")
    print(f"each sale had at least {report.fewest_commands} commands and {report.fewest_faults} faults")
    print(f"{report.seeds:,} seeds in {took_s:.1f} s, {len(report.failures)} failed")
    return not report.failures and not missing


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
    parser.add_argument("--seeds", type=int, default=coverage.SEEDS, help="how many sales (default 10,000)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes (default: one for each core)")
    parser.add_argument("--trace", action="store_true", help="tell the first seed's sale step by step")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
