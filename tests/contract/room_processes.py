"""The room's own processes for tests: three instances, each of which can be killed, and a Redis of their own."""

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
import redis

from infra.embedded.processes import free_port
from infra.embedded.redis import program
from runtime.postgres import room_url
from tests.conftest import Database
from tests.contract.room_stores import SHOW
from tests.faults.rooms import ending_with_us

CLIENTS = 10_000
ROOT = Path(__file__).resolve().parents[2]
Moves = list[tuple[int, int]]


class Instance:
    """A process; `moves` are `(at_ms, serving)` as it saw the line, by the store's time."""

    def __init__(self, told: dict[str, object]) -> None:
        self.moves: Moves = []
        self.result = Path(str(told["result"]))
        self.process = subprocess.Popen(
            [*ending_with_us(signal.SIGKILL), sys.executable, "-m", "tests.contract.room_instance", json.dumps(told)],
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
    *,
    rate_per_min: int = 3_000,
    claims: bool = False,
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
                "rate_per_min": rate_per_min,
                "claims": claims,
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


def two_of_three(seed: int, clients: int = CLIENTS) -> list[list[int]]:
    """Every client asks two instances, in an order of their own."""
    shares = [[client for client in range(clients) if client % 3 != number] for number in range(3)]
    for number, share in enumerate(shares):
        random.Random(seed + number).shuffle(share)
    return shares


def assert_served_in_order(moves: Moves) -> None:
    """By the store's own time the line never goes back, whoever looked."""
    ordered = sorted(moves)
    assert all(before[1] <= after[1] for before, after in zip(ordered, ordered[1:], strict=False))


def passes_of(instances: list[Instance]) -> dict[int, str]:
    """The pass of each client, of which there is one whoever was asked."""
    passes: dict[int, str] = {}
    for instance in instances:
        for client, token in json.loads(instance.result.with_suffix(".passes").read_text()).items():
            assert passes.setdefault(int(client), token) == token
    return passes


def places_of(instances: list[Instance]) -> dict[int, tuple[int, str]]:
    """The place of each client: the first that it was given, from whichever instance."""
    places: dict[int, tuple[int, str]] = {}
    for instance in instances:
        for client, place in instance.places().items():
            assert places.setdefault(client, place) == place
    return places


async def kept_entries(database: Database) -> dict[int, bytes]:
    connection = await asyncpg.connect(database.url)
    try:
        return {row["n"]: row["entry"] for row in await connection.fetch("SELECT n, entry FROM room_entry")}
    finally:
        await connection.close()


@contextmanager
def own_redis(directory: Path, *options: str) -> Iterator[int]:
    """The port of a Redis that is nobody else's."""
    port = free_port()
    server = start_redis(directory, port, *options)
    try:
        yield port
    finally:
        server.terminate()
        server.wait()


def start_redis(directory: Path, port: int, *options: str) -> "subprocess.Popen[bytes]":
    """A Redis that answers; with what is left in `directory` of an earlier one, where options say so."""
    command: list[str | Path] = [
        *ending_with_us(signal.SIGKILL),
        program(),
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--dir",
        directory,
        *options,
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    with redis.Redis(port=port) as client:
        until(lambda: answers(client), 10, [])
    return server


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
