"""The log on a real broker: what a room may rely on when it sends and reads."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from runtime.follow import Batch
from runtime.follow_edges import KafkaStream, batch_headers
from runtime.kafka import (
    BatchingProducer,
    LogFull,
    LogRangeError,
    LogUnavailable,
    PartitionReader,
    Record,
    RecordProducer,
    RecordTooLarge,
)
from tests.servers import Servers

PARTS = range(12)


@asynccontextmanager
async def sender(servers: Servers, topic: str, backlog_records_max: int = 50_000) -> AsyncIterator[BatchingProducer]:
    """A producer with a generous deadline."""
    async with BatchingProducer(
        servers.kafka_bootstrap,
        topic,
        backlog_records_max=backlog_records_max,
        deadline_s=20,
        client_id="test",
    ) as producer:
        yield producer


def reader(servers: Servers, topic: str, records_buffered_max: int = 20_000) -> PartitionReader:
    """A reader, to be opened."""
    return PartitionReader(servers.kafka_bootstrap, topic, client_id="test", records_buffered_max=records_buffered_max)


async def read_all(log: PartitionReader, part: int, end: int, records_max: int = 500) -> list[Record]:
    """Everything from the beginning up to `end`."""
    found: list[Record] = []
    while len(found) < end:
        found += await log.fetch(part, len(found), records_max, 10)
    return found


async def test_the_offset_a_sender_is_told_is_where_the_record_lies(servers: Servers, topics: str) -> None:
    async with sender(servers, f"{topics}commands") as producer, reader(servers, f"{topics}commands") as log:
        offsets = await asyncio.gather(
            *(producer.send(3, b"%d" % n, key=b"k", headers=[("n", b"h")]) for n in range(2000))
        )
        found = await read_all(log, 3, 2000)
    assert offsets == list(range(2000))
    assert [record.value for record in found] == [b"%d" % n for n in range(2000)]
    assert {(record.part, record.key, record.headers) for record in found} == {(3, b"k", (("n", b"h"),))}
    assert [record.offset for record in found] == offsets
    assert found[0].timestamp_ms > 1_700_000_000_000


async def test_thousands_send_at_once_in_a_few_hundred_batches(
    servers: Servers, topics: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = 0
    send_batch: Callable[..., Awaitable[Any]] = AIOKafkaProducer.send_batch

    async def counted(producer: AIOKafkaProducer, *batch: Any, **where: Any) -> Any:
        nonlocal batches
        batches += 1
        return await send_batch(producer, *batch, **where)

    async def fan(producer: BatchingProducer, n: int) -> None:
        for turn in range(20):
            await producer.send((n + turn) % 12, b"x" * 200)

    monkeypatch.setattr(AIOKafkaProducer, "send_batch", counted)
    async with sender(servers, f"{topics}commands") as producer:
        await asyncio.gather(*(fan(producer, n) for n in range(2000)))
        assert producer.backlog == 0
    # What a record costs by itself is what `make bench BENCH=pipeline` shows; one by one there would be 40,000.
    assert batches < 2_000


async def test_a_full_backlog_refuses_at_once_and_loses_nothing(servers: Servers, topics: str) -> None:
    async with sender(servers, f"{topics}commands", 100) as producer, reader(servers, f"{topics}commands") as log:
        answers = await asyncio.gather(*(producer.send(0, b"%d" % n) for n in range(150)), return_exceptions=True)
        assert [type(answer) for answer in answers] == [int] * 100 + [LogFull] * 50
        assert await producer.send(0, b"room again") == 100
        assert (await log.ends([0])) == {0: 101}


async def test_a_caller_who_left_takes_nothing_and_nobody_along(servers: Servers, topics: str) -> None:
    async with sender(servers, f"{topics}commands") as producer:
        leaving, staying = (asyncio.create_task(producer.send(0, name)) for name in (b"leaving", b"staying"))
        await asyncio.sleep(0)
        leaving.cancel()
        assert await staying in (0, 1)
        assert leaving.cancelled() or await leaving == 0
        assert producer.backlog == 0


async def test_what_cannot_be_sent_is_refused_to_its_own_caller_only(servers: Servers, topics: str) -> None:
    async with sender(servers, f"{topics}commands") as producer:
        text: bytes = "text"  # type: ignore[assignment]
        answers = await asyncio.gather(
            producer.send(0, b"good"),
            producer.send(0, text),
            producer.send(0, b"x" * 2_000_000),
            producer.send(99, b"no such partition"),
            producer.send(0, b"good, too"),
            return_exceptions=True,
        )
        assert [type(answer) for answer in answers] == [int, TypeError, RecordTooLarge, LogUnavailable, int]


async def test_a_closed_producer_sends_what_it_had_and_refuses_more(servers: Servers, topics: str) -> None:
    async with sender(servers, f"{topics}commands") as producer:
        sending = asyncio.create_task(producer.send(1, b"last"))
        await asyncio.sleep(0)
    assert await sending == 0
    with pytest.raises(LogUnavailable):
        await producer.send(1, b"late")


async def test_large_records_arrive_in_order(servers: Servers, topics: str) -> None:
    sizes = [5_000_000, 10, 7_000_000, 3_000_000, 0]
    async with (
        RecordProducer(servers.kafka_bootstrap, f"{topics}outcomes", deadline_s=20, client_id="test") as producer,
        reader(servers, f"{topics}outcomes") as log,
    ):
        offsets = await asyncio.gather(
            *(producer.send_and_wait(5, b"x" * size, [("size", b"%d" % size)]) for size in sizes)
        )
        found = await read_all(log, 5, len(sizes))
    assert offsets == [0, 1, 2, 3, 4]
    assert [len(record.value) for record in found] == sizes
    assert [record.headers for record in found] == [(("size", b"%d" % size),) for size in sizes]


async def test_a_partition_nobody_reads_does_not_hold_up_the_others(servers: Servers, topics: str) -> None:
    async with (
        sender(servers, f"{topics}commands") as producer,
        reader(servers, f"{topics}commands", records_buffered_max=100) as log,
    ):
        await log.set_positions(dict.fromkeys(PARTS, 0))
        await asyncio.gather(*(producer.send(0, b"x" * 100) for _ in range(5_000)))
        waits_s = []
        for n in range(20):
            await producer.send(0, b"one more that is not read")
            began_s = time.perf_counter()
            await producer.send(1, b"%d" % n)
            assert [record.value for record in await log.fetch(1, n, 10, 10)] == [b"%d" % n]
            waits_s.append(time.perf_counter() - began_s)
        found = await read_all(log, 0, 5_020)
        assert [record.offset for record in found] == list(range(5_020))
    # A client that waits for the unread partition is held up for 100 ms each time.
    assert min(waits_s) < 0.08


async def test_many_partitions_are_awaited_at_once(servers: Servers, topics: str) -> None:
    async with sender(servers, f"{topics}commands") as producer, reader(servers, f"{topics}commands") as log:
        waiting = [asyncio.create_task(log.fetch(part, 0, 10, 20)) for part in PARTS]
        await asyncio.sleep(0.05)  # time enough to come back with nothing, for one that does not wait
        assert not any(task.done() for task in waiting)
        for part in reversed(PARTS):
            await producer.send(part, b"%d" % part)
        found = [await task for task in waiting]
        assert [[record.value for record in records] for records in found] == [[b"%d" % part] for part in PARTS]
        began_s = time.perf_counter()
        assert await log.fetch(0, 1, 10, 0.2) == []
        assert 0.15 < time.perf_counter() - began_s < 5


async def test_positions_change_while_others_are_kept(servers: Servers, topics: str) -> None:
    async with sender(servers, f"{topics}commands") as producer, reader(servers, f"{topics}commands") as log:
        await asyncio.gather(*(producer.send(part, b"%d" % n) for n in range(100) for part in (0, 1, 2)))
        assert [record.offset for record in await log.fetch(0, 10, 5, 10)] == [10, 11, 12, 13, 14]
        await log.set_positions({1: 50, 2: 98})
        assert [record.offset for record in await log.fetch(0, 15, 2, 10)] == [15, 16]
        assert [record.offset for record in await log.fetch(1, 50, 1, 10)] == [50]
        assert [record.offset for record in await log.fetch(2, 98, 9, 10)] == [98, 99]
        assert [record.offset for record in await log.fetch(0, 20, 1, 10)] == [20]
        assert [record.offset for record in await log.fetch(0, 3, 1, 10)] == [3]
        await log.release([0, 1, 2])
        assert [record.offset for record in await log.fetch(1, 7, 1, 10)] == [7]


async def test_an_offset_outside_the_log_is_named_with_its_bounds(servers: Servers, topics: str) -> None:
    topic = f"{topics}commands"
    async with sender(servers, topic) as producer, reader(servers, topic) as log:
        await asyncio.gather(*(producer.send(part, b"x") for part in (0, 1) for _ in range(10)))
        await _delete_before(servers, topic, part=0, offset=4)
        with pytest.raises(LogRangeError) as too_old:
            await log.fetch(0, 2, 10, 10)
        assert (too_old.value.part, too_old.value.begin, too_old.value.end) == (0, 4, 10)
        with pytest.raises(LogRangeError) as too_new:
            await log.fetch(1, 11, 10, 10)
        assert (too_new.value.wanted, too_new.value.begin, too_new.value.end) == (11, 0, 10)
        assert [record.offset for record in await log.fetch(0, 4, 2, 10)] == [4, 5]
        assert await log.begins([0, 1]) == {0: 4, 1: 0}
        await asyncio.gather(*(producer.send(1, b"x") for _ in range(2)))
        assert [record.offset for record in await log.fetch(1, 11, 10, 10)] == [11]


async def test_one_record_is_read_without_disturbing_anybody(servers: Servers, topics: str) -> None:
    topic = f"{topics}commands"
    async with sender(servers, topic) as producer, reader(servers, topic) as log:
        await asyncio.gather(*(producer.send(0, b"%d" % n) for n in range(50)))
        assert [record.offset for record in await log.fetch(0, 20, 5, 10)] == [20, 21, 22, 23, 24]
        one, other = await asyncio.gather(log.read_one(0, 7), log.read_one(0, 49))
        assert one is not None and one.value == b"7"
        assert other is not None and other.value == b"49"
        assert await log.read_one(0, 50) is None
        assert await log.read_one(11, 0) is None
        await _delete_before(servers, topic, part=0, offset=30)
        assert await log.read_one(0, 7) is None
        assert [record.offset for record in await log.fetch(0, 25, 5, 10)] == [25, 26, 27, 28, 29]


async def test_a_follower_hears_what_is_published_after_its_start(servers: Servers, topics: str) -> None:
    def batch(part: int, seq: int) -> Batch:
        return Batch(part, log_gen=2, batch_seq=seq, history_id="h", payload=b"%d" % seq, decided_at_ms=1_000 + seq)

    async with (
        RecordProducer(servers.kafka_bootstrap, f"{topics}outcomes", deadline_s=20, client_id="test") as producer,
        reader(servers, f"{topics}outcomes") as log,
    ):
        await producer.send_and_wait(0, b"before", batch_headers(batch(0, 1)))
        stream = KafkaStream(log, PARTS)
        await stream.start()
        await producer.send_and_wait(4, b"not a batch")
        for part, seq in ((0, 2), (4, 7), (0, 3)):
            await producer.send_and_wait(part, b"%d" % seq, batch_headers(batch(part, seq)))
        found: list[Batch] = []
        while len(found) < 3:
            found += await stream.poll(10)
    assert sorted(found, key=lambda item: item.batch_seq) == [batch(0, 2), batch(0, 3), batch(4, 7)]


async def test_no_broker_is_said_so(topics: str) -> None:
    with pytest.raises(LogUnavailable):
        async with PartitionReader("127.0.0.1:1", f"{topics}commands", client_id="test"):
            pass


async def _delete_before(servers: Servers, topic: str, part: int, offset: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.kafka_bootstrap)
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(topic, part): RecordsToDelete(before_offset=offset)})
    finally:
        await admin.close()
