"""The worker's one loop: learn what happened, warn, propose."""

from collections.abc import Sequence
from typing import Protocol

from expiry_worker import metrics
from expiry_worker.deadlines import Deadlines, expire_commands, warning
from ticketing.clock import Clock
from ticketing.messages import HoldExpired, decode_outcomes, encode

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


class ExpiryWorker:
    """Follows outcomes; sends to `commands` and `warnings`. `deadlines` holds the snapshot already."""

    def __init__(self, *, deadlines: Deadlines, outcomes: Outcomes, commands: Log, warnings: Log, clock: Clock) -> None:
        self._deadlines = deadlines
        self._outcomes = outcomes
        self._commands = commands
        self._warnings = warnings
        self._clock = clock

    async def step(self) -> None:
        """Wait for outcomes until something is due; then warn and propose. Raises what `outcomes` raises."""
        before_ms = self._clock.now_ms()
        batches = await self._outcomes.step(before_ms, timeout_s=self._wait_s(before_ms))
        now_ms = self._clock.now_ms()
        for batch in batches:
            self._learn(batch, now_ms)
        metrics.HOLDS_LIVE.set(len(self._deadlines))
        await self._propose(now_ms)
        await self._warn(now_ms)

    def _wait_s(self, now_ms: int) -> float:
        next_at_ms = self._deadlines.next_at_ms()
        if next_at_ms is None:
            return WAIT_S_MAX
        return min(max(next_at_ms - now_ms, 0) / 1000, WAIT_S_MAX)

    def _learn(self, batch: Batch, now_ms: int) -> None:
        for outcome in decode_outcomes(batch.payload):
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
