"""Each batch exactly once, in order, whatever the topic does with it."""

from collections.abc import Coroutine, Mapping, Sequence
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.follow import (
    AHEAD_BATCHES_MAX,
    CHECK_EVERY_MS,
    GAP_RETRY_MS,
    READ_BATCHES_MAX,
    Batch,
    BatchesGone,
    Follower,
    HistoryChanged,
    Published,
    is_published,
)

T = TypeVar("T")


def by_hand(work: Coroutine[object, object, T]) -> T:
    """Drive a coroutine whose ports answer at once, as a simulation does."""
    try:
        work.send(None)
    except StopIteration as ended:
        result: T = ended.value
        return result
    raise AssertionError("it waited for something else than its ports")


def batch(seq: int, part: int = 0, history_id: str = "h") -> Batch:
    return Batch(part, 0, seq, history_id, b"%d" % seq, 1_000 + seq)


class Topic:
    """Delivers what the test says, one list a poll."""

    def __init__(self, *deliveries: Sequence[Batch]) -> None:
        self.deliveries = list(deliveries)
        self.timeouts_s: list[float] = []

    async def poll(self, timeout_s: float) -> list[Batch]:
        self.timeouts_s.append(timeout_s)
        return list(self.deliveries.pop(0)) if self.deliveries else []


class Log:
    """The table: batches 1 to `committed` of each partition, readable up to `up_to`."""

    def __init__(self, committed: int = 0, up_to: int = 0, parts: Sequence[int] = (0,), history_id: str = "h") -> None:
        self.rows = {part: [batch(seq, part, history_id) for seq in range(1, committed + 1)] for part in parts}
        self.up_to = dict.fromkeys(parts, up_to)
        self.history_id = history_id
        self.reads: list[tuple[int, int, int]] = []
        self.asked = 0

    async def published(self) -> dict[int, Published]:
        self.asked += 1
        return {part: Published(seq, 0, self.history_id) for part, seq in self.up_to.items()}

    async def read(self, part: int, after_seq: int, up_to_seq: int, limit: int) -> list[Batch]:
        assert up_to_seq <= self.up_to[part], "read past what is published"
        self.reads.append((part, after_seq, up_to_seq))
        return [row for row in self.rows[part] if after_seq < row.batch_seq <= up_to_seq][:limit]


def seqs(found: Sequence[Batch]) -> list[int]:
    return [item.batch_seq for item in found]


def test_what_the_snapshot_holds_is_dropped_and_the_rest_handed_out() -> None:
    follower = Follower(Topic([batch(4), batch(5), batch(6), batch(7)]), Log(7, 5), {0: 5})
    assert seqs(by_hand(follower.step(0))) == [6, 7]
    assert follower.seen == {0: 7}
    assert follower.history_id == "h"


def test_a_repeat_and_a_swap_change_nothing() -> None:
    topic = Topic([batch(2), batch(1)], [batch(1), batch(2), batch(3)], [batch(3)])
    follower = Follower(topic, Log(3, 0), {0: 0})
    assert [seqs(by_hand(follower.step(now_ms))) for now_ms in (0, 1, 2)] == [[1, 2], [3], []]


def test_a_gap_is_read_from_the_table_at_once_when_it_is_published() -> None:
    log = Log(5, 4)
    follower = Follower(Topic([], [batch(1)], [batch(5)]), log, {0: 0})
    log.up_to[0] = 0
    assert seqs(by_hand(follower.step(0))) == []
    log.up_to[0] = 4
    assert seqs(by_hand(follower.step(GAP_RETRY_MS))) == [1]
    assert seqs(by_hand(follower.step(2 * GAP_RETRY_MS))) == [2, 3, 4, 5]
    assert log.reads == [(0, 1, 4)]


def test_a_gap_that_is_not_published_yet_waits_and_what_follows_is_kept() -> None:
    log = Log(9, 2)
    follower = Follower(Topic([batch(8), batch(9)]), log, {0: 2})
    assert seqs(by_hand(follower.step(0))) == []
    log.up_to[0] = 5
    assert seqs(by_hand(follower.step(GAP_RETRY_MS))) == [3, 4, 5]
    log.up_to[0] = 7
    assert seqs(by_hand(follower.step(2 * GAP_RETRY_MS))) == [6, 7, 8, 9]
    assert log.reads == [(0, 2, 5), (0, 5, 7)]


def test_the_table_is_not_asked_more_often_than_it_must() -> None:
    log = Log(9, 2)
    follower = Follower(Topic(), log, {0: 2})
    for now_ms in range(0, 3 * CHECK_EVERY_MS, 50):
        by_hand(follower.step(now_ms))
    assert log.asked == 3
    gap = Follower(Topic([batch(5)]), log, {0: 2})
    for now_ms in range(0, GAP_RETRY_MS * 5, 10):
        by_hand(gap.step(now_ms))
    assert log.asked == 3 + 5


def test_a_missing_last_batch_is_noticed_within_a_second() -> None:
    log = Log(3, 2)
    follower = Follower(Topic([batch(1), batch(2)]), log, {0: 0})
    assert seqs(by_hand(follower.step(0))) == [1, 2]
    log.up_to[0] = 3
    assert seqs(by_hand(follower.step(CHECK_EVERY_MS - 1))) == []
    assert seqs(by_hand(follower.step(CHECK_EVERY_MS))) == [3]


def test_a_clock_that_was_set_back_does_not_keep_the_table_waiting() -> None:
    log = Log(2, 1)
    follower = Follower(Topic([]), log, {0: 0})
    assert seqs(by_hand(follower.step(3_600_000))) == [1]
    log.up_to[0] = 2
    assert seqs(by_hand(follower.step(1_000))) == [2]


def test_a_reader_far_behind_catches_up_without_waiting() -> None:
    far = 5 * READ_BATCHES_MAX
    topic = Topic([batch(seq) for seq in range(far + 1, far + 2 * AHEAD_BATCHES_MAX)])
    log = Log(far + 2 * AHEAD_BATCHES_MAX, far + 2 * AHEAD_BATCHES_MAX)
    follower = Follower(topic, log, {0: 0})
    found: list[int] = []
    for _ in range(10):
        found += seqs(by_hand(follower.step(0, timeout_s=0.5)))
    assert found == list(range(1, far + 2 * AHEAD_BATCHES_MAX + 1))
    assert topic.timeouts_s[:3] == [0.5, 0.0, 0.0]
    assert topic.timeouts_s[-1] == 0.5


def test_partitions_not_asked_for_are_left_alone_and_the_others_keep_apart() -> None:
    log = Log(2, 2, parts=(0, 1, 7))
    follower = Follower(Topic([batch(1, 1), batch(1, 7), batch(1, 0), batch(2, 1)]), log, {0: 0, 1: 0, 3: 0})
    found = by_hand(follower.step(0))
    assert sorted((item.part, item.batch_seq) for item in found) == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert [read[0] for read in log.reads] == [0]


@pytest.mark.parametrize("where", ["topic", "table"])
def test_another_history_sends_the_reader_back_to_its_snapshot(where: str) -> None:
    log = Log(3, 2)
    topic = Topic([batch(1)], [batch(2, history_id="restored")] if where == "topic" else [])
    follower = Follower(topic, log, {0: 0}, history_id="h")
    assert seqs(by_hand(follower.step(0))) == [1, 2]
    if where == "table":
        log.history_id = "restored"
    with pytest.raises(HistoryChanged, match="h was replaced by restored"):
        by_hand(follower.step(CHECK_EVERY_MS))


def test_a_snapshot_of_another_history_is_noticed_at_the_first_step() -> None:
    follower = Follower(Topic(), Log(3, 2), {0: 2}, history_id="before the restore")
    with pytest.raises(HistoryChanged):
        by_hand(follower.step(0))


def test_a_snapshot_is_used_once_all_of_it_is_published() -> None:
    published = {0: Published(3, 0, "h"), 1: Published(7, 0, "h")}
    assert is_published(published, {0: 3, 1: 6}, "h")
    assert not is_published(published, {0: 3, 1: 8}, "h")


def test_a_snapshot_of_a_history_that_was_replaced_is_not_waited_for() -> None:
    # Decided again in fewer batches, its numbers may never come.
    with pytest.raises(HistoryChanged, match="before was replaced by h"):
        is_published({0: Published(3, 0, "h")}, {0: 5}, "before")


def test_a_batch_that_the_table_no_longer_has_sends_the_reader_back() -> None:
    log = Log(9, 9)
    del log.rows[0][:4]
    with pytest.raises(BatchesGone, match="no batch 3"):
        by_hand(Follower(Topic(), log, {0: 2}).step(0))


@given(
    total=st.integers(1, 40),
    start=st.integers(0, 10),
    deliveries=st.lists(st.lists(st.tuples(st.integers(0, 1), st.integers(1, 40)), max_size=12), max_size=15),
    published=st.lists(st.integers(0, 40), max_size=15),
)
def test_any_delivery_gives_everything_once_in_order(
    total: int, start: int, deliveries: Sequence[Sequence[tuple[int, int]]], published: Sequence[int]
) -> None:
    """Lost, repeated and swapped batches of two partitions, and a table whose published numbers grow at their leisure.

    What is delivered need not be marked as published yet, as in life.
    """
    start = min(start, total)
    topic = Topic(*([batch(seq, part) for part, seq in wave if seq <= total] for wave in deliveries))
    log = Log(total, start, parts=(0, 1))
    follower = Follower(topic, log, {0: start, 1: start})
    found: dict[int, list[int]] = {0: [], 1: []}
    steps = [*published, *[total] * 60]
    for turn, up_to in enumerate(steps):
        log.up_to = {part: max(known, min(up_to, total)) for part, known in log.up_to.items()}
        for item in by_hand(follower.step(turn * 100)):
            found[item.part].append(item.batch_seq)
    expected = list(range(start + 1, total + 1))
    assert found == {0: expected, 1: expected}
    assert follower.seen == {0: total, 1: total}


def test_a_failing_port_loses_nothing() -> None:
    class Flaky(Log):
        async def published(self) -> dict[int, Published]:
            if self.asked == 0:
                self.asked += 1
                raise OSError("away")
            return await super().published()

    follower = Follower(Topic([batch(1), batch(3)]), Flaky(3, 2), {0: 0})
    with pytest.raises(OSError, match="away"):
        by_hand(follower.step(0))
    found: Mapping[str, list[int]] = {"later": seqs(by_hand(follower.step(GAP_RETRY_MS)))}
    assert found == {"later": [1, 2, 3]}
