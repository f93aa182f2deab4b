"""Runs one allocator: `python -m allocator`."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from uuid import uuid4

from allocator.log import KafkaLog
from allocator.membership import Membership
from allocator.metrics import MeteredObserver
from allocator.office import Office
from allocator.settings import Settings
from allocator.store import PostgresStore
from runtime import postgres
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
    url = postgres.room_url(settings.postgres_url, "onsale_allocator", settings.secrets[0])
    connect = partial(
        postgres.connect,
        url,
        statement_timeout_s=settings.postgres_statement_timeout_s,
        lock_timeout_s=settings.postgres_lock_timeout_s,
    )

    def open_store(part: int) -> PostgresStore:
        return PostgresStore(
            part, owner, lambda warn: connect(application_name=f"onsale allocator {part}", on_warning=warn)
        )

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

        office = Office(
            settings=settings,
            membership=Membership(owner, partial(connect, application_name="onsale allocator leases")),
            commands=KafkaLog(reader, outcomes),
            open_store=open_store,
            clock=clock,
            announce=announce,
            observer=MeteredObserver(Tracer(now_ms=clock.now_ms, entropy=os.urandom, exporter=exporter)),
        )
        yield RunningRoom(
            name="allocator",
            tasks=(office.run, office.announce_shows),
            ready=office.ready,
            request_stop=office.request_stop,
        )


def main() -> int:
    """The process's exit code."""
    return run(serve("allocator", open_room, Settings()))


if __name__ == "__main__":
    sys.exit(main())
