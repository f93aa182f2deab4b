"""Three instances of the room on one Redis and one Postgres, each in a process of its own that can be killed."""

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
import redis

from infra.embedded.processes import free_port
from infra.embedded.redis import program
from runtime.postgres import room_url
from tests.conftest import Database
from tests.contract.room_stores import SHOW, fill_catalogue
from tests.servers import Servers

pytestmark = [pytest.mark.servers, pytest.mark.kills, pytest.mark.slow]

CLIENTS = 10_000
ROOT = Path(__file__).resolve().parents[2]
Moves = list[tuple[int, int]]


class Instance:
    """A process; `moves` are `(at_ms, serving)` as it saw the line, by the store's time."""

    def __init__(self, told: dict[str, object]) -> None:
        self.moves: Moves = []
        self.result = Path(str(told["result"]))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.contract.room_instance", json.dumps(told)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            move = json.loads(line)
            self.moves.append((move["at_ms"], move["serving"]))

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._listener.join()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def places(self) -> dict[int, tuple[int, str]]:
        return {int(client): (n, ticket) for client, (n, ticket) in json.loads(self.result.read_text()).items()}


def until(is_so: Callable[[], bool], within_s: float, instances: list[Instance]) -> float:
    """Seconds until something is so; fails when it takes longer, or when an instance has died by itself."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < within_s, [instance.moves[-3:] for instance in instances]
        assert all(instance.process.poll() in (None, -signal.SIGKILL) for instance in instances)
        threading.Event().wait(0.02)
    return time.monotonic() - began


@contextmanager
def three_instances(
    database: Database,
    redis_url: str,
    prefix: str,
    shares: list[list[int]],
    directory: Path,
) -> Iterator[list[Instance]]:
    instances = [
        Instance(
            {
                "postgres_url": room_url(database.url, "onsale_waiting_room", database.secret),
                "redis_url": redis_url,
                "redis_prefix": prefix,
                "show": SHOW,
                "clients": clients,
                "result": str(directory / f"{number}.json"),
                "rate_per_min": 3_000,
                "secret": "only-for-this-test",
            }
        )
        for number, clients in enumerate(shares)
    ]
    try:
        yield instances
    finally:
        for instance in instances:
            instance.kill()


def two_of_three(seed: int) -> list[list[int]]:
    """Every client asks two instances, in an order of their own."""
    shares = [[client for client in range(CLIENTS) if client % 3 != number] for number in range(3)]
    for number, share in enumerate(shares):
        random.Random(seed + number).shuffle(share)
    return shares


def assert_served_in_order(moves: Moves) -> None:
    """By the store's own time the line never goes back, whoever looked."""
    ordered = sorted(moves)
    assert all(before[1] <= after[1] for before, after in zip(ordered, ordered[1:], strict=False))


async def kept_entries(database: Database) -> dict[int, bytes]:
    connection = await asyncpg.connect(database.url)
    try:
        return {row["n"]: row["entry"] for row in await connection.fetch("SELECT n, entry FROM room_entry")}
    finally:
        await connection.close()


async def test_ten_thousand_joins_with_retries_and_the_line_outlives_an_instance(
    servers: Servers, database: Database, redis_prefix: str, tmp_path: Path
) -> None:
    await fill_catalogue(database.url)
    await open_now(database)
    with three_instances(database, servers.redis_url, redis_prefix, two_of_three(1), tmp_path) as instances:
        until(lambda: all(instance.result.exists() for instance in instances), 120, instances)
        places: dict[int, tuple[int, str]] = {}
        for instance in instances:
            for client, place in instance.places().items():
                # Two instances gave the same client the same ticket, to the byte.
                assert places.setdefault(client, place) == place
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
            places: dict[int, tuple[int, str]] = {}
            for instance in instances[1:]:
                for number, place in instance.places().items():
                    # A client that asked twice across a loss has its first place still.
                    assert places.setdefault(number, place) == place
            assert len(places) == CLIENTS
            assert len({n for n, _ in places.values()}) == CLIENTS
            kept = await kept_entries(database)
            assert len(set(kept.values())) == len(kept)
            # What only another instance had seen comes back with that one's next move, a tick later.
            for instance in instances:
                assert_served_in_order(instance.moves)


@contextmanager
def own_redis(directory: Path) -> Iterator[int]:
    """The port of a Redis that is nobody else's."""
    port = free_port()
    command: list[str | Path] = [
        program(),
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--dir",
        directory,
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        with redis.Redis(port=port) as client:
            until(lambda: answers(client), 10, [])
        yield port
    finally:
        server.terminate()
        server.wait()


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


async def open_now(database: Database) -> None:
    """The show's sale began long ago, by any clock."""
    connection = await asyncpg.connect(database.url)
    try:
        await connection.execute("UPDATE catalogue_show SET opens_at_ms = 0, starts_at_ms = 4102444800000")
    finally:
        await connection.close()
