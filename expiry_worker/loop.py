"""The worker on real servers: load, follow, wait while a server is away, load again when history has changed."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from expiry_worker.deadlines import Deadlines
from expiry_worker.endings import Endings
from expiry_worker.givebacks import GiveBacks
from expiry_worker.service import ExpiryWorker
from expiry_worker.store import PostgresBookings, Snapshot, read_snapshot
from runtime.clusters import Cluster
from runtime.follow import Follower, HistoryChanged, is_published
from runtime.follow_edges import KafkaStream, PostgresTable
from runtime.kafka import BatchingProducer, LogError, PartitionReader
from runtime.postgres import FAILURES
from runtime.retry import Backoff
from ticketing.clock import Clock

log = structlog.get_logger("expiry_worker")

PUBLISHED_POLL_S = 0.05
NO_PARTITION_POLL_S = 1.0
AWAY = (LogError, *FAILURES)
"""A server is away: the same is tried again. Anything else is a defect and ends the process."""

T = TypeVar("T")


class Sender:
    """`service.Log` on one topic."""

    def __init__(self, producer: BatchingProducer) -> None:
        self._producer = producer

    async def send_all(self, records: Sequence[tuple[int, bytes]]) -> list[bool]:
        """Append all at once; False where the log refused or did not answer."""
        answers = await asyncio.gather(
            *(self._producer.send(part, value) for part, value in records), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, LogError):
                raise answer
        return [not isinstance(answer, BaseException) for answer in answers]


class ExpiryLoop:
    """The holds of one cluster of Postgres; runs as long as the process. `reasons()` says why they do not expire now;
    nothing means that they do."""

    def __init__(
        self,
        *,
        cluster: Cluster,
        outcomes: PartitionReader,
        commands: BatchingProducer,
        warnings: BatchingProducer,
        clock: Clock,
        grace_ms: int,
    ) -> None:
        self._pool = cluster.pool
        self._table = PostgresTable(cluster.pool, cluster.has)
        self._outcomes = outcomes
        self._commands = Sender(commands)
        self._warnings = Sender(warnings)
        self._clock = clock
        self._grace_ms = grace_ms
        self._reason = "the live holds have not been read yet"

    def reasons(self) -> list[str]:
        """Why the room is not ready."""
        away = [] if self._outcomes.reachable else ["the log cannot be reached"]
        return [*away, self._reason] if self._reason else away

    async def run(self) -> None:
        """Never returns."""
        while True:
            try:
                worker = await self._tried(self._load)
                while True:
                    await self._tried(worker.step)
                    self._reason = ""
            except HistoryChanged as exc:
                log.warning("expiry.history_changed", error=repr(exc))

    async def _tried(self, work: Callable[[], Awaitable[T]]) -> T:
        backoff = Backoff(random.random, longest_s=1.0)
        while True:
            try:
                return await work()
            except AWAY as exc:
                self._reason = f"a server is away: {exc!r}"
                log.warning("expiry.retrying", error=repr(exc))
            await asyncio.sleep(backoff.next_wait_s())

    async def _load(self) -> ExpiryWorker:
        parts = await self._parts()
        stream = KafkaStream(self._outcomes, parts)
        # The end first, the snapshot then: what is published between them is in both, and dropped by its number.
        await stream.start()
        snapshot = await read_snapshot(self._pool, parts)
        await self._until_published(snapshot)
        deadlines = Deadlines(self._grace_ms)
        for hold in snapshot.holds:
            deadlines.put(hold)
        endings = Endings()
        for part, show in snapshot.cancelled:
            endings.put(part, show)
        give_backs = GiveBacks()
        for share, at_ms in snapshot.kept:
            give_backs.put(share, at_ms)
        log.info("expiry.loaded", holds=len(deadlines), parts=len(parts))
        return ExpiryWorker(
            deadlines=deadlines,
            endings=endings,
            give_backs=give_backs,
            bookings=PostgresBookings(self._pool),
            outcomes=Follower(stream, self._table, snapshot.batch_seqs, history_id=snapshot.history_id),
            commands=self._commands,
            warnings=self._warnings,
            clock=self._clock,
        )

    async def _parts(self) -> list[int]:
        while not (parts := sorted(await self._table.published())):
            self._reason = "no partition is there yet"
            await asyncio.sleep(NO_PARTITION_POLL_S)
        return parts

    async def _until_published(self, snapshot: Snapshot) -> None:
        """A committed batch that is not published yet may still be unknown to the standby: it is not used.

        Raises `HistoryChanged`.
        """
        while True:
            if is_published(await self._table.published(), snapshot.batch_seqs, snapshot.history_id):
                return
            self._reason = "waiting for the last batches to be published"
            await asyncio.sleep(PUBLISHED_POLL_S)
