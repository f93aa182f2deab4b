"""From a command to its verdict: append it to the log, wait for the outcome.

`SaleDesk.begin` is the hot path: nothing is awaited in it, no task stands behind a request; `ask` is for who can wait.
It knows nothing of HTTP, and touches only the ports below.
"""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from ingress import metrics
from ingress.allowance import Windows
from ingress.condition import Condition
from ingress.crowd import Crowd
from ingress.current import traced
from ingress.turns import Turns
from ingress.waiters import Decided, Waiter, Waiters
from ticketing import messages
from ticketing.clock import Clock
from ticketing.messages import AnyCommand, HoldMany, HoldSeats


class Pending(Struct, frozen=True, gc=False):
    """The command is on the log; nothing is known of its verdict yet."""

    part: int
    log_gen: int
    offset: int


class NotTaken(Struct, frozen=True, gc=False):
    """There is no verdict to wait for: a code of `ticketing/problems.py` (all of them 503), and when to come back."""

    code: str
    detail: str
    retry_after_s: int = 1


Verdict = Decided | Pending | NotTaken

HOLDS = (HoldSeats, HoldMany)
EACH_SHARE = 8
"""One caller has at most an eighth of the places of those who wait for a turn, whatever it asks for: else it is told
after its time, as each waits behind all others of its own."""
CROWDED = NotTaken("busy", "more people want places at once than can be served", 2)
HAS_ITS_SHARE = NotTaken("busy", "as many of yours wait for a verdict as may while others ask, too", 2)


class CommandLog(Protocol):
    """The topic `commands`."""

    def append(self, part: int, value: bytes, placed: Callable[[int | NotTaken], None]) -> None:
        """`placed` is called once, now or later: with the record's offset once it is safely there, or with why it is
        not (or not known to be) there."""


class Bell(Protocol):
    """Something to wait at. Rung at most once, before or after somebody began to wait."""

    def ring(self) -> None: ...

    async def heard(self) -> None:
        """Return when the bell rings."""
        ...


class Timed(Protocol):
    """Somebody whose time can be over."""

    def overdue(self) -> None: ...


class Alarms(Protocol):
    """Tells them when it is; a twentieth of a second late at most."""

    def set(self, who: Timed, after_s: float) -> Callable[[Timed], None]:
        """Tell `who` after `after_s` seconds; what is returned, called with `who`, takes that back."""
        ...


class SaleDesk:
    """Takes commands to the log and brings their verdicts back. Beyond `lag_max_ms` of a show's allocator (`elapsed` is
    never set), and while `holds_waiting_max` requests wait for a verdict, new holds are turned away, confirms are not.
    Of a partition `under_way_max` commands are under way, then callers take turns."""

    def __init__(
        self,
        *,
        log: CommandLog,
        waiters: Waiters,
        condition: Condition,
        new_bell: Callable[[], Bell],
        alarms: Alarms,
        clock: Clock,
        elapsed: Clock,
        lag_max_ms: int,
        holds_waiting_max: int,
        under_way_max: int,
    ) -> None:
        self.log = log
        self.waiters = waiters
        self.condition = condition
        self._new_bell = new_bell
        self.alarms = alarms
        self.clock = clock
        self.elapsed = elapsed
        self._lag_max_ms = lag_max_ms
        self.crowd = Crowd(holds_waiting_max, clock)
        self.windows = Windows(under_way_max)
        self.turns = Turns(window=self.windows.now, each_max=max(1, holds_waiting_max // EACH_SHARE))

    def refuse(self, refused: NotTaken) -> NotTaken:
        """Note that a command was refused although all had been done for it that is done for one that is taken."""
        self.crowd.note_refusal()
        return _not_taken(refused)

    def crowded(self) -> NotTaken | None:
        """Why no new hold is taken now: asked before anything is spent on one, as to wait in vain costs as much."""
        return _not_taken(CROWDED) if self.crowd.is_full() else None

    def turned_away(self, command: AnyCommand, part: int) -> NotTaken | None:
        """Why the command would not be taken now, whatever the log says."""
        if self.condition.postgres_away:
            return NotTaken("sales_paused", "the database is away; what is on the log is safe and will be decided", 2)
        if self.condition.is_paused(part):
            return NotTaken("sales_paused", "the database takes no writes; what is on the log will be decided", 2)
        if isinstance(command, HOLDS):
            if self.crowd.has_its_share(command.account):
                return HAS_ITS_SHARE
            lag_ms = self.condition.lag_of(command.show, part, self.elapsed.now_ms())
            if lag_ms > self._lag_max_ms:
                return NotTaken("busy", "this show has more requests than it can decide at once", 2)
        return None

    def degraded(self) -> list[str]:
        """What callers are told to come back for; nothing where all is well."""
        return self.condition.degraded(self.elapsed.now_ms(), self._lag_max_ms)

    async def ask(self, command: AnyCommand, part: int, wait_s: float) -> Verdict:
        """The verdict on `command`, or what is known after `wait_s` seconds (counted from when the log has it)."""
        bell = self._new_bell()
        verdicts: list[Verdict] = []

        def tell(verdict: Verdict) -> None:
            verdicts.append(verdict)
            bell.ring()

        asking = self.begin(traced(command), part, wait_s, tell)
        try:
            if not verdicts:
                await bell.heard()
        finally:
            if asking is not None:
                asking.leave()
        return verdicts[0]

    def begin(self, command: AnyCommand, part: int, wait_s: float, tell: Callable[[Verdict], None]) -> "Asking | None":
        """Bring `command` to the log. `tell` is called once, now or later, with what `ask` would have returned.

        None: it was told already, and nothing is under way. `tell` must not raise: others are told after it.
        """
        refused = self.turned_away(command, part)
        if refused is None:
            asking = Asking(self, command, part, wait_s, tell)
            if not asking.waits:
                refused = NotTaken("busy", "too many requests are waiting for a verdict")
            elif asking.begin():
                return asking
            else:
                refused = HAS_ITS_SHARE
        # Who has its share is refused for that alone: it must not close the door to others.
        tell(_not_taken(refused) if refused is HAS_ITS_SHARE else self.refuse(refused))
        return None


class Asking(Waiter):
    """One command on its way to its verdict, and who is to be told; until told, or until they `leave`."""

    __slots__ = (
        "_began_ms", "_desk", "_kind", "_queued", "_record", "_tell", "_under_way", "_unset", "_wait_s", "_went_ms",
        "account", "waits",
    )  # fmt: skip

    def __init__(
        self, desk: SaleDesk, command: AnyCommand, part: int, wait_s: float, tell: Callable[[Verdict], None]
    ) -> None:
        super().__init__(part, command.key)
        self._desk = desk
        self.account = command.account
        self._record = messages.encode(command)
        self._queued = self._under_way = False
        self._wait_s = wait_s
        self._tell = tell
        self._kind = type(command).__name__
        self._began_ms = self._went_ms = command.sent_at_ms
        self._unset: Callable[[Timed], None] | None = None
        self.waits = desk.waiters.register(self)
        """Whether somebody is still to be told; not so from the start where too many wait."""
        if self.waits:
            desk.crowd.enter(self.account)

    def begin(self) -> bool:
        """Put the command on the log, or wait for a turn. False: as much of the caller's waits for one as may."""
        if self._desk.turns.begin(self.part, self.account):
            try:
                self.go()
            except BaseException:
                self.leave()
                raise
            return True
        self._queued = self._desk.turns.wait(self)
        if not self._queued:
            self.leave()
        return self._queued

    def go(self) -> None:
        """As `turns.Entry`."""
        if self._queued:
            self._went_ms = self._desk.clock.now_ms()
        self._queued, self._under_way = False, True
        self._desk.log.append(self.part, self._record, self.placed)

    def failed(self, error: Exception) -> None:
        """As `turns.Entry`."""
        self.placed(NotTaken("internal_error", type(error).__name__))

    def placed(self, where: int | NotTaken) -> None:
        """The log has the command at this offset, or has not taken it."""
        desk = self._desk
        if isinstance(where, NotTaken):
            refused = desk.refuse(where)
            if self.waits:
                self._end(refused)
            return
        metrics.commands(self._kind).inc()
        if self.waits and desk.waiters.appended(self, self._log_gen, where):
            return
        if self.part not in desk.condition.unanswered_since_ms:
            desk.condition.appended(self.part, desk.elapsed.now_ms())
        if self.waits and self._wait_s > 0:
            self._unset = desk.alarms.set(self, self._wait_s)
        elif self.waits:
            self.overdue()

    def hears(self, verdict: Decided) -> None:
        """As `Waiter`."""
        metrics.VERDICT_SECONDS.observe((self._note_wait() - self._began_ms) / 1000)
        self._end(verdict)

    def overdue(self) -> None:
        """As `Timed`."""
        if self.waits:
            if self._wait_s > 0:
                self._note_wait()
            self._end(Pending(self.part, self._log_gen, self.offset))

    def _note_wait(self) -> int:
        desk = self._desk
        now_ms = desk.clock.now_ms()
        desk.crowd.allowance.note(self._began_ms, now_ms)
        desk.windows.note(self.part, self._went_ms, now_ms)
        return now_ms

    @property
    def _log_gen(self) -> int:
        return self._desk.condition.log_gens.get(self.part, 0)

    def _end(self, verdict: Verdict) -> None:
        self.leave()
        self._tell(verdict)

    def leave(self) -> None:
        """Nobody wants to know any more. Once its turn has come the command itself cannot be taken back."""
        desk = self._desk
        if self.waits:
            self.waits = False
            desk.waiters.forget(self)
            desk.crowd.leave(self.account)
        if self._unset is not None:
            self._unset(self)
            self._unset = None
        if self._under_way:
            self._under_way = False
            desk.turns.end(self.part, self.account)
        elif self._queued:
            self._queued = False
            desk.turns.leave(self)


def _not_taken(refused: NotTaken) -> NotTaken:
    metrics.not_taken(refused.code).inc()
    return refused
