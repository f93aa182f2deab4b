"""Runs one allocator: `python -m allocator`."""

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from uuid import UUID, uuid4

from allocator.log import KafkaLog
from allocator.membership import Membership
from allocator.metrics import MeteredObserver
from allocator.office import Office
from allocator.offices import Offices
from allocator.settings import Settings
from allocator.store import PostgresStore
from runtime import postgres
from runtime.clusters import Standing
from runtime.kafka import LogError, PartitionReader, RecordProducer
from runtime.process import RunningRoom, run, serve
from runtime.tracing import Tracer, open_exporter
from ticketing import topics
from ticketing.clock import SystemClock
from ticketing.messages import AllocatorStatus, encode


@asynccontextmanager
async def open_room(settings: Settings) -> AsyncIterator[RunningRoom]:
    """An allocator that has reached its servers; it owns partitions once its tasks run."""
    owner = uuid4()  # one per process start: an owner that comes back is another one
    clock = SystemClock()
    bootstrap, prefix = settings.kafka_bootstrap, settings.topic_prefix
    async with AsyncExitStack() as stack:
        exporter = await stack.enter_async_context(open_exporter(settings.otlp_url, "allocator"))
        reader = PartitionReader(bootstrap, topics.COMMANDS.full_name(prefix), client_id="onsale-allocator")

        def producer(topic: topics.Topic) -> RecordProducer:
            name = f"onsale-allocator-{topic.name}"
            return RecordProducer(
                bootstrap, topic.full_name(prefix), client_id=name, deadline_s=settings.kafka_deadline_s
            )

        outcomes, statuses = producer(topics.OUTCOMES), producer(topics.SHOW_STATUS)
        for edge in (reader, outcomes, statuses):
            await stack.enter_async_context(edge)

        async def announce(status: AllocatorStatus) -> None:
            try:
                await statuses.send_and_wait(0, encode(status))
            except LogError:
                return  # true for a second only: the next one says it again

        observer = MeteredObserver(Tracer(now_ms=clock.now_ms, entropy=os.urandom, exporter=exporter))
        offices = [
            _open_office(
                settings, owner, number, commands=KafkaLog(reader, outcomes), announce=announce, observer=observer
            )
            for number in range(len(settings.cluster_map.urls))
        ]
        together, standing = Offices(offices), Standing([office.ready for office in offices])
        yield RunningRoom(
            name="allocator",
            tasks=(*(office.run for office in offices), together.announce_shows),
            ready=standing.ready,
            degraded=standing.degraded,
            request_stop=together.request_stop,
        )


def _open_office(
    settings: Settings,
    owner: UUID,
    cluster: int,
    *,
    commands: KafkaLog,
    announce: Callable[[AllocatorStatus], Awaitable[None]],
    observer: MeteredObserver,
) -> Office:
    """The office of one cluster of Postgres: leases, cursors and stock of a partition are in the same one."""
    places = settings.cluster_map
    connect = partial(
        postgres.connect,
        postgres.room_url(places.urls[cluster], "onsale_allocator", settings.secrets[0]),
        statement_timeout_s=settings.postgres_statement_timeout_s,
        lock_timeout_s=settings.postgres_lock_timeout_s,
    )

    def open_store(part: int) -> PostgresStore:
        return PostgresStore(
            part, owner, lambda warn: connect(application_name=f"onsale allocator {part}", on_warning=warn)
        )

    return Office(
        settings=settings,
        membership=Membership(owner, partial(connect, application_name="onsale allocator leases"), places.has(cluster)),
        commands=commands,
        open_store=open_store,
        clock=SystemClock(),
        announce=announce,
        observer=observer,
    )


def main() -> int:
    """The process's exit code."""
    return run(serve("allocator", open_room, Settings()))


if __name__ == "__main__":
    sys.exit(main())
