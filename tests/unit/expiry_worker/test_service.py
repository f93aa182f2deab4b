"""The loop, driven by hand: no event loop, no clock but the one it is given."""

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from expiry_worker.deadlines import Deadlines
from expiry_worker.service import WAIT_S_MAX, ExpiryWorker
from ticketing.clock import ManualClock
from ticketing.messages import (
    AnyOutcome,
    ExpireHolds,
    HoldExpired,
    HoldExpiring,
    Reservation,
    SeatsHeld,
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


class Story:
    def __init__(self) -> None:
        self.clock = ManualClock(T0)
        self.outcomes = FakeOutcomes(self.clock)
        self.commands = FakeLog()
        self.warnings = FakeLog()
        self.worker = ExpiryWorker(
            deadlines=Deadlines(),
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
