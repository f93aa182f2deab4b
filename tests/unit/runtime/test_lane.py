"""What is read ahead of one partition."""

from aiokafka import TopicPartition

from runtime.kafka.lane import Lane
from runtime.kafka.records import Record


def record(offset: int, value: bytes = b"xy") -> Record:
    return Record(0, offset, 0, None, value, ())


async def lane_with(*offsets: int, start: int = 10) -> Lane:
    lane = Lane(TopicPartition("t", 0), start)
    assert lane.accept([record(offset) for offset in offsets])
    return lane


def offsets(records: list[Record]) -> list[int]:
    return [item.offset for item in records]


async def test_records_are_taken_oldest_first_and_their_bytes_counted() -> None:
    lane = await lane_with(10, 11, 12)
    assert (lane.size_bytes, lane.next_offset) == (6, 13)
    assert offsets(lane.take(2)) == [10, 11]
    assert lane.size_bytes == 2
    assert offsets(lane.take(9)) == [12]
    assert (lane.take(1), lane.size_bytes) == ([], 0)


async def test_what_was_read_before_is_not_read_again() -> None:
    lane = await lane_with(10, 11)
    assert lane.accept([record(9), record(11), record(12)])
    assert offsets(lane.take(9)) == [10, 11, 12]


async def test_the_reader_may_skip_ahead_but_not_back() -> None:
    lane = await lane_with(10, 11, 12)
    assert lane.skip_to(11)
    assert offsets(list(lane.records)) == [11, 12]
    assert lane.size_bytes == 4
    assert not lane.skip_to(10)
    assert not lane.skip_to(14)
    assert lane.skip_to(13)
    assert (list(lane.records), lane.size_bytes) == ([], 0)
    assert lane.skip_to(13)


async def test_a_hole_is_believed_at_the_second_reading() -> None:
    lane = await lane_with(10)
    assert not lane.accept([record(13)])
    assert (lane.next_offset, offsets(list(lane.records))) == (11, [10])
    assert lane.accept([record(13), record(14)])
    assert offsets(lane.take(9)) == [10, 13, 14]
    assert not lane.accept([record(17)])


async def test_starting_anew_forgets_everything() -> None:
    lane = await lane_with(10, 11)
    lane.paused = lane.out_of_range = True
    lane.restart(4)
    assert (lane.next_offset, list(lane.records), lane.size_bytes) == (4, [], 0)
    assert (lane.paused, lane.out_of_range) == (False, False)


async def test_another_connection_makes_it_forget_what_was_read_ahead() -> None:
    first, second = object(), object()
    lane = await lane_with(10, 11, 12)
    assert not lane.is_interrupted_by(None)
    assert (lane.is_interrupted_by(first), lane.interruptions, len(lane.records)) == (False, 1, 3)
    assert not lane.is_interrupted_by(first)
    lane.take(1)
    assert not lane.is_interrupted_by(None)  # gone, and nothing in its place yet: what is at hand may be used
    assert (lane.is_interrupted_by(second), lane.interruptions) == (True, 2)
    assert (lane.next_offset, list(lane.records), lane.size_bytes) == (11, [], 0)


async def test_after_an_interruption_with_nothing_at_hand_the_place_is_kept() -> None:
    lane = await lane_with(10)
    lane.is_interrupted_by(object())
    lane.take(1)
    assert lane.is_interrupted_by(object())
    assert lane.next_offset == 11
