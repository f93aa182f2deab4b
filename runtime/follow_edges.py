"""The two ports of a `Follower` on the real servers: a Kafka topic, and the views over the outcome log in Postgres.

Order at a start: `await stream.start()`, then the snapshot, then `Follower(stream, table, start=its numbers)`: what
is published after the end was found is read from the topic, what was published before is in the snapshot.
"""

from collections.abc import Iterable

import asyncpg

from runtime.follow import Batch, Published
from runtime.kafka import PartitionReader


class KafkaStream:
    """Batches on a topic: value = payload; headers log_gen, batch_seq, decided_at_ms (decimal), history_id (utf-8)."""

    def __init__(self, reader: PartitionReader, parts: Iterable[int]) -> None:
        raise NotImplementedError

    async def start(self) -> None:
        """Find the topic's end now; `poll` reads from there on. Raises `LogUnavailable`."""
        raise NotImplementedError

    async def poll(self, timeout_s: float) -> list[Batch]:
        """What has arrived. Raises `LogUnavailable`."""
        raise NotImplementedError


class PostgresTable:
    """The views `published_batches` and `outcome_batches`."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        raise NotImplementedError

    async def published(self) -> dict[int, Published]:
        """How far each partition is published."""
        raise NotImplementedError

    async def read(self, part: int, after_seq: int, up_to_seq: int, limit: int) -> list[Batch]:
        """Batches `after_seq` < batch_seq <= `up_to_seq`, ascending, at most `limit`."""
        raise NotImplementedError


def batch_headers(batch: Batch) -> tuple[tuple[str, bytes], ...]:
    """The headers under which a batch is published, as `KafkaStream` reads them."""
    raise NotImplementedError
