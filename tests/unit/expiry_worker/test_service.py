"""The loop, driven by hand: no event loop, no clock but the one it is given."""

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from expiry_worker.deadlines import Deadlines
from expiry_worker.endings import Endings
from expiry_worker.givebacks import GiveBacks
from expiry_worker.service import WAIT_S_MAX, ExpiryWorker
from ticketing.clock import ManualClock
from ticketing.messages import (
    AnyOutcome,
    CancelShow,
    ExpireHolds,
    HoldExpired,
    HoldExpiring,
    Reservation,
    SeatsHeld,
    ShowCancelled,
    decode_as,
    decode_command,
    encode_outcomes,
)

SECOND = 1_000
T0 = 1_800_000_000_000
SHOW = 7
PART = 3
ANNA = b"a" * 16


def ran(coroutine: Coroutine[Any, Any, None]) -> None:
    """Drive a step whose ports never wait."""
    with pytest.raises(StopIteration):
        coroutine.send(None)


@dataclass(frozen=True)
class FakeBatch:
    part: int
    payload: bytes


class FakeOutcomes:
    """Batches put in by the test; waiting lets the clock run on, as waiting does."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.ready: list[FakeBatch] = []
        self.waits_s: list[float] = []

    def happen(self, *outcomes: AnyOutcome) -> None:
        self.ready.append(FakeBatch(PART, encode_outcomes(list(outcomes))))

    async def step(self, now_ms: int, timeout_s: float = 0.5) -> Sequence[FakeBatch]:
        assert now_ms == self.clock.now_ms()
        self.waits_s.append(timeout_s)
        if not self.ready:
            self.clock.advance(round(timeout_s * 1000))
        taken, self.ready = self.ready, []
        return taken


class FakeLog:
    def __init__(self) -> None:
        self.records: list[tuple[int, bytes]] = []
        self.away = False

    async def send_all(self, records: Sequence[tuple[int, bytes]]) -> list[bool]:
        if not self.away:
            self.records += records
        return [not self.away] * len(records)


class FakeBookings:
    """What is still booked, by show; and how often it was looked at."""

    def __init__(self) -> None:
        self.left: dict[int, list[tuple[bytes, int]]] = {}
        self.looks = 0

    async def bookings(self, part: int, show: int, limit: int) -> list[tuple[bytes, int]]:
        self.looks += 1
        return self.left.get(show, [])[:limit]


class Story:
    def __init__(self) -> None:
        self.bookings = FakeBookings()
        self.clock = ManualClock(T0)
        self.outcomes = FakeOutcomes(self.clock)
        self.commands = FakeLog()
        self.warnings = FakeLog()
        self.worker = ExpiryWorker(
            deadlines=Deadlines(),
            endings=Endings(),
            give_backs=GiveBacks(),
            bookings=self.bookings,
            outcomes=self.outcomes,
            commands=self.commands,
            warnings=self.warnings,
            clock=self.clock,
        )

    def step(self) -> None:
        ran(self.worker.step())

    def steps_until(self, at_ms: int) -> None:
        while self.clock.now_ms() < at_ms:
            self.step()

    @property
    def proposed(self) -> list[ExpireHolds]:
        commands = [decode_command(value) for part, value in self.commands.records if part == PART]
        return [command for command in commands if isinstance(command, ExpireHolds)]

    @property
    def warned(self) -> list[HoldExpiring]:
        return [decode_as(value, HoldExpiring) for part, value in self.warnings.records if part == PART]


def of_anna(*, version: int, status: str, ends_at: int) -> Reservation:
    return Reservation(id=ANNA, status=status, version=version, account="ent_anna", expires_at_ms=ends_at, hold_s=30)


def anna_holds(ends_at: int) -> SeatsHeld:
    return SeatsHeld(
        show=SHOW, seq=1, at_ms=T0, offset=0, reservation=of_anna(version=1, status="held", ends_at=ends_at)
    )


def annas_hold_expired() -> HoldExpired:
    return HoldExpired(
        show=SHOW, seq=2, at_ms=T0, offset=1, reservation=of_anna(version=2, status="expired", ends_at=T0)
    )


def test_a_hold_is_warned_of_then_proposed_to_the_millisecond() -> None:
    story = Story()
    story.outcomes.happen(anna_holds(T0 + 30 * SECOND))
    story.steps_until(T0 + 20 * SECOND)
    assert [warned.expires_at_ms for warned in story.warned] == [T0 + 30 * SECOND]
    assert story.proposed == []
    story.steps_until(T0 + 30 * SECOND)
    assert story.clock.now_ms() == T0 + 30 * SECOND, "woke exactly at the end, not at the next tick"
    (command,) = story.proposed
    assert command.holds == ((ANNA, 1),)
    assert command.sent_at_ms == T0 + 30 * SECOND
    assert len(story.warned) == 1


def test_it_proposes_again_each_second_until_the_outcome_comes() -> None:
    story = Story()
    story.outcomes.happen(anna_holds(T0 + SECOND))
    story.steps_until(T0 + 3 * SECOND)
    assert [command.sent_at_ms for command in story.proposed] == [T0 + SECOND, T0 + 2 * SECOND, T0 + 3 * SECOND]
    assert len({command.key for command in story.proposed}) == 1
    story.outcomes.happen(annas_hold_expired())
    story.steps_until(T0 + 10 * SECOND)
    assert len(story.proposed) == 3


def test_a_log_that_is_away_costs_only_the_time_that_it_is_away() -> None:
    story = Story()
    story.commands.away = story.warnings.away = True
    story.outcomes.happen(anna_holds(T0 + 30 * SECOND))
    story.steps_until(T0 + 22 * SECOND)
    assert story.warned == []
    story.warnings.away = False
    story.steps_until(T0 + 23 * SECOND)
    assert len(story.warned) == 1
    story.steps_until(T0 + 31 * SECOND)
    assert story.proposed == []
    story.commands.away = False
    story.steps_until(T0 + 32 * SECOND)
    assert len(story.proposed) == 1


def test_with_nothing_held_it_waits_the_longest() -> None:
    story = Story()
    story.step()
    assert story.outcomes.waits_s == [WAIT_S_MAX]
    assert story.commands.records + story.warnings.records == []


def test_a_new_hold_that_ends_sooner_shortens_the_wait() -> None:
    story = Story()
    story.outcomes.happen(anna_holds(T0 + 200))
    story.step()
    story.step()
    assert story.outcomes.waits_s[1] == pytest.approx(0.2)
    assert len(story.proposed) == 1


def cancelled() -> AnyOutcome:
    return ShowCancelled(show=SHOW, seq=9, at_ms=T0, offset=9, key=ANNA, account="key_house")


def test_the_bookings_of_a_cancelled_show_are_proposed_in_chunks_until_none_is_left() -> None:
    story = Story()
    story.bookings.left[SHOW] = [(number.to_bytes(16), 2) for number in range(1_200)]
    story.outcomes.happen(cancelled())
    story.step()
    chunks = [decode_command(value) for _, value in story.commands.records]
    assert [len(chunk.bookings) for chunk in chunks if isinstance(chunk, CancelShow)] == [500, 500, 200]
    assert {(chunk.account, chunk.keyed, chunk.show) for chunk in chunks} == {("system", False, SHOW)}
    assert len({chunk.key for chunk in chunks}) == 3
    story.bookings.left[SHOW] = story.bookings.left[SHOW][:1]
    while len(story.commands.records) < 4:
        story.step()
    assert story.clock.now_ms() == T0 + SECOND
    del story.bookings.left[SHOW]
    for _ in range(6):
        story.step()
    assert (len(story.commands.records), story.bookings.looks) == (4, 3)


def test_a_log_that_is_away_is_asked_again() -> None:
    story = Story()
    story.bookings.left[SHOW] = [(ANNA, 2)]
    story.outcomes.happen(cancelled())
    story.commands.away = True
    story.step()
    assert story.commands.records == []
    story.commands.away = False
    for _ in range(3):
        story.step()
    (record,) = story.commands.records
    assert isinstance(decode_command(record[1]), CancelShow)


def test_a_show_that_was_cancelled_before_is_looked_at_once() -> None:
    story = Story()
    endings = Endings()
    endings.put(PART, SHOW)
    assert endings.take_due(T0) == [(PART, SHOW)]
    assert endings.take_due(T0 + SECOND - 1) == []
    assert endings.take_due(T0 - 3600 * SECOND) == [(PART, SHOW)], "the clock was set back"
    endings.over(PART, SHOW)
    assert (endings.take_due(T0 + 2 * SECOND), endings.next_at_ms()) == ([], None)
    story.step()
    assert story.bookings.looks == 0
