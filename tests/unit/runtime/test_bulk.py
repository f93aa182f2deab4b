"""What a fetch brought, taken out in bulk: the same records as the client itself would hand out, one by one."""

from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from runtime.kafka.bulk import BulkResult
from runtime.kafka.records import Record

TP = TopicPartition("commands", 3)
MS = 1_800_000_000_000


class Assignment:
    """One partition's place in the log, as the client keeps it."""

    def __init__(self, position: int) -> None:
        self.active = True
        self.paused = False
        self.position = position

    def state_value(self, tp: TopicPartition) -> "Assignment":
        return self

    def consumed_to(self, position: int) -> None:
        self.position = position


def batch(first: int, count: int, *, headers: Any = ()) -> bytes:
    """A batch as the broker stores it: `count` records from offset `first` on."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 2**20)
    for n in range(count):
        builder.append(n, MS + n, b"k%d" % n if n % 2 else None, b"v%d" % (first + n), [*headers])
    raw = bytearray(builder.build())
    raw[0:8] = first.to_bytes(8)  # which the checksum does not cover: the broker sets it
    return bytes(raw)


def fetched(kind: type[FetchResult], raw: bytes, offset: int, place: Assignment) -> Any:
    records = PartitionRecords(TP, MemoryRecords(raw), [], offset, None, None, True, 0)
    return kind(TP, assignment=place, partition_records=records, backoff=0)


RAW = batch(40, 5, headers=[("n", b"h")]) + batch(45, 1) + batch(46, 7)


@pytest.mark.parametrize("offset", [40, 43, 44])  # the broker begins with the batch that holds what was asked for
@pytest.mark.parametrize("most", [1, 3, 100, None])
def test_the_same_records_in_the_same_pieces(offset: int, most: int | None) -> None:
    ours, theirs = Assignment(offset), Assignment(offset)
    bulk, base = fetched(BulkResult, RAW, offset, ours), fetched(FetchResult, RAW, offset, theirs)
    pieces = []
    while base.has_more():
        piece = bulk.getall(most)
        assert piece == [
            Record(it.partition, it.offset, it.timestamp, it.key, it.value, tuple(it.headers))
            for it in base.getall(most)
        ]
        pieces += piece
        assert ours.position == theirs.position
    assert bulk.getall(most) == [] and not bulk.has_more()
    assert [it.offset for it in pieces] == list(range(offset, 53))


def test_what_is_asked_for_elsewhere_by_then_is_thrown_away() -> None:
    place = Assignment(40)
    bulk = fetched(BulkResult, RAW, 40, place)
    assert len(bulk.getall(2)) == 2
    place.position = 41
    assert bulk.getall(2) == [] and not bulk.has_more()


def test_a_paused_partition_hands_out_nothing() -> None:
    place = Assignment(40)
    place.paused = True
    assert fetched(BulkResult, RAW, 40, place).getall() == []


def test_a_batch_that_was_damaged_on_the_way_is_refused_and_the_position_stays() -> None:
    damaged = bytearray(RAW)
    damaged[-1] ^= 1
    place = Assignment(40)
    bulk = fetched(BulkResult, bytes(damaged), 40, place)
    with pytest.raises(CorruptRecordException):
        bulk.getall()
    assert place.position == 40
    assert bulk.getall() == [] and not bulk.has_more()  # what was fetched is not to be trusted: fetch again
