"""What a desk's log promises: the one in memory and the one on Kafka, put to one suite."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.conn import CloseReason

from allocator.errors import LogUnreadable
from allocator.log import KafkaLog
from allocator.ports import CommandLog, LogRecord, Publication
from runtime.follow import Batch
from runtime.follow_edges import KafkaStream
from runtime.kafka import BatchingProducer, PartitionReader, RecordProducer
from tests.servers import Servers
from tests.simulation.followers import batch_of
from tests.simulation.memory_log import Commands, MemoryLog
from ticketing import topics
from ticketing.clock import ManualClock, SystemClock

PART, OTHER = 3, 4
WAIT_S = 10.0


class LogGround(Protocol):
    """One log, and what others do to it."""

    log: CommandLog

    async def append(self, value: bytes, part: int = PART) -> int:
        """The record's offset."""
        ...

    async def lose_head(self, up_to: int) -> None:
        """Records before `up_to` are gone."""
        ...

    async def interrupt(self) -> None:
        """The connection that is read over breaks; nothing is lost."""
        ...

    async def batches(self, count: int) -> list[Batch]:
        """What a reader of topic `outcomes` got, once it has `count`."""
        ...


class MemoryGround:
    """Shared by the allocator and the others, as a broker is."""

    def __init__(self) -> None:
        self._parts = {part: Commands(ManualClock(SystemClock().now_ms())) for part in (PART, OTHER)}
        self._outcomes: list[Publication] = []
        self.log: CommandLog = MemoryLog(self._parts, self._outcomes)

    async def append(self, value: bytes, part: int = PART) -> int:
        return self._parts[part].append(value)

    async def lose_head(self, up_to: int) -> None:
        self._parts[PART].lose_head(up_to)

    async def interrupt(self) -> None:
        self._parts[PART].lose_tail(0)

    async def batches(self, count: int) -> list[Batch]:
        assert len(self._outcomes) == count
        return [batch_of(publication) for publication in self._outcomes]


class KafkaGround:
    """Topics of the test's own."""

    def __init__(
        self, bootstrap: str, reader: PartitionReader, publisher: RecordProducer, producer: BatchingProducer,
        stream: KafkaStream,
    ) -> None:  # fmt: skip
        self.log: CommandLog = KafkaLog(reader, publisher)
        self._bootstrap = bootstrap
        self._reader = reader
        self._producer = producer
        self._stream = stream

    async def append(self, value: bytes, part: int = PART) -> int:
        return await self._producer.send(part, value)

    async def lose_head(self, up_to: int) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        await admin.start()
        try:
            await admin.delete_records({TopicPartition(self._reader.topic, PART): RecordsToDelete(before_offset=up_to)})
        finally:
            await admin.close()

    async def interrupt(self) -> None:
        # Out of the client's hands, as a broker that dies takes them.
        consumer = self._reader._consumer
        assert consumer is not None
        for connection in list(consumer._client._conns.values()):
            connection.close(reason=CloseReason.CONNECTION_BROKEN)

    async def batches(self, count: int) -> list[Batch]:
        found: list[Batch] = []
        while len(found) < count:
            found += await self._stream.poll(WAIT_S)
        return found


@asynccontextmanager
async def kafka_ground(servers: Servers, prefix: str) -> AsyncIterator[KafkaGround]:
    bootstrap, commands, outcomes = servers.kafka_bootstrap, topics.COMMANDS, topics.OUTCOMES
    async with AsyncExitStack() as stack:
        reader, read_outcomes = [
            await stack.enter_async_context(PartitionReader(bootstrap, topic.full_name(prefix), client_id="test"))
            for topic in (commands, outcomes)
        ]
        publisher = await stack.enter_async_context(
            RecordProducer(bootstrap, outcomes.full_name(prefix), client_id="test", deadline_s=10)
        )
        producer = await stack.enter_async_context(
            BatchingProducer(
                bootstrap, commands.full_name(prefix), backlog_records_max=1_000, deadline_s=10, client_id="test"
            )
        )
        stream = KafkaStream(read_outcomes, [PART])
        await stream.start()
        yield KafkaGround(bootstrap, reader, publisher, producer, stream)


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.servers)])
async def ground(request: pytest.FixtureRequest) -> AsyncIterator[LogGround]:
    """One log, in memory or real."""
    if request.param == "memory":
        yield MemoryGround()
        return
    async with kafka_ground(request.getfixturevalue("servers"), request.getfixturevalue("topics")) as real:
        yield real


async def read(ground: LogGround, offset: int, count: int, records_max: int = 100) -> list[LogRecord]:
    """`count` records from `offset` on, in as many fetches as it takes."""
    found: list[LogRecord] = []
    while len(found) < count:
        found += await ground.log.fetch(PART, offset + len(found), records_max, WAIT_S)
    return found


async def test_records_are_read_from_an_offset_on_in_order_and_stamped_by_the_broker(ground: LogGround) -> None:
    offsets = [await ground.append(b"%d" % n) for n in range(20)]
    await ground.append(b"elsewhere", OTHER)
    assert offsets == list(range(20))
    records = await read(ground, 5, 15)
    assert [(record.offset, record.value) for record in records] == [(n, b"%d" % n) for n in range(5, 20)]
    stamps = [record.timestamp_ms for record in records]
    assert stamps == sorted(stamps)
    assert all(abs(stamp - SystemClock().now_ms()) < 60_000 for stamp in stamps)


async def test_no_more_records_than_asked_for_and_the_rest_with_the_next_fetch(ground: LogGround) -> None:
    for n in range(10):
        await ground.append(b"%d" % n)
    first = await ground.log.fetch(PART, 0, 4, WAIT_S)
    assert 1 <= len(first) <= 4
    assert [record.offset for record in await read(ground, 0, 10, records_max=4)] == list(range(10))


async def test_reading_again_from_an_earlier_offset_gives_the_same(ground: LogGround) -> None:
    for n in range(6):
        await ground.append(b"%d" % n)
    first = await read(ground, 0, 6)
    again = await read(ground, 2, 4)
    assert [(record.offset, record.timestamp_ms, record.value) for record in first[2:]] == [
        (record.offset, record.timestamp_ms, record.value) for record in again
    ]


async def test_at_the_end_there_is_nothing_yet(ground: LogGround) -> None:
    await ground.append(b"one")
    assert list(await ground.log.fetch(PART, 1, 10, 0)) == []
    assert await ground.log.bounds(PART) == (0, 1)
    assert await ground.log.bounds(OTHER) == (0, 0)
    await ground.append(b"two")
    assert [record.value for record in await read(ground, 1, 1)] == [b"two"]


async def test_beyond_the_end_or_before_the_start_is_unreadable(ground: LogGround) -> None:
    for n in range(4):
        await ground.append(b"%d" % n)
    with pytest.raises(LogUnreadable):
        await ground.log.fetch(PART, 9, 10, WAIT_S)
    await ground.lose_head(2)
    assert await ground.log.bounds(PART) == (2, 4)
    with pytest.raises(LogUnreadable):
        await ground.log.fetch(PART, 1, 10, WAIT_S)
    assert [record.offset for record in await read(ground, 2, 2)] == [2, 3]


async def test_one_record_is_read_by_itself_if_it_is_there(ground: LogGround) -> None:
    for n in range(4):
        await ground.append(b"%d" % n)
    record = await ground.log.read_one(PART, 3)
    assert record is not None and (record.offset, record.value) == (3, b"3")
    assert await ground.log.read_one(PART, 4) is None
    await ground.lose_head(2)
    assert await ground.log.read_one(PART, 1) is None


async def test_an_interruption_is_told_and_reading_goes_on_where_it_was(ground: LogGround) -> None:
    for n in range(4):
        await ground.append(b"%d" % n)
    await read(ground, 0, 2, records_max=1)
    before = ground.log.interruptions(PART)
    await ground.interrupt()
    async with asyncio.timeout(WAIT_S):
        while ground.log.interruptions(PART) == before:
            await ground.log.fetch(PART, 4, 1, 0.1)
    assert [record.offset for record in await read(ground, 2, 2)] == [2, 3]
    after = ground.log.interruptions(PART)
    await ground.append(b"4")
    assert [record.value for record in await read(ground, 4, 1)] == [b"4"]
    assert ground.log.interruptions(PART) == after


async def test_a_publication_reaches_its_readers_whole(ground: LogGround) -> None:
    sent = [Publication(PART, 1, seq, "a history", 1_800_000_000_000 + seq, b"\x91" + bytes([seq])) for seq in (7, 8)]
    for publication in sent:
        await ground.log.publish(publication)
    await ground.log.publish(sent[1])
    assert await ground.batches(3) == [batch_of(publication) for publication in (*sent, sent[1])]
