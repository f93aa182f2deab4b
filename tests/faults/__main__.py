"""`python -m tests.faults [word ...]`: every fault at length, one JSON line each; words choose those that hold one.

The lines are kept in `results.jsonl` beside this file, for `python -m tests.faults.table`. The exit code is 1 where a
line is not ok.
"""

import asyncio
import sys
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial

import asyncpg
from msgspec.structs import replace

from bench.measuring import conditions_of
from infra.embedded.processes import ServerFailed
from onsale.open_files import raise_open_files
from tests.faults.crowd import Load
from tests.faults.older import NoHistory
from tests.faults.own_servers import open_ground
from tests.faults.postgres_pair import PostgresPair
from tests.faults.report import Report
from tests.faults.rooms import RoomFailed
from tests.faults.scenarios import (
    allocators,
    backup,
    brokers,
    clocks,
    disk,
    expiry,
    hostile,
    network,
    rolling,
    servers,
    sockets,
    standby,
    upgrade,
)
from tests.faults.stage import Stage, open_stage
from tests.faults.table import keep
from tests.servers import run_directory

SEED = 20261121
KILLS = 200
SOCKETS = 5_000
OWNERS = 100
HOLDS = 10_000

Scenario = Callable[[], AsyncIterator[Report]]
Act = Callable[[Stage, Load], Awaitable[Report]]


def alone(act: Act) -> Scenario:
    """On a stage with one Postgres and one broker, under load."""

    async def play() -> AsyncIterator[Report]:
        with run_directory() as directory:
            async with open_ground(directory) as ground, open_stage(ground) as stage, stage.load(SEED) as load:
                yield await act(stage, load)

    return play


def with_a_standby(act: Callable[[Stage, Load, PostgresPair], Awaitable[Report]]) -> Scenario:
    """On a stage whose Postgres has a synchronous standby, under load."""

    async def play() -> AsyncIterator[Report]:
        with run_directory() as directory:
            async with standby.open_pair_stage(directory, seed=SEED) as (stage, pair), stage.load(SEED) as load:
                yield await act(stage, load, pair)

    return play


async def brokers_in_turn() -> AsyncIterator[Report]:
    """On three brokers."""
    with run_directory() as directory:
        async with brokers.open_trio_stage(directory) as (stage, trio), stage.load(SEED) as load:
            yield await brokers.killed_in_turn(stage, load, trio)


async def disk_full() -> AsyncIterator[Report]:
    """With a Postgres that has little room."""
    with run_directory() as directory:
        async with disk.open_small_stage(directory) as stage, stage.load(SEED) as load:
            yield await disk.disk_full(stage, load)


async def rolled() -> AsyncIterator[Report]:
    """With a door that leads from one ingress to the next."""
    with run_directory() as directory:
        async with (
            rolling.open_rolling_stage(directory, seed=SEED) as (stage, door),
            stage.load(SEED, port=door.port) as load,
        ):
            yield await rolling.rolled(stage, load, door, seed=SEED)


async def upgraded() -> AsyncIterator[Report]:
    """From the rooms of an older commit to those of this one."""
    with run_directory() as directory:
        async with (
            upgrade.open_older_stage(directory, seed=SEED) as (stage, door, older),
            stage.load(SEED, port=door.port) as load,
        ):
            yield await upgrade.upgraded(stage, load, door, older, seed=SEED)


async def clocks_jump() -> AsyncIterator[Report]:
    """On a stage whose rooms' clocks can be set."""
    with run_directory() as directory:
        async with (
            clocks.open_shifted_stage(directory) as shifted,
            shifted.stage.load(SEED, hold_s=clocks.HOLD_S) as load,
        ):
            yield await clocks.jumps(shifted, load)


async def network_fails() -> AsyncIterator[Report]:
    """Each road in turn, on one stage; a line for each."""
    with run_directory() as directory:
        async with network.open_network(directory, seed=SEED) as net:
            door = net.roads["fans", "ingress"].port
            for road in net.roads:
                async with net.stage.load(SEED, port=door) as load:
                    yield await network.road_fails(net, load, road, tuple(network.FAULTS))


SCENARIOS: dict[str, Scenario] = {
    "allocator-kills": alone(partial(allocators.kills, rounds=KILLS, seed=SEED)),
    "allocator-stopped": alone(allocators.sleeper),
    "allocator-two": alone(partial(allocators.two_owners, rounds=5)),
    "postgres-killed": alone(partial(servers.postgres_killed, rounds=5)),
    "postgres-read-only": alone(partial(servers.postgres_read_only, seconds=8)),
    "postgres-primary-lost": with_a_standby(standby.primary_lost),
    "postgres-cancelled-wait": with_a_standby(standby.cancelled_wait),
    "postgres-disk-full": disk_full,
    "postgres-restored": alone(backup.restored),
    "kafka-killed": alone(partial(servers.kafka_killed, rounds=3)),
    "kafka-lost-tail": alone(partial(brokers.lost_tail, refilled=False)),
    "kafka-refilled-tail": alone(partial(brokers.lost_tail, refilled=True)),
    "kafka-three-brokers": brokers_in_turn,
    "network": network_fails,
    "clocks": clocks_jump,
    "rolling-restart": rolled,
    "hostile-input": alone(partial(hostile.input_, records=3_000, sockets=200, seed=SEED)),
    "holds-expire": alone(partial(expiry.all_at_once, holds=HOLDS)),
    "notifier-killed": alone(partial(sockets.notifier_killed, sockets=SOCKETS, owners=OWNERS, seed=SEED)),
    "notifier-stuck": alone(partial(sockets.stuck_readers, sockets=SOCKETS, seed=SEED)),
}
BY_NAME: dict[str, Scenario] = {"upgrade": upgraded}
"""Played where a word asks for them, not with all the others: it is about a release, and needs the history."""


async def run(words: Sequence[str]) -> int:
    """The exit code."""
    conditions = conditions_of(seed=SEED)
    at_ms = conditions.pop("at_ms")
    failed = []
    for name, play in (SCENARIOS | BY_NAME if words else SCENARIOS).items():
        if words and not any(word in name for word in words):
            continue
        async for report in _played(name, play):
            line = replace(report, scenario=name, at_ms=at_ms, conditions=conditions)
            print(keep(line), flush=True)
            if not line.ok:
                failed.append(name)
    if failed:
        print(f"not ok: {', '.join(dict.fromkeys(failed))}", file=sys.stderr)
    return 1 if failed else 0


async def _played(name: str, play: Scenario) -> AsyncIterator[Report]:
    """What it has to say. One that could not be played to its end says so, and the others have their turn."""
    began_s = time.monotonic()
    try:
        async for report in play():
            yield replace(report, took_s=round(time.monotonic() - began_s, 1))
            began_s = time.monotonic()
    except disk.NoMount as error:
        yield Report(fault=name, done="nothing: no disk could be mounted here", wrong={"NoMount": str(error)})
    except NoHistory as error:
        yield Report(fault=name, done="nothing: no older commit is here", wrong={"NoHistory": str(error)})
    except (TimeoutError, AssertionError, OSError, asyncpg.PostgresError, ServerFailed, RoomFailed) as error:
        wrong = {repr(error): "".join(traceback.format_tb(error.__traceback__, -4))}
        yield Report(fault=name, done="not to its end", wrong=wrong, took_s=round(time.monotonic() - began_s, 1))


if __name__ == "__main__":
    raise_open_files()
    sys.exit(asyncio.run(run(sys.argv[1:])))
