"""The shared counters on a real Redis: several processes, one quota."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from infra.embedded.processes import free_port
from ingress.limit_sharing import LimitSharing
from ingress.limit_store import LimitsAway, RedisLimits
from ingress.limits import Buckets, Quota
from ingress.refusals import Refused
from runtime.redis import open_redis
from tests.contract.room_processes import start_redis
from tests.servers import Servers
from tests.unit.ingress.stage import Stage
from tests.unit.ingress.tales import SHOW, T0

pytestmark = [pytest.mark.anyio, pytest.mark.servers]

CLOCK_STEP_MS = 2
"""Two clocks tell milliseconds, each rounded its own way."""
HOLDS = Quota("holds", 10, 60_000)
TEN = (HOLDS,)


@pytest.fixture
async def redis(servers: Servers) -> AsyncIterator[Redis]:
    async with open_redis(servers.redis_url, client_name="test") as client:
        yield client


async def share(store: RedisLimits, buckets: Buckets, now_ms: int) -> None:
    owed = buckets.owed(1_000)
    buckets.settle(owed, await store.tell(owed), now_ms)


async def test_what_one_process_granted_another_one_does_not_grant_again(redis: Redis) -> None:
    store = RedisLimits(redis, f"{uuid4().hex}:")
    one, other = (Buckets(callers_max=100, keep_ms=120_000) for _ in range(2))
    # Their clocks have nothing to do with that of Redis, nor with each other.
    for _ in range(8):
        assert one.take(TEN, "anna", 1_000).wait_ms == 0
    for subject in ("anna", "ben"):
        for _ in range(2):
            assert other.take(TEN, subject, 10**9).wait_ms == 0
    began_s = time.monotonic()
    await share(store, one, 1_000)
    await share(store, other, 10**9)
    refilled_ms = (time.monotonic() - began_s) * 1_000 + CLOCK_STEP_MS
    refused, granted = other.take(TEN, "anna", 10**9), other.take(TEN, "ben", 10**9)
    assert 6_000 - refilled_ms <= refused.wait_ms <= 6_000
    assert (granted.wait_ms, granted.header) == (0, '"holds";r=7;t=18')


async def test_a_bucket_leaves_when_it_is_full_again(redis: Redis) -> None:
    prefix = f"{uuid4().hex}:"
    store, buckets = RedisLimits(redis, prefix), Buckets(callers_max=100, keep_ms=120_000)
    for _ in range(3):
        buckets.take(TEN, "anna", 0)
    began_s = time.monotonic()
    await share(store, buckets, 0)
    left_ms = await redis.pttl(f"{prefix}{{limits}}:holds:anna")
    gone_ms = (time.monotonic() - began_s) * 1_000 + CLOCK_STEP_MS
    assert 18_000 - gone_ms <= left_ms <= 18_002


async def test_debts_end_after_two_windows(redis: Redis) -> None:
    store, buckets = RedisLimits(redis, f"{uuid4().hex}:"), Buckets(callers_max=100, keep_ms=120_000)
    for _ in range(5):
        for _ in range(10):
            buckets.take(TEN, "anna", 0)
        owed = buckets.owed(10)
        (ahead_ms,) = await store.tell([owed[0]._replace(taken=1_000)])
        assert 119_000 < ahead_ms <= 120_000
        buckets.give_back(owed)


async def test_a_redis_that_is_away_is_said_to_be() -> None:
    async with open_redis("redis://127.0.0.1:1/0", client_name="test") as client:
        buckets = Buckets(callers_max=100, keep_ms=120_000)
        for _ in range(3):
            buckets.take(TEN, "anna", 0)
        with pytest.raises(LimitsAway):
            await RedisLimits(client, "").tell(buckets.owed(10))


def holds_until_refused(stage: Stage) -> int:
    """How many a fan is granted of its ten a minute."""
    granted = 0
    while granted < 100:
        try:
            stage.ports.limiter.check_fans_hold("ent_anna", SHOW, T0)
        except Refused:
            break
        granted += 1
    return granted


@pytest.mark.kills
async def test_limits_go_on_without_redis_and_are_shared_again_by_one_that_has_forgotten_everything(
    tmp_path: Path,
) -> None:
    port, one, other = free_port(), Stage(), Stage()
    server = start_redis(tmp_path, port)
    try:
        async with open_redis(f"redis://127.0.0.1:{port}/0", client_name="test") as client:
            store = RedisLimits(client, "")
            sharing = [LimitSharing(stage.ports.limiter, store, stage.clock) for stage in (one, other)]
            for _ in range(6):
                one.ports.limiter.check_fans_hold("ent_anna", SHOW, T0)
            other.ports.limiter.check_fans_hold("ent_anna", SHOW, T0)
            other.ports.limiter.check_fans_hold("ent_anna", SHOW, T0)
            assert [await each.share() for each in sharing] == [True, True]

            server.kill()
            server.wait()
            # Each goes on from what it was told last: six of ten at one, eight at the other.
            assert [holds_until_refused(stage) for stage in (one, other)] == [4, 2]
            assert [await each.share() for each in sharing] == [False, False]
            assert all("Redis is away" in each.degraded()[0] for each in sharing)

            server = start_redis(tmp_path, port)
            assert [await each.share() for each in sharing] == [True, True]
            assert [each.degraded() for each in sharing] == [[], []]
            # It has heard of the last six alone; whoever knows of more is not told otherwise.
            assert [holds_until_refused(stage) for stage in (one, other)] == [0, 0]
    finally:
        server.kill()
        server.wait()
