"""The clusters of Postgres as a room reaches them: a pool for each, so that one that is away takes no other along."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg

from runtime.cluster_map import ClusterMap
from runtime.postgres import open_pool, room_url
from runtime.settings import ServerSettings

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


@dataclass(frozen=True, slots=True)
class Cluster:
    """One of them. `has` says whether a partition is here."""

    number: int
    pool: Pool
    has: Callable[[int], bool]


class Clusters:
    """What belongs to a partition or to one of its shows is in the cluster of the partition; all else in the first."""

    def __init__(self, pools: Sequence[Pool], places: ClusterMap) -> None:
        self._pools = tuple(pools)
        self._places = places

    @classmethod
    def alone(cls, pool: Pool) -> "Clusters":
        """One cluster, which has everything."""
        return cls([pool], ClusterMap(("",)))

    @property
    def first(self) -> Pool:
        """Keys, the catalogue, people, feeds: what is nobody's partition."""
        return self._pools[0]

    @property
    def pools(self) -> tuple[Pool, ...]:
        """All of them."""
        return self._pools

    def of(self, part: int) -> Pool:
        """Where a partition is."""
        return self._pools[self.number_of(part)]

    def number_of(self, part: int) -> int:
        """The number of the cluster where a partition is."""
        return self._places.number_of(part)

    def __iter__(self) -> Iterator[Cluster]:
        for number, pool in enumerate(self._pools):
            yield Cluster(number, pool, self._places.has(number))


class Standing:
    """How a room stands that does the same work for each cluster: it is ready while it can do it for any of them.

    `reasons`: for each cluster, why it cannot.
    """

    def __init__(self, reasons: Sequence[Callable[[], list[str]]]) -> None:
        self._reasons = reasons

    def ready(self) -> list[str]:
        """Why nothing can be done; empty when something can."""
        return [] if any(not reasons() for reasons in self._reasons) else self._all()

    def degraded(self) -> list[str]:
        """What is not done, though the rest is."""
        return self._all() if len(self._reasons) > 1 and not self.ready() else []

    def _all(self) -> list[str]:
        if len(self._reasons) == 1:
            return self._reasons[0]()
        return [f"cluster {number}: {why}" for number, reasons in enumerate(self._reasons) for why in reasons()]


@asynccontextmanager
async def open_clusters(settings: ServerSettings, room: str, *, max_size: int) -> AsyncIterator[Clusters]:
    """A pool of at most `max_size` connections to each cluster, as the role of `room`.

    Raises OSError or `asyncpg.PostgresError` when the first cannot be reached; the others may come later.
    """
    places = settings.cluster_map
    async with AsyncExitStack() as stack:
        pools = [
            await stack.enter_async_context(
                open_pool(
                    room_url(url, f"onsale_{room}", settings.secrets[0]),
                    min_size=1 if number == 0 else 0,
                    max_size=max_size,
                    application_name=room,
                    statement_timeout_s=settings.postgres_statement_timeout_s,
                    lock_timeout_s=settings.postgres_lock_timeout_s,
                )
            )
            for number, url in enumerate(places.urls)
        ]
        yield Clusters(pools, places)
