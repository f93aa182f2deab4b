"""The two ports of a `Follower` on the real servers: a Kafka topic, and the views over the outcome log in Postgres.

Order at a start: `await stream.start()`, then the snapshot, then `Follower(stream, table, start=its numbers)`: what
is published after the end was found is read from the topic, what was published before is in the snapshot.
"""

from collections.abc import Callable, Iterable

import asyncpg
import structlog

from runtime.follow import Batch, Published
from runtime.kafka import LogRangeError, PartitionReader, Record

log = structlog.get_logger(__name__)

POLL_RECORDS_MAX = 100

# Every partition's row is small and there are few: the whole view each time.
PUBLISHED = "SELECT part, published_seq, log_gen, history_id::text AS history_id FROM published_batches"

# The join keeps a reader from seeing what is committed but not yet published, whatever it asks for.
READ = """
SELECT b.part, b.log_gen, b.batch_seq, p.history_id::text AS history_id, b.payload, b.decided_at_ms
FROM outcome_batches b JOIN published_batches p ON p.part = b.part
WHERE b.part = $1 AND b.batch_seq > $2 AND b.batch_seq <= least($3, p.published_seq)
ORDER BY b.batch_seq LIMIT $4
"""


class KafkaStream:
    """Batches on a topic: value = payload; headers log_gen, batch_seq, decided_at_ms (decimal), history_id (utf-8).

    A record without these headers is logged and left out: the numbers show that something is missing.
    """

    def __init__(self, reader: PartitionReader, parts: Iterable[int]) -> None:
        self._reader = reader
        self._parts = tuple(parts)

    async def start(self) -> None:
        """Find the topic's end now; `poll` reads from there on. Raises `LogUnavailable`."""
        await self._reader.set_positions(await self._reader.ends(self._parts))

    async def poll(self, timeout_s: float) -> list[Batch]:
        """What has arrived. Raises `LogUnavailable`."""
        try:
            records = await self._reader.poll(POLL_RECORDS_MAX, timeout_s)
        except LogRangeError as exc:
            # Cut off before us or after us. What we miss by going on at the nearer end is in the table.
            log.warning("follow.log_cut", part=exc.part, wanted=exc.wanted, begin=exc.begin, end=exc.end)
            await self._reader.set_positions({exc.part: exc.begin if exc.wanted < exc.begin else exc.end})
            return []
        return [batch for record in records if (batch := _decode(record)) is not None]


class PostgresTable:
    """The views `published_batches` and `outcome_batches` of one cluster. `has`: which partitions count as being there;
    one that is being moved stands in two."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", has: Callable[[int], bool]) -> None:
        self._pool = pool
        self._has = has

    async def published(self) -> dict[int, Published]:
        """How far each partition is published."""
        rows = await self._pool.fetch(PUBLISHED)
        return {
            row["part"]: Published(row["published_seq"], row["log_gen"], row["history_id"])
            for row in rows
            if self._has(row["part"])
        }

    async def read(self, part: int, after_seq: int, up_to_seq: int, limit: int) -> list[Batch]:
        """Batches `after_seq` < batch_seq <= `up_to_seq`, ascending, at most `limit`, none that is not published."""
        return [Batch(**row) for row in await self._pool.fetch(READ, part, after_seq, up_to_seq, limit)]


def batch_headers(batch: Batch) -> list[tuple[str, bytes]]:
    """The headers under which a batch is published, as `KafkaStream` reads them."""
    return [
        ("log_gen", b"%d" % batch.log_gen),
        ("batch_seq", b"%d" % batch.batch_seq),
        ("history_id", batch.history_id.encode()),
        ("decided_at_ms", b"%d" % batch.decided_at_ms),
    ]


def _decode(record: Record) -> Batch | None:
    headers = dict(record.headers)
    try:
        return Batch(
            part=record.part,
            log_gen=int(headers["log_gen"]),
            batch_seq=int(headers["batch_seq"]),
            history_id=headers["history_id"].decode(),
            payload=record.value,
            decided_at_ms=int(headers["decided_at_ms"]),
        )
    except (KeyError, ValueError) as exc:
        log.error("follow.undecodable", part=record.part, offset=record.offset, error=repr(exc))
        return None
