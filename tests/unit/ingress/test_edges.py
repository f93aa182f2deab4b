"""The edges to the log, the loop and the statuses: errors become answers, bells ring once."""

import asyncio
from collections.abc import Callable
from functools import partial

import pytest

from ingress.caches import Lru, OnceAtATime
from ingress.condition import Condition
from ingress.log_edge import FutureBell, KafkaCommandLog, TickingAlarms
from ingress.loops import ShowStatuses, watch_log, watch_postgres
from ingress.service import NotTaken
from ingress.stores import StoreAway
from runtime.kafka import LogError, LogFull, LogUnavailable, LogUnknown, RecordTooLarge
from tests.unit.ingress.tales import PART, SECOND, SHOW, T0
from ticketing.clock import ManualClock
from ticketing.messages import PartitionStatusNow, ShowStatusNow, encode

pytestmark = pytest.mark.anyio


class Producer:
    """A producer that fails as it is told."""

    def __init__(self, error: LogError | None, *, at_once: bool = False) -> None:
        self.error = error
        self.at_once = at_once

    def hand_in(self, part: int, value: bytes, tell: Callable[[int | Exception], None]) -> None:
        if self.at_once and self.error is not None:
            raise self.error
        tell(7 if self.error is None else self.error)


def appended(producer: Producer) -> int | NotTaken:
    """What the log says of one record."""
    said: list[int | NotTaken] = []
    KafkaCommandLog(producer).append(PART, b"x", said.append)  # type: ignore[arg-type]
    (only,) = said
    return only


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (LogFull(), "busy", "on their way"),
        (LogUnavailable(), "log_unavailable", "nothing was written"),
        (LogUnknown(), "log_unavailable", "same Idempotency-Key"),
        (RecordTooLarge(), "busy", "larger"),
    ],
)
def test_what_the_log_refuses(error: LogError, code: str, says: str, at_once: bool) -> None:
    answer = appended(Producer(error, at_once=at_once))
    assert isinstance(answer, NotTaken)
    assert answer.code == code
    assert says in answer.detail


def test_what_the_log_takes() -> None:
    assert appended(Producer(None)) == 7


async def test_a_bell_may_be_rung_before_and_after_and_twice() -> None:
    early = FutureBell()
    early.ring()
    early.ring()
    await early.heard()
    late = FutureBell()
    asyncio.get_running_loop().call_soon(late.ring)
    await late.heard()
    late.ring()


class Sleeper:
    """Does what it is told to when its time is over."""

    def __init__(self, overdue: Callable[[], object]) -> None:
        self._overdue = overdue

    def overdue(self) -> None:
        self._overdue()


async def test_alarms_of_one_tick_ring_together_and_not_those_that_were_taken_back() -> None:
    began_s = asyncio.get_running_loop().time()
    alarms, over = TickingAlarms(tick_s=0.01), asyncio.Event()
    rung: list[str] = []
    left = Sleeper(partial(rung.append, "taken back"))
    unset = alarms.set(left, 0.0)
    for name in ("one", "two"):
        alarms.set(Sleeper(partial(rung.append, name)), 0.0)
    alarms.set(Sleeper(over.set), 0.02)
    unset(left)
    async with asyncio.timeout(5):
        await over.wait()
    assert sorted(rung) == ["one", "two"]
    assert asyncio.get_running_loop().time() - began_s >= 0.02


def status(lag_ms: int) -> bytes:
    return encode(
        ShowStatusNow(
            show=SHOW, part=PART, at_ms=T0, status="open", seq=1, available=30, held=3, booked=2, lag_records=0,
            lag_ms=lag_ms,
        )
    )  # fmt: skip


async def test_statuses_are_believed_for_a_while() -> None:
    clock, condition = ManualClock(T0), Condition()
    condition.appended(PART, T0)
    statuses = ShowStatuses(object(), condition, clock)  # type: ignore[arg-type]
    statuses.hear(status(900))
    statuses.hear(b"not MessagePack")
    assert (condition.lag_ms, condition.unanswered_since_ms) == ({SHOW: 900}, {})
    assert statuses.counts[SHOW] == {"total": 35, "available": 30, "held": 3, "booked": 2}
    clock.advance(6 * SECOND)
    statuses.forget_old()
    assert condition.lag_ms == {}
    assert SHOW in statuses.counts
    clock.advance(60 * SECOND)
    statuses.forget_old()
    assert statuses.counts == {}


def writes(part: int, *, taken: bool) -> bytes:
    return encode(PartitionStatusNow(part=part, at_ms=T0, takes_writes=taken))


async def test_a_partition_that_cannot_be_written_is_believed_until_it_can_or_nobody_says_so() -> None:
    clock, condition = ManualClock(T0), Condition()
    statuses = ShowStatuses(object(), condition, clock)  # type: ignore[arg-type]
    for part in (PART, 5):
        statuses.hear(writes(part, taken=False))
    assert condition.parts_refused == {PART, 5}
    statuses.hear(writes(5, taken=True))
    assert condition.parts_refused == {PART}
    clock.advance(4 * SECOND)
    statuses.hear(writes(PART, taken=False))
    clock.advance(4 * SECOND)
    statuses.forget_old()
    assert condition.parts_refused == {PART}
    clock.advance(2 * SECOND)
    statuses.forget_old()
    assert condition.parts_refused == frozenset()


async def test_sales_pause_when_postgres_is_missed_twice_and_go_on_when_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ingress.loops.WATCH_EVERY_S", 0.001)
    condition = Condition()
    answers = [True, StoreAway("gone"), True, StoreAway("gone"), False, False, True]
    heard: list[bool] = []

    async def takes_writes() -> bool:
        heard.append(condition.postgres_away)
        if not answers:
            raise asyncio.CancelledError
        answer = answers.pop(0)
        if isinstance(answer, StoreAway):
            raise answer
        return bool(answer)

    with pytest.raises(asyncio.CancelledError):
        await watch_postgres(takes_writes, condition)
    assert heard == [False, False, False, False, False, True, True, False]


async def test_another_cluster_than_the_first_pauses_its_own_partitions_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingress.loops.WATCH_EVERY_S", 0.001)
    condition = Condition(parts_away=frozenset({40}))
    answers = [True, False, False, False, True]
    heard: list[tuple[bool, ...]] = []

    async def takes_writes() -> bool:
        heard.append((condition.postgres_away, *(condition.is_paused(part) for part in (11, 12, 40))))
        if not answers:
            raise asyncio.CancelledError
        return answers.pop(0)

    with pytest.raises(asyncio.CancelledError):
        await watch_postgres(takes_writes, condition, frozenset({12, 13}))
    well, away = (False, False, False, True), (False, False, True, True)
    assert heard == [well, well, well, away, away, well]


async def test_a_log_that_does_not_answer_is_noted_each_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingress.loops.WATCH_EVERY_S", 0.001)
    condition = Condition()
    answers, heard = [True, False, False, True], list[bool]()

    def log_answers() -> bool:
        heard.append(condition.log_away)
        if not answers:
            raise asyncio.CancelledError
        return answers.pop(0)

    with pytest.raises(asyncio.CancelledError):
        await watch_log(log_answers, condition, ManualClock(T0), 1_000)
    assert heard == [False, False, True, True, False]


def test_what_was_used_last_is_kept() -> None:
    kept: Lru[str, int] = Lru(10)
    kept.put("a", 1, weight=4)
    kept.put("b", 2, weight=4)
    assert kept.get("a") == 1
    kept.put("c", 3, weight=4)
    assert [kept.get(key) for key in "abc"] == [1, None, 3]
    kept.put("huge", 4, weight=100)
    assert [kept.get(key) for key in ("a", "c", "huge")] == [None, None, 4]


async def test_an_errand_that_fails_fails_for_all_and_is_run_anew() -> None:
    errands: OnceAtATime[str, int] = OnceAtATime()
    runs: list[int] = []

    async def fail() -> int:
        runs.append(1)
        await asyncio.sleep(0)
        raise StoreAway("gone")

    async def attempt() -> bool:
        with pytest.raises(StoreAway):
            await errands.run("k", fail)
        return True

    assert all(await asyncio.gather(attempt(), attempt()))
    assert len(runs) == 1
    assert await attempt()
    assert len(runs) == 2
