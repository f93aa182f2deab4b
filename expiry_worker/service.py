"""The worker's one loop: learn what happened, propose what is due, warn, say what is given back to everybody, and end
what is left of cancelled shows.
"""

from collections.abc import Sequence
from typing import Protocol

from expiry_worker import metrics
from expiry_worker.deadlines import Deadlines, expire_commands, warning
from expiry_worker.endings import BOOKINGS_PER_LOOK_MAX, Booking, Endings, end_commands
from expiry_worker.givebacks import GiveBacks
from ticketing.clock import Clock
from ticketing.messages import HoldExpired, ShowCancelled, decode_outcomes, encode

WAIT_S_MAX = 0.5
"""The longest wait for outcomes in one step; shorter when something is due before."""
HOLDS_PER_STEP_MAX = 20_000
"""Holds proposed, and warned of, in one step; the others come in the next."""
WARN_AGAIN_MS = 1_000


class Batch(Protocol):
    """One committed batch of outcomes."""

    @property
    def part(self) -> int: ...

    @property
    def payload(self) -> bytes: ...


class Outcomes(Protocol):
    """Every batch exactly once, in order within its partition, from a known snapshot on."""

    async def step(self, now_ms: int, timeout_s: float = ...) -> Sequence[Batch]: ...


class Log(Protocol):
    """One topic, written."""

    async def send_all(self, records: Sequence[tuple[int, bytes]]) -> list[bool]:
        """Append each `(part, value)`; for each whether it is certainly there. Never raises for an absent broker."""
        ...


class Bookings(Protocol):
    """The tables, read."""

    async def bookings(self, part: int, show: int, limit: int) -> Sequence[Booking]:
        """What is still booked of a show, at most `limit`. Raises while the database is away."""
        ...


class ExpiryWorker:
    """Follows outcomes; sends to `commands` and `warnings`. `deadlines`, `endings` and `give_backs` hold the snapshot
    already."""

    def __init__(
        self,
        *,
        deadlines: Deadlines,
        endings: Endings,
        give_backs: GiveBacks,
        outcomes: Outcomes,
        commands: Log,
        warnings: Log,
        bookings: Bookings,
        clock: Clock,
    ) -> None:
        self._deadlines = deadlines
        self._endings = endings
        self._give_backs = give_backs
        self._bookings = bookings
        self._outcomes = outcomes
        self._commands = commands
        self._warnings = warnings
        self._clock = clock

    async def step(self) -> None:
        """Wait for outcomes until something is due; then warn and propose. Raises what `outcomes` and `bookings`
        raise; the next step goes on."""
        before_ms = self._clock.now_ms()
        batches = await self._outcomes.step(before_ms, timeout_s=self._wait_s(before_ms))
        now_ms = self._clock.now_ms()
        for batch in batches:
            self._learn(batch, now_ms)
        metrics.HOLDS_LIVE.set(len(self._deadlines))
        await self._propose(now_ms)
        await self._warn(now_ms)
        await self._end_bookings(now_ms)
        await self._give_back(now_ms)

    def _wait_s(self, now_ms: int) -> float:
        next_ones = self._deadlines.next_at_ms(), self._endings.next_at_ms(), self._give_backs.next_at_ms()
        due = [at_ms for at_ms in next_ones if at_ms is not None]
        if not due:
            return WAIT_S_MAX
        next_at_ms = min(due)
        return min(max(next_at_ms - now_ms, 0) / 1000, WAIT_S_MAX)

    def _learn(self, batch: Batch, now_ms: int) -> None:
        for outcome in decode_outcomes(batch.payload):
            if isinstance(outcome, ShowCancelled):
                self._endings.put(batch.part, outcome.show)
            self._give_backs.learn(batch.part, outcome)
            ended = self._deadlines.learn(batch.part, outcome)
            if ended is not None and isinstance(outcome, HoldExpired):
                metrics.RELEASED_AFTER.observe(max(now_ms - ended.expires_at_ms, 0) / 1000)

    async def _propose(self, now_ms: int) -> None:
        due = self._deadlines.take_due(now_ms, HOLDS_PER_STEP_MAX)
        if not due:
            return
        commands = expire_commands(due, now_ms)
        sent = await self._commands.send_all([(part, encode(command)) for part, command in commands])
        metrics.HOLDS_PROPOSED.inc(len(due))
        # One that failed needs nothing: it comes up again within the second.
        metrics.COMMANDS_FAILED.inc(sent.count(False))

    async def _warn(self, now_ms: int) -> None:
        soon = self._deadlines.take_soon(now_ms, HOLDS_PER_STEP_MAX)
        if not soon:
            return
        sent = await self._warnings.send_all([(hold.part, encode(warning(hold))) for hold in soon])
        for hold, arrived in zip(soon, sent, strict=True):
            if not arrived:
                self._deadlines.warn_again(hold, now_ms + WARN_AGAIN_MS)
        metrics.WARNINGS_SENT.inc(sent.count(True))
        metrics.WARNINGS_FAILED.inc(sent.count(False))

    async def _end_bookings(self, now_ms: int) -> None:
        for part, show in self._endings.take_due(now_ms):
            left = await self._bookings.bookings(part, show, BOOKINGS_PER_LOOK_MAX)
            if not left:
                self._endings.over(part, show)
                continue
            commands = end_commands(show, left, now_ms)
            sent = await self._commands.send_all([(part, encode(command)) for command in commands])
            metrics.BOOKINGS_PROPOSED.inc(len(left))
            metrics.COMMANDS_FAILED.inc(sent.count(False))

    async def _give_back(self, now_ms: int) -> None:
        due = self._give_backs.take_due(now_ms)
        if due:
            sent = await self._commands.send_all([(part, encode(command)) for part, command in due])
            metrics.COMMANDS_FAILED.inc(sent.count(False))
