"""Opening and closing a consumer with every option that keeps us safe spelled out."""

import asyncio

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.client import ConnectionGroup
from aiokafka.errors import KafkaError

from runtime.kafka import bulk, ending
from runtime.kafka.records import LogUnavailable, Record

log = structlog.get_logger(__name__)

STOP_TIMEOUT_S = 5.0
FETCH_BYTES_MAX, PARTITION_FETCH_BYTES_MAX = 8 * 1024 * 1024, 1024 * 1024
"""Soft: a broker always sends at least one whole batch of records."""


async def connect(
    bootstrap: str,
    *,
    client_id: str,
    request_timeout_s: float,
    idle_wait_ms: int,
) -> AIOKafkaConsumer:
    """A consumer without a group and without partitions. Raises `LogUnavailable`.

    `idle_wait_ms`: how long a broker keeps a question for records that it has none for. A connection answers in order,
    so whatever else is asked over it waits as long.
    """
    bulk.install()
    ending.install()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        client_id=client_id,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
        fetch_min_bytes=1,
        fetch_max_wait_ms=idle_wait_ms,
        fetch_max_bytes=FETCH_BYTES_MAX,
        max_partition_fetch_bytes=PARTITION_FETCH_BYTES_MAX,
        check_crcs=True,
        request_timeout_ms=round(request_timeout_s * 1000),
        retry_backoff_ms=100,
        metadata_max_age_ms=60_000,
    )
    try:
        await consumer.start()
    except BaseException as exc:
        await stop(consumer)
        if isinstance(exc, KafkaError | OSError):
            raise LogUnavailable(f"cannot connect to {bootstrap}: {exc!r}") from exc
        raise
    return consumer


async def stop(consumer: AIOKafkaConsumer | None) -> None:
    """Close `consumer`, if there is one, without waiting long for a broker that does not answer."""
    if consumer is None:
        return
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await consumer.stop()
    except (KafkaError, OSError, TimeoutError) as exc:
        log.warning("log.close_failed", error=repr(exc))
    except asyncio.CancelledError:
        # aiokafka awaits the fetches that it has cancelled itself, and lets that out before its connections are closed.
        # Taken for a cancelling of ours it would end whoever reads, without a word.
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        await consumer._client.close()


def connection_to_leader(consumer: AIOKafkaConsumer, tp: TopicPartition) -> object | None:
    """What the records of `tp` come over now: another object after each reconnect and each move of the leader.

    0.14.0 connects again by itself and tells nobody, so this looks where it keeps its connections.
    """
    client = consumer._client
    found = client._conns.get((client.cluster.leader_for_partition(tp), ConnectionGroup.DEFAULT))
    return found if found is not None and found.connected() else None


def as_record(found: "ConsumerRecord[bytes, bytes]") -> Record:
    """A record in our own words."""
    return Record(found.partition, found.offset, found.timestamp, found.key, found.value or b"", tuple(found.headers))
