"""Plays what is asked for, in the namespace of its own that it was started in."""

import sys
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

import asyncpg
from msgspec.structs import replace

from bench.measuring import conditions_of
from infra.embedded.processes import ServerFailed
from tests.faults.crowd import Load
from tests.faults.report import Report
from tests.faults.rooms import RoomFailed
from tests.faults.table import keep
from tests.hosts.demo import whole_sale
from tests.hosts.directory import own_directory
from tests.hosts.fleet import Fleet, open_fleet
from tests.hosts.front_door import DoorFailed
from tests.hosts.network import NetworkFailed
from tests.hosts.plan import HOSTS, IN_A_SALE, TALKING, pairs_of_hosts
from tests.hosts.scenarios import host_alone, host_lost, hosts_apart, kinds_apart

SEED = 20261127
QUICK = ("demo", "a-b", "lost-c")
DEMO_FANS, DEMO_SEATS = 400, 100
SEATS_WHILE_APART = 280
"""The crowd is let in at a rate: so many last for longer than all the cuts."""
FAILURES = (
    TimeoutError, AssertionError, OSError, asyncpg.PostgresError, ServerFailed, RoomFailed, NetworkFailed, DoorFailed,
)  # fmt: skip
"""Each of them is said on a line."""
RESULTS = Path(__file__).with_name("results.jsonl")

Act = Callable[[Fleet], Awaitable[Report]]


def acts() -> dict[str, Act]:
    """By the word that plays it. The host of the primary is lost last: from then on another one has it."""
    return {
        "demo": partial(whole_sale, fans=DEMO_FANS, seats=DEMO_SEATS),
        "demo-apart": partial(whole_sale, fans=DEMO_FANS, seats=SEATS_WHILE_APART, cuts=IN_A_SALE),
        **{f"{one}-{other}": under_load(partial(hosts_apart, one=one, other=other)) for one, other in pairs_of_hosts()},
        **{f"{one}-{other}": under_load(partial(kinds_apart, one=one, other=other)) for one, other in TALKING},
        **{f"alone-{host}": under_load(partial(host_alone, host=host)) for host in HOSTS},
        **{f"lost-{host}": under_load(partial(host_lost, host=host)) for host in reversed(HOSTS)},
    }


def under_load(act: Callable[[Fleet, Load], Awaitable[Report]]) -> Act:
    """With a crowd of its own, which knows ingress alone."""

    async def play(fleet: Fleet) -> Report:
        async with fleet.stage.load(SEED) as load:
            return await act(fleet, load)

    return play


def chosen(words: Sequence[str]) -> dict[str, Act]:
    """Those whose word holds one of these, in their order; all without any. `--quick`: a few."""
    if "--quick" in words:
        return {word: act for word, act in acts().items() if word in QUICK}
    return {word: act for each in words or ("",) for word, act in acts().items() if each in word}


async def run(words: Sequence[str]) -> int:
    """The exit code."""
    conditions = conditions_of(seed=SEED)
    at_ms = conditions.pop("at_ms")
    asked, failed = chosen(words), []
    if not asked:
        print(f"no word of these holds {' or '.join(words)}: {', '.join(acts())}", file=sys.stderr)
        return 2
    async for word, report in _played(asked):
        line = replace(report, scenario=word, at_ms=at_ms, conditions=conditions)
        print(keep(line, RESULTS), flush=True)
        if not line.ok:
            failed.append(word)
    if failed:
        print(f"not ok: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


async def _played(asked: dict[str, Act]) -> AsyncIterator[tuple[str, Report]]:
    """One fleet for all; each with a crowd of its own. What could not be played to its end ends the run."""
    word, began_s = "hosts", time.monotonic()
    try:
        with own_directory() as directory:
            async with open_fleet(directory) as fleet:
                for word, act in asked.items():
                    report = await act(fleet)
                    yield word, replace(report, took_s=round(time.monotonic() - began_s, 1))
                    began_s = time.monotonic()
    except FAILURES as error:
        wrong = {repr(error): "".join(traceback.format_tb(error.__traceback__, -4))}
        took_s = round(time.monotonic() - began_s, 1)
        yield word, Report(fault=word, done="not to its end", wrong=wrong, took_s=took_s)
