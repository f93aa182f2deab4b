"""From a command to its verdict: append it to the log, wait for the outcome.

`SaleDesk.ask` is the hot path. It knows nothing of HTTP, and awaits only the ports below.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ingress import metrics
from ingress.waiters import Waiters
from ticketing import messages
from ticketing.clock import Clock
from ticketing.messages import AnyCommand, AnyOutcome, HoldSeats


@dataclass(frozen=True, slots=True)
class Decided:
    """The verdict, and where in the log its command stands."""

    outcome: AnyOutcome
    part: int
    log_gen: int


@dataclass(frozen=True, slots=True)
class Pending:
    """The command is on the log; nothing is known of its verdict yet."""

    part: int
    log_gen: int
    offset: int


@dataclass(frozen=True, slots=True)
class NotTaken:
    """There is no verdict to wait for: a code of `ticketing/problems.py` (all of them 503), and when to come back."""

    code: str
    detail: str
    retry_after_s: int = 1


Verdict = Decided | Pending | NotTaken


class CommandLog(Protocol):
    """The topic `commands`."""

    async def append(self, part: int, value: bytes) -> int | NotTaken:
        """The record's offset once it is safely there, or why it is not (or not known to be) there."""
        ...


class Bell(Protocol):
    """Something to wait at. Rung at most once, before or after somebody began to wait."""

    def ring(self) -> None: ...

    async def heard(self, timeout_s: float) -> None:
        """Return when the bell rings, or after `timeout_s`."""
        ...


@dataclass(slots=True)
class Condition:
    """How things stand beyond this process, as last heard; written by those who hear, read at each request."""

    postgres_away: bool = False
    parts_refused: frozenset[int] = frozenset()
    """Partitions whose allocator says that it cannot write: Postgres is there, and its disk is full."""
    log_gens: dict[int, int] = field(default_factory=dict)
    lag_ms: dict[int, int] = field(default_factory=dict)
    """Show -> how long its oldest undecided command has waited."""


class SaleDesk:
    """Takes commands to the log and brings their verdicts back. Beyond `lag_max_ms` of a show's allocator, and while
    `holds_waiting_max` requests wait for a verdict, new holds are turned away; what is held can still be confirmed."""

    def __init__(
        self,
        *,
        log: CommandLog,
        waiters: Waiters,
        condition: Condition,
        new_bell: Callable[[], Bell],
        clock: Clock,
        lag_max_ms: int,
        holds_waiting_max: int,
    ) -> None:
        self._log = log
        self._waiters = waiters
        self._condition = condition
        self._new_bell = new_bell
        self._clock = clock
        self._lag_max_ms = lag_max_ms
        self._holds_waiting_max = holds_waiting_max

    def crowded(self) -> NotTaken | None:
        """Why no new hold is taken now, whatever it is for: to be asked before anything is spent on a request.

        A request that waits in vain costs as much as one that is served, and makes the others wait.
        """
        if len(self._waiters) < self._holds_waiting_max:
            return None
        return self._not_taken(NotTaken("busy", "more people want places at once than can be served", 2))

    def turned_away(self, command: AnyCommand, part: int) -> NotTaken | None:
        """Why the command would not be taken now, whatever the log says."""
        if self._condition.postgres_away:
            return NotTaken("sales_paused", "the database is away; what is on the log is safe and will be decided", 2)
        if part in self._condition.parts_refused:
            return NotTaken("sales_paused", "the database takes no writes; what is on the log will be decided", 2)
        if isinstance(command, HoldSeats) and self._condition.lag_ms.get(command.show, 0) > self._lag_max_ms:
            return NotTaken("busy", "this show has more requests than it can decide at once", 2)
        return None

    async def ask(self, command: AnyCommand, part: int, wait_s: float) -> Verdict:
        """The verdict on `command`, or what is known after `wait_s` seconds (counted from when the log has it)."""
        refused = self.turned_away(command, part)
        if refused is not None:
            return self._not_taken(refused)
        bell = self._new_bell()
        waiter = self._waiters.register(part, command.key, bell.ring)
        if waiter is None:
            return self._not_taken(NotTaken("busy", "too many requests are waiting for a verdict"))
        try:
            began_ms = self._clock.now_ms()
            placed = await self._log.append(part, messages.encode(command))
            if isinstance(placed, NotTaken):
                return self._not_taken(placed)
            metrics.COMMANDS.labels(type(command).__name__).inc()
            self._waiters.appended(waiter, self._condition.log_gens.get(part, 0), placed)
            if waiter.heard is None and wait_s > 0:
                await bell.heard(wait_s)
            if waiter.heard is None:
                return Pending(part, self._condition.log_gens.get(part, 0), placed)
            metrics.VERDICT_SECONDS.observe((self._clock.now_ms() - began_ms) / 1000)
            return Decided(waiter.heard.outcome, part, waiter.heard.log_gen)
        finally:
            self._waiters.forget(waiter)

    @staticmethod
    def _not_taken(refused: NotTaken) -> NotTaken:
        metrics.NOT_TAKEN.labels(refused.code).inc()
        return refused
