"""`python -m expiry_worker`: the room alone in a process."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from expiry_worker.loop import ExpiryLoop
from expiry_worker.settings import ExpirySettings
from runtime import logs
from runtime.kafka import BatchingProducer, PartitionReader
from runtime.postgres import open_pool, room_url
from runtime.process import RunningRoom, run, serve
from ticketing import topics
from ticketing.clock import SystemClock

ROOM = "expiry_worker"


@asynccontextmanager
async def open_room(settings: ExpirySettings) -> AsyncIterator[RunningRoom]:
    """The room with its connections, which are closed on the way out."""

    def producer(topic: topics.Topic) -> BatchingProducer:
        return BatchingProducer(
            settings.kafka_bootstrap,
            topic.full_name(settings.topic_prefix),
            backlog_records_max=settings.expiry_backlog_records_max,
            deadline_s=settings.kafka_deadline_s,
            client_id=ROOM,
        )

    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(
            open_pool(
                room_url(settings.postgres_url, f"onsale_{ROOM}", settings.secrets[0]),
                min_size=1,
                max_size=2,
                application_name=ROOM,
                statement_timeout_s=settings.postgres_statement_timeout_s,
                lock_timeout_s=settings.postgres_lock_timeout_s,
            )
        )
        loop = ExpiryLoop(
            pool=pool,
            outcomes=await stack.enter_async_context(
                PartitionReader(
                    settings.kafka_bootstrap, topics.OUTCOMES.full_name(settings.topic_prefix), client_id=ROOM
                )
            ),
            commands=await stack.enter_async_context(producer(topics.COMMANDS)),
            warnings=await stack.enter_async_context(producer(topics.WARNINGS)),
            clock=SystemClock(),
            grace_ms=settings.expiry_grace_ms,
        )
        yield RunningRoom(name=ROOM, tasks=[loop.run], ready=loop.reasons)


def main() -> int:
    """Run until told to stop."""
    settings = ExpirySettings()
    logs.configure(settings.log_level, settings.log_json)
    return run(serve(ROOM, open_room, settings))


if __name__ == "__main__":
    sys.exit(main())
