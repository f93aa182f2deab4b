"""`python -m tests.alerts [--short] [--fault WORD]`: what is watched in a sale, held against a real Prometheus.

First `promtool`: configuration, rules, and for each alert a story in which it fires. Then a short sale, of which every
panel of Grafana's boards has to have something to draw. Then, without `--short`, faults of servers and processes: each
raises its alerts, which end with it. `--fault` plays nothing but those faults whose name has the word.

The exit code is 1 where something is wrong; 2, with the reason, where there is no Prometheus.
"""

import argparse
import asyncio
import subprocess
import sys

from infra.grafana.boards import BOARDS
from tests.alerts.boards import empty_panels
from tests.alerts.prometheus import SHIPPED, missing
from tests.alerts.raising import wrong_about
from tests.servers import run_directory

CONFIG = ("check", "config", str(SHIPPED / "prometheus.yml"))
STORIES = ("test", "rules", *sorted(map(str, (SHIPPED / "tests").glob("*.yml"))))


def promtool() -> bool:
    """Whether rules are right and every story ends as told."""
    return all([subprocess.run(["promtool", *words], check=False).returncode == 0 for words in (CONFIG, STORIES)])


async def boards() -> bool:
    """Whether every panel has something to draw of a sale."""
    with run_directory() as directory:
        empty = await empty_panels(directory)
    for panel in empty:
        print(f"nothing to draw: {panel}")
    print(f"{sum(len(board.panels) for board in BOARDS)} panels asked, {len(empty)} of them empty without a reason")
    return not empty


async def faults(words: list[str]) -> bool:
    """Whether each fault raised its alerts, and they ended with it."""
    with run_directory() as directory:
        wrong = await wrong_about(directory, words)
    for line in wrong:
        print(line)
    return not wrong


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="make alerts", description=__doc__)
    parser.add_argument("--short", action="store_true", help="without faults")
    parser.add_argument("--fault", action="append", default=[], help="only faults with this word in their name")
    given = parser.parse_args()
    if lacking := missing():
        print(f"not run: {lacking} is not here (Debian: apt install prometheus)", file=sys.stderr)
        return 2
    if given.fault:
        return 0 if asyncio.run(faults(given.fault)) else 1
    good = promtool() and asyncio.run(boards()) and (given.short or asyncio.run(faults([])))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
