"""From a command to its verdict, at the desk."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import pytest

from ingress.condition import Condition
from ingress.service import EACH_SHARE, Asking, NotTaken, Pending, SaleDesk, Timed, Verdict
from ingress.waiters import Decided, Waiters
from tests.unit.ingress.tales import PART, SHOW, T0, held, reservation
from ticketing import messages
from ticketing.clock import ManualClock
from ticketing.messages import ConfirmBooking, HoldSeats

pytestmark = pytest.mark.anyio

KEY = b"k" * 16
HOLD = HoldSeats(show=SHOW, key=KEY, sent_at_ms=T0, account="ent_anna", seats=(0,))
CONFIRM = ConfirmBooking(show=SHOW, key=KEY, sent_at_ms=T0, account="ent_anna", reservation=KEY)


@dataclass
class Bell:
    """Whoever waits at it lets the test act."""

    while_waiting: Callable[[], None]
    rung: bool = False
    waited: bool = False

    def ring(self) -> None:
        self.rung = True

    async def heard(self) -> None:
        self.waited = True
        self.while_waiting()


class Desk:
    """A desk whose log and bell are the test's."""

    def __init__(
        self,
        *,
        answer: int | NotTaken = 9,
        waiters_max: int = 10,
        holds_waiting_max: int = 10,
        answers: bool = True,
        under_way_max: int = 1_000,
    ) -> None:
        self.answer = answer
        self._answers = answers
        self.sent: list[tuple[int, bytes]] = []
        self.while_waiting: Callable[[], None] = lambda: None
        self.waiters = Waiters(waiters_max)
        self.condition = Condition()
        self.bells: list[Bell] = []
        self.alarms: dict[Timed, float] = {}
        self.ever_s: list[float] = []
        self.clock, self.elapsed = ManualClock(T0), ManualClock(0)
        self.desk = SaleDesk(
            log=self, waiters=self.waiters, condition=self.condition, new_bell=self._bell, alarms=self,
            clock=self.clock, elapsed=self.elapsed, lag_max_ms=1_000, holds_waiting_max=holds_waiting_max,
            under_way_max=under_way_max,
        )  # fmt: skip

    def append(self, part: int, value: bytes, placed: Callable[[int | NotTaken], None]) -> None:
        self.sent.append((part, value))
        self._placed = placed
        if self._answers:
            self.answer_now()

    def answer_now(self) -> None:
        """The log answers the last one."""
        self._placed(self.answer)

    def set(self, who: Timed, after_s: float) -> Callable[[Timed], None]:
        self.alarms[who] = after_s
        self.ever_s.append(after_s)
        return self._unset

    def _unset(self, who: Timed) -> None:
        self.alarms.pop(who, None)

    def ring_alarms(self) -> None:
        """The time of all who wait is over."""
        for who in [*self.alarms]:
            who.overdue()

    def _bell(self) -> Bell:
        self.bells.append(Bell(self.while_waiting))
        return self.bells[-1]


async def test_the_verdict_is_brought_back() -> None:
    stand = Desk()

    def decided() -> None:
        stand.waiters.hear(PART, 4, [held(reservation(KEY), offset=9)])

    stand.while_waiting = decided
    verdict = await stand.desk.ask(HOLD, PART, 2.0)
    assert isinstance(verdict, Decided)
    assert (verdict.outcome.offset, verdict.log_gen) == (9, 4)
    assert [messages.decode_command(value) for _, value in stand.sent] == [HOLD]
    assert stand.ever_s == [2.0]
    assert stand.bells[0].rung
    assert (len(stand.waiters), stand.alarms) == (0, {})


async def test_when_the_wait_is_over_its_place_in_the_log_is_known() -> None:
    stand = Desk()
    stand.condition.log_gens[PART] = 2
    stand.while_waiting = stand.ring_alarms
    assert await stand.desk.ask(HOLD, PART, 2.0) == Pending(PART, 2, 9)
    assert len(stand.waiters) == 0


async def test_who_does_not_wait_is_not_made_to() -> None:
    stand = Desk()
    assert await stand.desk.ask(HOLD, PART, 0.0) == Pending(PART, 0, 9)
    assert (stand.ever_s, stand.bells[0].waited) == ([], False)


async def test_what_the_log_does_not_take_leaves_nobody_waiting() -> None:
    stand = Desk(answer=NotTaken("log_unavailable", "away"))
    verdict = await stand.desk.ask(HOLD, PART, 2.0)
    assert isinstance(verdict, NotTaken)
    assert verdict.code == "log_unavailable"
    assert len(stand.waiters) == 0


@pytest.mark.parametrize("decided", [True, False])
async def test_where_verdicts_take_long_new_holds_are_turned_away_sooner(decided: bool) -> None:
    stand = Desk(waiters_max=200, holds_waiting_max=200)

    def a_second_later() -> None:
        stand.clock.advance(1_000)
        if decided:
            stand.waiters.hear(PART, 4, [held(reservation(KEY), offset=9)])
        else:
            stand.ring_alarms()

    stand.while_waiting = a_second_later
    await stand.desk.ask(HOLD, PART, 1.0)
    for number in range(100):
        assert not stand.desk.crowd.is_full()
        stand.desk.crowd.enter(f"ent_{number}")
    assert stand.desk.crowd.is_full()


async def test_who_does_not_wait_says_nothing_of_how_long_one_waits() -> None:
    stand = Desk(holds_waiting_max=200)
    stand.while_waiting = stand.ring_alarms
    stand.clock.advance(1_000)
    await stand.desk.ask(HOLD, PART, 0.0)
    assert stand.desk.crowd.allowance.now == 200


async def test_when_too_many_wait_nothing_is_sent() -> None:
    stand = Desk(waiters_max=0)
    verdict = await stand.desk.ask(HOLD, PART, 2.0)
    assert isinstance(verdict, NotTaken)
    assert (verdict.code, stand.sent) == ("busy", [])


async def test_a_lagging_show_takes_no_holds_and_still_confirms() -> None:
    stand = Desk()
    stand.condition.lag_ms[SHOW] = 1_001
    refused = await stand.desk.ask(HOLD, PART, 0.0)
    assert isinstance(refused, NotTaken)
    assert refused.code == "busy"
    assert await stand.desk.ask(CONFIRM, PART, 0.0) == Pending(PART, 0, 9)


async def test_a_show_whose_allocator_says_nothing_takes_no_holds_and_still_confirms() -> None:
    stand = Desk()
    assert await stand.desk.ask(HOLD, PART, 0.0) == Pending(PART, 0, 9)
    stand.elapsed.advance(1_000)
    assert await stand.desk.ask(HOLD, PART, 0.0) == Pending(PART, 0, 9)
    stand.elapsed.advance(1)
    refused = await stand.desk.ask(HOLD, PART, 0.0)
    assert isinstance(refused, NotTaken)
    assert refused.code == "busy"
    assert await stand.desk.ask(CONFIRM, PART, 0.0) == Pending(PART, 0, 9)
    assert await stand.desk.ask(HOLD, PART + 1, 0.0) == Pending(PART + 1, 0, 9)
    stand.condition.heard(PART)
    assert await stand.desk.ask(HOLD, PART, 0.0) == Pending(PART, 0, 9)


@pytest.mark.parametrize("by_ms", [3_600_000, -3_600_000])
async def test_a_clock_that_is_set_while_an_allocator_owes_an_answer_makes_nobody_lag(by_ms: int) -> None:
    stand = Desk()
    assert await stand.desk.ask(HOLD, PART, 0.0) == Pending(PART, 0, 9)
    stand.clock.advance(by_ms)
    assert await stand.desk.ask(HOLD, PART, 0.0) == Pending(PART, 0, 9)
    assert stand.desk.degraded() == []


async def test_an_allocator_that_answers_before_the_log_does_owes_nothing() -> None:
    stand = Desk(answers=False)
    stand.desk.begin(HOLD, PART, 2.0, lambda _: None)
    stand.waiters.hear(PART, 0, [held(reservation(KEY), offset=9)])
    stand.condition.heard(PART)
    stand.answer_now()
    assert stand.condition.unanswered_since_ms == {}


async def test_without_postgres_nothing_is_sent() -> None:
    stand = Desk()
    stand.condition.postgres_away = True
    for command in (HOLD, CONFIRM):
        refused = await stand.desk.ask(command, PART, 2.0)
        assert isinstance(refused, NotTaken)
        assert refused.code == "sales_paused"
    assert stand.sent == []


async def test_a_partition_that_cannot_be_written_pauses_its_own_shows_alone() -> None:
    stand = Desk()
    stand.condition.parts_refused = frozenset({PART})
    for command in (HOLD, CONFIRM):
        refused = await stand.desk.ask(command, PART, 2.0)
        assert isinstance(refused, NotTaken)
        assert (refused.code, refused.retry_after_s) == ("sales_paused", 2)
    assert stand.sent == []
    assert await stand.desk.ask(HOLD, PART + 1, 0.0) == Pending(PART + 1, 0, 9)


def test_whoever_does_not_wait_there_is_told() -> None:
    stand, told = Desk(), list[Verdict]()
    asking = stand.desk.begin(HOLD, PART, 2.0, told.append)
    assert (asking is not None, told) == (True, [])
    stand.waiters.hear(PART, 0, [held(reservation(KEY), offset=9)])
    (verdict,) = told
    assert isinstance(verdict, Decided)
    assert (len(stand.waiters), stand.alarms) == (0, {})


def test_whoever_has_left_is_told_nothing() -> None:
    stand, told = Desk(), list[Verdict]()
    asking = stand.desk.begin(HOLD, PART, 2.0, told.append)
    assert asking is not None
    asking.leave()
    stand.waiters.hear(PART, 0, [held(reservation(KEY), offset=9)])
    assert (told, len(stand.waiters), stand.alarms) == ([], 0, {})


def test_one_who_leaves_before_the_log_has_answered_is_told_nothing() -> None:
    stand, told = Desk(answers=False), list[Verdict]()
    asking = stand.desk.begin(HOLD, PART, 0.0, told.append)
    assert asking is not None
    asking.leave()
    stand.answer_now()
    assert (told, len(stand.waiters)) == ([], 0)


def test_two_who_ask_with_one_key_are_both_told_and_may_leave_meanwhile() -> None:
    stand, told = Desk(), list[Verdict]()
    for _ in range(2):
        stand.desk.begin(HOLD, PART, 2.0, told.append)
    stand.waiters.hear(PART, 0, [held(reservation(KEY), offset=9)])
    assert (len(told), len(stand.waiters)) == (2, 0)


async def test_beyond_what_may_be_under_way_callers_take_turns() -> None:
    stand = Desk(under_way_max=1, holds_waiting_max=40)
    told: list[tuple[str, Verdict]] = []

    def begin(account: str, number: int) -> object:
        command = msgspec.structs.replace(HOLD, account=account, key=bytes([number]) * 16)
        return stand.desk.begin(command, PART, 2.0, lambda verdict: told.append((account, verdict)))

    asked = [begin(account, n) for n, account in enumerate(["anna", "anna", "anna", "ben", "cleo"])]
    assert all(asked)
    assert len(stand.sent) == 1
    # Who gives up while waiting is not on the log; who is overdue makes room, as does who is answered.
    gone = asked[4]
    assert isinstance(gone, Asking)
    gone.leave()
    stand.ring_alarms()
    stand.ring_alarms()
    stand.waiters.hear(PART, 0, [held(reservation(bytes([3]) * 16), offset=9)])
    stand.ring_alarms()
    assert [messages.decode_command(value).account for _, value in stand.sent] == ["anna", "anna", "ben", "anna"]
    assert [account for account, _ in told] == ["anna", "anna", "ben", "anna"]
    assert len(stand.waiters) == 0
    assert stand.desk.turns.begin(PART, "anna")


async def test_one_caller_is_not_all_of_those_who_wait() -> None:
    stand = Desk(under_way_max=1, holds_waiting_max=40, waiters_max=100)
    told: list[Verdict] = []
    for number in range(15):
        stand.desk.begin(msgspec.structs.replace(HOLD, key=bytes([number]) * 16), PART, 2.0, told.append)
    assert len(stand.waiters) == 1 + 40 // EACH_SHARE
    assert {verdict.code for verdict in told if isinstance(verdict, NotTaken)} == {"busy"}
    assert len(told) == 9
