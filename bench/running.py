"""What every bench does around its question: its command line, its site, the broker's warm-up, its conditions."""

import argparse
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import uvloop

from bench.measuring import Bench, conditions_of
from bench.site import Connection, Site, open_site
from infra.embedded.downloads import KAFKA_VERSION
from ticketing.topics import PARTITIONS_DEFAULT

Size = TypeVar("Size")


def as_told(
    name: str,
    run: Callable[[Size], Coroutine[Any, Any, list[str]]],
    arguments: Sequence[str] | None,
    *,
    full: Size,
    quick: Size,
) -> int:
    """Run a bench in the size that the command line asks for; the exit code: 1 where a full run missed a must.

    `run` returns the gates that were missed. A quick run judges nothing.
    """
    parser = argparse.ArgumentParser(prog=f"python -m bench.{name}")
    parser.add_argument("--quick", action="store_true", help="one short round on a cold broker, which judges nothing")
    is_quick: bool = parser.parse_args(arguments).quick
    missed = uvloop.run(run(quick if is_quick else full))
    for miss in missed:
        print(f"missed: {miss}", file=sys.stderr)
    return 1 if missed and not is_quick else 0


@asynccontextmanager
async def provisioned_site(partitions: int = PARTITIONS_DEFAULT) -> AsyncIterator[tuple[Site, Connection]]:
    """Servers with the bench's database and topics, and the superuser's connection to it."""
    async with open_site() as site:
        await site.provision(partitions)
        connection = await site.connect()
        try:
            yield site, connection
        finally:
            await connection.close()


async def warm_up(least_s: float, work: Callable[[], Awaitable[object]]) -> float:
    """Repeat `work` until `least_s` seconds are over (0: not at all); how many it took."""
    began_s = time.monotonic()
    while time.monotonic() - began_s < least_s:
        await work()
    return time.monotonic() - began_s


async def new_bench(name: str, connection: Connection, *, warm_s: float, **conditions: Any) -> Bench:
    """The lines of a run whose servers had been under load for `warm_s` seconds before."""
    server = await connection.fetchval("SHOW server_version")
    return Bench(name, conditions_of(**conditions, jvm_warm_s=round(warm_s), postgres=server, kafka=KAFKA_VERSION))
