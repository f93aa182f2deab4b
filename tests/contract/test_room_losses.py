"""A store that comes back with less than it had, in the middle of a sale, under three instances.

No number is given twice, nobody loses a place, nobody is admitted twice, the line never goes back and never runs ahead.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest
import redis

from infra.embedded.processes import free_port
from tests.conftest import Database
from tests.contract.room_processes import (
    Instance,
    assert_served_in_order,
    kept_entries,
    open_now,
    own_redis,
    passes_of,
    places_of,
    start_redis,
    three_instances,
    two_of_three,
)
from tests.contract.room_stores import fill_catalogue
from tests.faults.proxy import open_proxy

pytestmark = [pytest.mark.servers, pytest.mark.kills, pytest.mark.slow]

CLIENTS = 4_000
RATE_PER_MIN = 30_000
JOURNAL = ("--appendonly", "yes", "--appendfsync", "everysec", "--aof-load-truncated", "yes")


async def so(is_so: Callable[[], bool], within_s: float, instances: list[Instance]) -> None:
    """Wait in the loop, in which a proxy may live, until something is so."""
    async with asyncio.timeout(within_s):
        while not is_so():
            assert all(instance.process.poll() is None for instance in instances)
            await asyncio.sleep(0.02)  # it happens in other processes


def issued_on(port: int, prefix: str) -> int:
    """How many numbers that Redis has given away."""
    with redis.Redis(port=port) as client:
        return int(client.hget(f"{prefix}room:{{shw_00000000ab}}:general", "issued") or 0)


def furthest(instances: list[Instance]) -> int:
    """How far the line is served, as far as anybody has seen."""
    return max(serving for instance in instances for _, serving in instance.moves[-1:] or [(0, 0)])


def halve_journal(directory: Path) -> None:
    journal = max(directory.rglob("*.aof"), key=lambda file: file.stat().st_size)
    with journal.open("r+b") as file:
        file.truncate(journal.stat().st_size // 2)


def has_issued(port: int, prefix: str, n: int) -> bool:
    return issued_on(port, prefix) > n


def is_served(instances: list[Instance], n: int) -> bool:
    return furthest(instances) > n


def assert_rate_held(moves: list[tuple[int, int]]) -> None:
    """Between any two moments no more are called than the rate allows, and one second's worth."""
    second = RATE_PER_MIN // 60
    ahead = [serving - at_ms * RATE_PER_MIN / 60_000 for at_ms, serving in moves]
    lowest = ahead[0]
    for value in ahead:
        assert value - lowest <= second * 1.1
        lowest = min(lowest, value)


async def assert_nothing_lost(database: Database, instances: list[Instance]) -> None:
    await so(lambda: all(instance.result.with_suffix(".passes").exists() for instance in instances), 180, instances)
    places, passes = places_of(instances), passes_of(instances)
    assert len(places) == len(passes) == CLIENTS
    assert len({n for n, _ in places.values()}) == CLIENTS
    assert len(set(passes.values())) == CLIENTS
    kept = await kept_entries(database)
    assert len(set(kept.values())) == len(kept) == CLIENTS
    for instance in instances:
        assert_served_in_order(instance.moves)
        assert_rate_held(instance.moves)


async def sale(
    database: Database, port: int, prefix: str, directory: Path, break_it: Callable[[list[Instance]], Awaitable[None]]
) -> None:
    """Clients join with two of three instances and claim; meanwhile `break_it` does what it does."""
    await fill_catalogue(database.url)
    await open_now(database)
    url = f"redis://127.0.0.1:{port}/0"
    shares = two_of_three(11, CLIENTS)
    with three_instances(database, url, prefix, shares, directory, rate_per_min=RATE_PER_MIN, claims=True) as instances:
        await break_it(instances)
        await assert_nothing_lost(database, instances)


async def test_a_journal_that_was_cut(database: Database, redis_prefix: str, tmp_path: Path) -> None:
    """Killed, and started again with half of its last journal: it remembers what was true a moment ago."""
    port = free_port()
    servers = [start_redis(tmp_path, port, *JOURNAL)]

    async def cut(instances: list[Instance]) -> None:
        for enough in (1_000, 3_000):
            await so(partial(has_issued, port, redis_prefix, enough), 60, instances)
            servers[0].send_signal(signal.SIGKILL)
            servers[0].wait()
            halve_journal(tmp_path)
            servers[0] = start_redis(tmp_path, port, *JOURNAL)
            assert issued_on(port, redis_prefix) > 0

    try:
        await sale(database, port, redis_prefix, tmp_path, cut)
    finally:
        servers[0].terminate()
        servers[0].wait()


async def test_a_replica_that_was_behind_is_promoted_and_later_the_old_one_comes_back(
    database: Database, redis_prefix: str, tmp_path: Path
) -> None:
    old_home, new_home = tmp_path / "old", tmp_path / "new"
    old_home.mkdir()
    new_home.mkdir()
    with own_redis(old_home) as old, own_redis(new_home) as new, redis.Redis(port=new) as replica:
        replica.replicaof("127.0.0.1", str(old))
        async with open_proxy(old, seed=1) as proxy:

            async def fail_over(instances: list[Instance]) -> None:
                await so(lambda: issued_on(new, redis_prefix) > 800, 60, instances)
                replica.replicaof("NO", "ONE")
                behind = issued_on(new, redis_prefix)
                await so(lambda: issued_on(old, redis_prefix) > behind + 800, 60, instances)
                proxy.retarget(new)
                await so(lambda: issued_on(new, redis_prefix) > behind + 2_000, 60, instances)
                # So long that the old one would call a second's worth of people for the time that it was away.
                await so(partial(is_served, instances, furthest(instances) + RATE_PER_MIN // 60), 60, instances)
                proxy.retarget(old)

            await sale(database, proxy.port, redis_prefix, tmp_path, fail_over)


async def test_everything_forgotten_again_and_again(database: Database, redis_prefix: str, tmp_path: Path) -> None:
    with own_redis(tmp_path) as port, redis.Redis(port=port) as client:

        async def flush(instances: list[Instance]) -> None:
            for _ in range(4):
                await so(partial(is_served, instances, furthest(instances) + 300), 60, instances)
                client.flushall()

        await sale(database, port, redis_prefix, tmp_path, flush)
