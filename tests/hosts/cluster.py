"""The servers of the three hosts: three brokers, a primary with its synchronous standby, Redis."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from infra.embedded.accounts import unprivileged_account
from infra.embedded.kafka import Shape, new_cluster_id
from infra.embedded.postgres import data_place
from infra.embedded.redis import Redis
from tests.faults.kafka_trio import IN_SYNC_LEAST, NODES, KafkaTrio
from tests.faults.own_servers import OwnServer, own_kafka, own_postgres
from tests.faults.postgres_pair import STREAMING, copy_of, wait_for_standby, with_host
from tests.faults.rooms import until
from tests.hosts.network import Network
from tests.hosts.plan import HOSTS, NETWORK, POSTGRES, Part

KAFKA_PORT, CONTROLLER_PORT, POSTGRES_PORT, REDIS_PORT = 9092, 9093, 5432, 6379
STANDBY = "standby"
START_S_MAX = 180.0
"""Three brokers start at once, on a machine that is to have two cores for all of it."""
STREAMING_S_MAX = 60.0
WHOLE_S_MAX = 120.0
# What initdb allows is connections from the machine itself.
MAY_CONNECT = f"host all all {NETWORK} scram-sha-256\nhost replication all {NETWORK} scram-sha-256\n"


@dataclass
class Cluster:
    """`servers` by part. `primary`: the host of the Postgres that has the address that moves, which `url` names.
    `outdated`: that of one which was the primary when it was lost: what it has and nobody else is not history."""

    network: Network
    directory: Path
    secret: str
    servers: dict[Part, OwnServer]
    primary: str = "a"
    outdated: str = ""

    @property
    def trio(self) -> KafkaTrio:
        """The brokers by node."""
        return KafkaTrio({_node(part): server for part, server in self.servers.items() if part.kind == "kafka"})

    @property
    def redis_url(self) -> str:
        """With its password."""
        (server,) = (server for part, server in self.servers.items() if part.kind == "redis")
        return server.server.address

    @property
    def url(self) -> str:
        """Of the superuser, at the address that moves."""
        return self._url(POSTGRES)

    def postgres(self, host: str) -> tuple[Part, OwnServer]:
        """The one of that host."""
        return next(found for found in self.servers.items() if found[0].kind == "postgres" and found[0].host == host)

    @property
    def other(self) -> str:
        """The host of the Postgres that is not the primary."""
        return next(part.host for part in self.servers if part.kind == "postgres" and part.host != self.primary)

    async def start(self) -> None:
        """Everything, the standby as a copy of the primary; from then on every commit waits for it."""
        part, primary = self.postgres(self.primary)
        others = [server for each, server in self.servers.items() if each.kind != "postgres"]
        await asyncio.gather(*(server.start(START_S_MAX) for server in (primary, *others)))
        await self.network.give_address(part, POSTGRES)
        await self.follow()

    async def follow(self) -> None:
        """The other Postgres begins anew as the standby of the primary."""
        (leader, _), (part, standby) = self.postgres(self.primary), self.postgres(self.other)
        shutil.rmtree(data_place(self.place(part), unprivileged_account()), ignore_errors=True)
        await copy_of(self._url(leader.address), STANDBY, self.place(part), self.secret)
        await standby.start(START_S_MAX)
        await wait_for_standby(self._url(leader.address), STANDBY)
        await until(self.is_streaming, STREAMING_S_MAX)
        self.outdated = ""

    async def promote(self) -> None:
        """The standby becomes a primary that waits for nobody, and the address moves to it."""
        (old, _), (new, _) = self.postgres(self.primary), self.postgres(self.other)
        connection = await asyncpg.connect(self._url(new.address))
        try:
            await connection.execute("SELECT pg_promote()")
        finally:
            await connection.close()
        await self.network.take_address(old, POSTGRES)
        await self.network.give_address(new, POSTGRES)
        self.primary, self.outdated = new.host, old.host

    async def is_streaming(self) -> bool:
        """Whether commits wait for the standby, and it answers."""
        connection = await asyncpg.connect(self.url)
        try:
            return bool(await connection.fetchval(STREAMING, STANDBY))
        finally:
            await connection.close()

    async def until_whole(self) -> None:
        """Until every record is on three brokers, and every commit on two Postgres."""
        await until(self.trio.is_whole, WHOLE_S_MAX)
        await until(self.is_streaming, STREAMING_S_MAX)

    def place(self, part: Part) -> Path:
        """Where a server has its data."""
        return self.directory / part.name

    def _url(self, host: str) -> str:
        _, any_of_them = self.postgres(self.primary)
        return with_host(any_of_them.server.address, host)


@asynccontextmanager
async def open_cluster(directory: Path, network: Network, secret: str) -> AsyncIterator[Cluster]:
    """All of them running and whole."""
    by_kind: dict[str, list[Part]] = {}
    for part in network.places:
        by_kind.setdefault(part.kind, []).append(part)
    voters = {_node(part): f"{part.address}:{CONTROLLER_PORT}" for part in by_kind["kafka"]}
    cluster_id = new_cluster_id()
    rights = directory / "pg_hba.conf"
    rights.write_text(MAY_CONNECT)
    cluster = Cluster(network, directory, secret, {})
    for part in by_kind["kafka"]:
        shape = Shape(
            host=part.address, node_id=_node(part), cluster_id=cluster_id, voters=voters,
            replicas=len(NODES), in_sync_least=IN_SYNC_LEAST,
        )  # fmt: skip
        cluster.servers[part] = own_kafka(
            cluster.place(part), shape, ports=(KAFKA_PORT, CONTROLLER_PORT), where=network.places[part]
        )
    for part in by_kind["postgres"]:
        # In its namespace there is nobody but those of the network.
        words = ("-c", "listen_addresses=0.0.0.0", "-c", f"hba_file={rights}")
        cluster.servers[part] = own_postgres(
            cluster.place(part), secret, words, port=POSTGRES_PORT, where=network.places[part]
        )
    for part in by_kind["redis"]:
        place = cluster.place(part)
        redis = Redis(place, REDIS_PORT, secret, part.address)
        cluster.servers[part] = OwnServer(redis, place / "log" / "redis.log", within=network.places[part].within)
    async with AsyncExitStack() as stack:
        for server in cluster.servers.values():
            stack.push_async_callback(server.stop)
        await cluster.start()
        await cluster.until_whole()
        yield cluster


def _node(part: Part) -> int:
    return NODES[HOSTS.index(part.host)]
