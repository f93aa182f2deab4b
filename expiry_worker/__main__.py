"""`python -m expiry_worker`: the room alone in a process."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from expiry_worker.loop import ExpiryLoop
from expiry_worker.settings import ExpirySettings
from runtime import logs
from runtime.clusters import Standing, open_clusters
from runtime.kafka import QUIET_WAIT_MS, BatchingProducer, PartitionReader
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
        clusters = await stack.enter_async_context(open_clusters(settings, ROOM, max_size=2))
        commands = await stack.enter_async_context(producer(topics.COMMANDS))
        warnings = await stack.enter_async_context(producer(topics.WARNINGS))
        loops = [
            ExpiryLoop(
                cluster=cluster,
                outcomes=await stack.enter_async_context(
                    PartitionReader(
                        settings.kafka_bootstrap,
                        topics.OUTCOMES.full_name(settings.topic_prefix),
                        client_id=ROOM,
                        idle_wait_ms=QUIET_WAIT_MS,
                    )
                ),
                commands=commands,
                warnings=warnings,
                clock=SystemClock(),
                grace_ms=settings.expiry_grace_ms,
            )
            for cluster in clusters
        ]
        standing = Standing([loop.reasons for loop in loops])
        yield RunningRoom(
            name=ROOM, tasks=[loop.run for loop in loops], ready=standing.ready, degraded=standing.degraded
        )


def main() -> int:
    """Run until told to stop."""
    settings = ExpirySettings()
    logs.configure(settings.log_level, settings.log_json)
    return run(serve(ROOM, open_room, settings))


if __name__ == "__main__":
    sys.exit(main())
