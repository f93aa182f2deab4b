"""Writes down what API keys ask for, each second all that has come. While Postgres is away it waits, within bounds."""

import asyncio
import random
from contextlib import suppress

import structlog

from ingress import metrics
from ingress.request_log import HOUR_MS, RequestLog, sums
from ingress.request_table import RequestTable
from ingress.stores import StoreAway, ValueRefused
from runtime.retry import Backoff
from ticketing.clock import Clock

log = structlog.get_logger(__name__)

EVERY_S = 1.0
BATCH_MAX = 2_000
FORGOTTEN_AT_ONCE_MAX = 5_000
DAY_MS = 24 * HOUR_MS


class KeepingLog:
    """`days`: for how long lines are kept."""

    def __init__(self, requests: RequestLog, table: RequestTable, clock: Clock, *, days: int) -> None:
        self._requests = requests
        self._table = table
        self._clock = clock
        self._kept_ms = days * DAY_MS
        self._forget_at_ms = 0
        self._lost = 0

    async def run(self) -> None:
        """Write until cancelled, and then what is left. What is being written meanwhile is neither lost nor written
        twice, and a Postgres that is away is not waited for."""
        ending = asyncio.Event()
        writing = asyncio.create_task(self._write_until(ending), name="request log")
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            ending.set()
            await writing
            raise

    async def _write_until(self, ending: asyncio.Event) -> None:
        backoff = Backoff(random.random, first_s=EVERY_S, longest_s=10.0)
        while not ending.is_set() or len(self._requests) > 0:
            try:
                pause_s = 0 if await self.step() else EVERY_S
                backoff.reset()
            except StoreAway as error:
                log.warning("ingress.request_log_away", error=str(error), waiting=len(self._requests))
                if ending.is_set():
                    return
                pause_s = backoff.next_wait_s()
            with suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), pause_s)

    async def step(self) -> bool:
        """Write what has come; whether there is more of it. Raises StoreAway."""
        batch = self._requests.take(BATCH_MAX)
        if batch:
            try:
                await self._table.write(batch, sums(batch))
            except StoreAway:
                self._requests.give_back(batch)
                raise
            except ValueRefused as error:
                # One bad line must not stand in the way of all that come after it.
                log.error("ingress.request_log_refused", error=str(error), lines=len(batch))
        self._count_lost()
        now_ms = self._clock.now_ms()
        if now_ms >= self._forget_at_ms:
            gone = await self._table.forget(now_ms - self._kept_ms, FORGOTTEN_AT_ONCE_MAX)
            self._forget_at_ms = now_ms if gone == FORGOTTEN_AT_ONCE_MAX else now_ms + HOUR_MS
        return len(self._requests) > 0

    def _count_lost(self) -> None:
        lost, self._lost = self._requests.lost - self._lost, self._requests.lost
        if lost:
            metrics.REQUEST_LOG_LOST.inc(lost)
