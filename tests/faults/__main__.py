"""`python -m tests.faults [word ...]`: every fault at length, one JSON line each; words choose those that hold one.

The exit code is 1 where a line is not ok.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence

from infra.embedded.processes import ServerFailed
from tests.faults.own_servers import open_ground
from tests.faults.report import Report
from tests.faults.rooms import RoomFailed
from tests.faults.scenarios import allocators, brokers, disk, expiry, hostile, network, servers, sockets, standby
from tests.faults.stage import Stage, open_stage
from tests.servers import run_directory

SEED = 20261121
KILLS = 200
SOCKETS = 1_000
OWNERS = 100
HOLDS = 10_000

Scenario = Callable[[], Awaitable[Report | list[Report]]]


def alone(act: Callable[[Stage], Awaitable[Report]]) -> Scenario:
    """On a stage with one Postgres and one broker."""

    async def play() -> Report:
        with run_directory() as directory:
            async with open_ground(directory) as ground, open_stage(ground) as stage:
                return await act(stage)

    return play


async def kills(stage: Stage) -> Report:
    async with stage.load(SEED) as load:
        return await allocators.kills(stage, load, rounds=KILLS, seed=SEED)


async def sleeper(stage: Stage) -> Report:
    async with stage.load(SEED) as load:
        return await allocators.sleeper(stage, load)


async def two_owners(stage: Stage) -> Report:
    async with stage.load(SEED) as load:
        return await allocators.two_owners(stage, load, rounds=5)


async def postgres_killed(stage: Stage) -> Report:
    async with stage.load(SEED) as load:
        return await servers.postgres_killed(stage, load, rounds=5)


async def kafka_killed(stage: Stage) -> Report:
    async with stage.load(SEED) as load:
        return await servers.kafka_killed(stage, load, rounds=3)


async def read_only(stage: Stage) -> Report:
    async with stage.load(SEED) as load:
        return await servers.postgres_read_only(stage, load, seconds=8)


async def lost_tail(stage: Stage) -> Report:
    async with stage.load(SEED) as load:
        return await brokers.lost_tail(stage, load, refilled=False)


async def lost_tail_refilled(stage: Stage) -> Report:
    async with stage.load(SEED) as load:
        return await brokers.lost_tail(stage, load, refilled=True)


async def hostile_input(stage: Stage) -> Report:
    async with stage.load(SEED) as load:
        return await hostile.input_(stage, load, records=3_000, seed=SEED)


async def notifier_killed(stage: Stage) -> Report:
    async with stage.load(SEED) as load:
        return await sockets.notifier_killed(stage, load, sockets=SOCKETS, owners=OWNERS, seed=SEED)


async def holds_expire(stage: Stage) -> Report:
    return await expiry.all_at_once(stage, holds=HOLDS)


async def primary_lost() -> Report:
    with run_directory() as directory:
        async with standby.open_pair_stage(directory, seed=SEED) as (stage, pair), stage.load(SEED) as load:
            return await standby.primary_lost(stage, load, pair)


async def cancelled_wait() -> Report:
    with run_directory() as directory:
        async with standby.open_pair_stage(directory, seed=SEED) as (stage, pair), stage.load(SEED) as load:
            return await standby.cancelled_wait(stage, load, pair)


async def brokers_in_turn() -> Report:
    with run_directory() as directory:
        async with brokers.open_trio_stage(directory) as (stage, trio), stage.load(SEED) as load:
            return await brokers.killed_in_turn(stage, load, trio)


async def disk_full() -> Report:
    with run_directory() as directory:
        async with disk.open_small_stage(directory) as stage, stage.load(SEED) as load:
            return await disk.disk_full(stage, load)


async def network_fails() -> list[Report]:
    """Each road in turn, on one stage."""
    reports = []
    with run_directory() as directory:
        async with network.open_network(directory, seed=SEED) as net:
            door = net.roads["fans", "ingress"].port
            for road in net.roads:
                async with net.stage.load(SEED, port=door) as load:
                    reports.append(await network.road_fails(net, load, road, tuple(network.FAULTS)))
    return reports


SCENARIOS: dict[str, Scenario] = {
    "allocator-kills": alone(kills),
    "allocator-stopped": alone(sleeper),
    "allocator-two": alone(two_owners),
    "postgres-killed": alone(postgres_killed),
    "postgres-read-only": alone(read_only),
    "postgres-primary-lost": primary_lost,
    "postgres-cancelled-wait": cancelled_wait,
    "postgres-disk-full": disk_full,
    "kafka-killed": alone(kafka_killed),
    "kafka-lost-tail": alone(lost_tail),
    "kafka-lost-tail-refilled": alone(lost_tail_refilled),
    "kafka-three-brokers": brokers_in_turn,
    "network": network_fails,
    "hostile-input": alone(hostile_input),
    "holds-expire": alone(holds_expire),
    "notifier-killed": alone(notifier_killed),
}


async def run(words: Sequence[str]) -> int:
    """The exit code."""
    failed = False
    for name, play in SCENARIOS.items():
        if words and not any(word in name for word in words):
            continue
        try:
            told = await play()
        except disk.NoMount as error:
            print(Report(fault=name, done=f"skipped: {error}").line(), flush=True)
            continue
        except (TimeoutError, AssertionError, ServerFailed, RoomFailed) as error:
            # One that could not be played to its end says so, and the others have their turn.
            print(Report(fault=name, done="failed", wrong={type(error).__name__: str(error)[-600:]}).line(), flush=True)
            failed = True
            continue
        failed |= not all(report.ok for report in (told if isinstance(told, list) else [told]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(run(sys.argv[1:])))
