"""One installation on this machine: its servers (embedded, or those that the environment names), ready to be used."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from aiokafka.errors import KafkaError

from infra.embedded import EmbeddedServers
from infra.provision import MigrationChanged, database_url, parts_in, provision_database, provision_topics
from infra.settings import InfraSettings
from runtime.cluster_map import ClusterMap, read_cluster_map
from ticketing.topics import PARTITIONS_DEFAULT

DATABASE = "onsale"
"""On the embedded server, or where the given URL names none of its own."""
MAINTENANCE_DATABASE = "postgres"


@dataclass(frozen=True)
class Installation:
    """Addresses as whoever provisions sees them; `postgres_url` names the installation's own database, in the first
    cluster of Postgres; `postgres_clusters` says which partitions are in others."""

    data_dir: Path
    postgres_url: str
    redis_url: str
    kafka_bootstrap: str
    secret: str
    watch: Callable[[], Awaitable[None]]
    """To be run by whoever needs the embedded servers for long: it starts them again should their keeper be killed."""
    postgres_clusters: str = ""

    @property
    def cluster_map(self) -> ClusterMap:
        """Which partition is in which cluster of Postgres."""
        return read_cluster_map(self.postgres_url, self.postgres_clusters)

    def environment(self) -> dict[str, str]:
        """What tells a room, or a second command, where everything is."""
        return {
            "ONSALE_POSTGRES_URL": self.postgres_url,
            "ONSALE_POSTGRES_CLUSTERS": self.postgres_clusters,
            "ONSALE_REDIS_URL": self.redis_url,
            "ONSALE_KAFKA_BOOTSTRAP": self.kafka_bootstrap,
            "ONSALE_SECRET": self.secret,
        }


def infra_settings(data_dir: Path | None = None) -> InfraSettings:
    """Settings from the environment and `.env`, with the data directory of the command line."""
    settings = InfraSettings(_env_file=".env")
    if settings.secret is not None:
        # What starts the servers looks for it there.
        os.environ.setdefault("ONSALE_SECRET", settings.secret)
    return settings if data_dir is None else settings.model_copy(update={"data_dir": data_dir})


@contextmanager
def open_installation(settings: InfraSettings, say: Callable[[str], None]) -> Iterator[Installation]:
    """The servers, for as long as the context is open. Raises `infra.embedded.ServersUnavailable`."""
    with EmbeddedServers(settings.data_dir, on_progress=say, settings=settings) as servers:
        yield Installation(
            data_dir=servers.data_dir,
            postgres_url=own_database(servers.postgres_url),
            postgres_clusters=settings.postgres_clusters,
            redis_url=servers.redis_url,
            kafka_bootstrap=servers.kafka_bootstrap,
            secret=servers.secret,
            watch=servers.watch,
        )


def own_database(url: str) -> str:
    """`url` as it is where it names a database of ours, else with the default name."""
    named = urlsplit(url).path.lstrip("/")
    return url if named and named != MAINTENANCE_DATABASE else database_url(url, DATABASE)


class NotProvisioned(Exception):
    """The servers are there, and could not be made ready; the text says why."""


def provision(installation: Installation, replicas: int = 1) -> None:
    """Roles, database, migrations, and topics on `replicas` brokers, as far as they are missing.

    Raises `NotProvisioned`.
    """
    partitions = int(os.environ.get("ONSALE_PARTITIONS", PARTITIONS_DEFAULT))
    prefix = os.environ.get("ONSALE_TOPIC_PREFIX", "")

    async def all_of_it() -> None:
        # The topics first: as soon as a partition has a cursor an allocator asks for its log.
        await provision_topics(installation.kafka_bootstrap, prefix, partitions, replicas)
        await provision_databases(installation, partitions)

    try:
        asyncio.run(all_of_it())
    except (MigrationChanged, asyncpg.PostgresError, KafkaError, OSError) as error:
        raise NotProvisioned(str(error)) from None


async def provision_databases(installation: Installation, partitions: int) -> None:
    """Each cluster with the partitions that are mapped to it. Raises `NotProvisioned`, and what asyncpg raises."""
    places = installation.cluster_map
    parts_of: list[list[int]] = [[] for _ in places.urls]
    for part in range(partitions):
        parts_of[places.number_of(part)].append(part)
    if beyond := sorted(part for part in places.elsewhere if part >= partitions):
        raise NotProvisioned(f"partition {beyond[0]} is mapped to a cluster, but there are only {partitions}")
    if len(places.urls) > 1:
        for number, url in enumerate(places.urls):
            for part in sorted(await parts_in(url)):
                # It would be decided in two places.
                if places.number_of(part) != number:
                    raise NotProvisioned(
                        f"partition {part} is in cluster {number} and mapped elsewhere: onsale move {part}"
                    )
    for url, parts in zip(places.urls, parts_of, strict=True):
        await _provision_database(url, installation.secret, parts)


async def _provision_database(url: str, secret: str, parts: list[int]) -> None:
    try:
        await (await asyncpg.connect(url)).close()
        admin_url = url
    except asyncpg.InvalidCatalogNameError:
        admin_url = database_url(url, MAINTENANCE_DATABASE)
    database = urlsplit(url).path.lstrip("/")
    await provision_database(admin_url, database, secret, parts)
