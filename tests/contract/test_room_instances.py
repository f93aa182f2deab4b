"""Three instances of the room on one Redis and one Postgres, each in a process of its own that can be killed."""

from pathlib import Path

import pytest
import redis

from tests.conftest import Database
from tests.contract.room_processes import (
    CLIENTS,
    assert_served_in_order,
    kept_entries,
    open_now,
    own_redis,
    places_of,
    three_instances,
    two_of_three,
    until,
)
from tests.contract.room_stores import fill_catalogue
from tests.servers import Servers

pytestmark = [pytest.mark.servers, pytest.mark.kills, pytest.mark.slow]


@pytest.mark.deadline
async def test_ten_thousand_joins_with_retries_and_the_line_outlives_an_instance(
    servers: Servers, database: Database, redis_prefix: str, tmp_path: Path
) -> None:
    await fill_catalogue(database.url)
    await open_now(database)
    with three_instances(database, servers.redis_url, redis_prefix, two_of_three(1), tmp_path) as instances:
        until(lambda: all(instance.result.exists() for instance in instances), 120, instances)
        # Two instances gave the same client the same ticket, to the byte.
        places = places_of(instances)
        assert sorted(n for n, _ in places.values()) == list(range(1, CLIENTS + 1))
        assert len(await kept_entries(database)) == CLIENTS

        before = instances[0].moves[-1]
        instances[0].kill()
        killed = max(before, instances[0].moves[-1])
        waited_s = until(
            lambda: all(instance.moves[-1][1] > killed[1] for instance in instances[1:]), 3.0, instances[1:]
        )
        assert waited_s < 3.0
        end = instances[1].moves[-1][0] + 1_000
        until(lambda: instances[1].moves[-1][0] > end, 10, instances[1:])
        assert_served_in_order([move for instance in instances for move in instance.moves])


async def test_a_store_that_forgets_and_an_instance_killed_while_people_join(
    servers: Servers, database: Database, redis_prefix: str, tmp_path: Path
) -> None:
    """A Redis of this test's own, so that FLUSHALL takes nothing from others."""
    await fill_catalogue(database.url)
    await open_now(database)
    with own_redis(tmp_path) as port:
        url = f"redis://127.0.0.1:{port}/0"
        shares = two_of_three(7)
        with (
            redis.Redis(port=port) as client,
            three_instances(database, url, redis_prefix, shares, tmp_path) as instances,
        ):
            issued = f"{redis_prefix}room:{{shw_00000000ab}}:general"
            until(lambda: int(client.hget(issued, "issued") or 0) > 2_000, 60, instances)
            client.flushall()
            until(lambda: int(client.hget(issued, "issued") or 0) > 4_000, 60, instances)
            instances[0].kill()
            client.flushall()
            until(lambda: all(instance.result.exists() for instance in instances[1:]), 120, instances[1:])
            # A client that asked twice across a loss has its first place still.
            places = places_of(instances[1:])
            assert len(places) == CLIENTS
            assert len({n for n, _ in places.values()}) == CLIENTS
            kept = await kept_entries(database)
            assert len(set(kept.values())) == len(kept)
            # What only another instance had seen comes back with that one's next move, a tick later.
            for instance in instances:
                assert_served_in_order(instance.moves)
