"""Telling the shared store what was taken, and believing what it says: one call for all that a tick has gathered."""

import asyncio
from typing import Protocol

import structlog

from ingress import metrics
from ingress.limit_store import LimitsAway
from ingress.limiter import Limiter
from ingress.limits import Owed
from ticketing.clock import Clock

TICK_S = 0.02
AWAY_S = 1.0
TOLD_AT_ONCE_MAX = 1_000

log = structlog.get_logger(__name__)


class LimitStore(Protocol):
    """Where all processes count together."""

    async def tell(self, owed: list[Owed]) -> list[float]:
        """How far ahead each bucket is now, in milliseconds. Raises `LimitsAway`."""
        ...


class LimitSharing:
    """While the store is away each process counts alone; what it counted is told when the store is back."""

    def __init__(self, limiter: Limiter, store: LimitStore, clock: Clock) -> None:
        self._limiter = limiter
        self._store = store
        self._clock = clock
        self._wanted = asyncio.Event()
        self.away = False
        limiter.owing = self._wanted.set

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            told = await self.share()
            if self._limiter.buckets.owing:
                self._wanted.set()
            # Whoever takes meanwhile is in the next call.
            await asyncio.sleep(TICK_S if told else AWAY_S)

    async def share(self) -> bool:
        """One call; whether the store heard it."""
        buckets = self._limiter.buckets
        owed = buckets.owed(TOLD_AT_ONCE_MAX)
        if not owed:
            return True
        try:
            ahead_ms = await self._store.tell(owed)
        except LimitsAway as error:
            buckets.give_back(owed)
            self._note(True, str(error))
            return False
        buckets.settle(owed, ahead_ms, self._clock.now_ms())
        self._note(False, "")
        return True

    def degraded(self) -> list[str]:
        """What this process does without."""
        return ["limits are counted by each process alone: Redis is away"] if self.away else []

    def _note(self, away: bool, error: str) -> None:
        if away != self.away:
            self.away = away
            log.warning("ingress.limits_away", error=error) if away else log.info("ingress.limits_shared")
        metrics.LIMITS_SHARED.set(0 if away else 1)
