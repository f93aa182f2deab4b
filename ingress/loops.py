"""What runs beside the requests: reading outcomes, watching Postgres, hearing how the shows do."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from ingress import metrics
from ingress.condition import Condition
from ingress.outcomes import OutcomeReader
from ingress.stores import StoreAway
from runtime.follow import HistoryChanged
from runtime.kafka import LogRangeError, LogUnavailable, PartitionReader
from runtime.postgres import FAILURES
from runtime.retry import Backoff
from ticketing import messages
from ticketing.clock import Clock

log = structlog.get_logger(__name__)

POLL_S = 0.5
WATCH_EVERY_S = 1.0
MISSES_UNTIL_AWAY = 2
STATUS_RECORDS_MAX = 1_000
LAG_BELIEVED_MS = 5_000
COUNTS_BELIEVED_MS = 60_000
REFUSAL_BELIEVED_MS = 5_000

AWAY = (LogUnavailable, StoreAway, *FAILURES)


async def read_outcomes(reader: OutcomeReader, clock: Clock) -> None:
    """Read outcomes for ever; while a server is away, try again."""
    backoff = Backoff(random.random, first_s=0.1, longest_s=1.0)
    while True:
        try:
            await reader.step(clock.now_ms(), POLL_S)
            backoff.reset()
        except HistoryChanged as error:
            log.warning("ingress.history_changed", error=str(error))
            reader.restart()
        except AWAY as error:
            log.warning("ingress.outcomes_away", error=repr(error))
            await asyncio.sleep(backoff.next_wait_s())


async def watch_postgres(
    takes_writes: Callable[[], Awaitable[bool]], condition: Condition, parts: frozenset[int] | None = None
) -> None:
    """Find out each second whether a cluster of Postgres takes writes; one miss alone pauses nothing.

    `parts`: what pauses without it; None: everything, it is the first.
    """
    misses, was_away = 0, False
    while True:
        try:
            async with asyncio.timeout(2 * WATCH_EVERY_S):
                well = await takes_writes()
        except (StoreAway, TimeoutError):
            well = False
        misses = 0 if well else misses + 1
        away = misses >= MISSES_UNTIL_AWAY
        if away != was_away:
            log.warning("ingress.sales_paused" if away else "ingress.sales_go_on", parts=parts and sorted(parts))
            condition.cluster_is(parts, away=away)
            was_away = away
        metrics.POSTGRES_UP.set(not (condition.postgres_away or condition.parts_away))
        await asyncio.sleep(WATCH_EVERY_S)


async def watch_log(answers: Callable[[], bool], condition: Condition, elapsed: Clock, lag_max_ms: int) -> None:
    """Note each second whether the log answers, and measure for how much new holds are turned away."""
    while True:
        away = not answers()
        if away != condition.log_away:
            log.warning("ingress.log_away" if away else "ingress.log_is_back")
        condition.log_is(away=away)
        metrics.LOG_UP.set(not away)
        metrics.SHOWS_LAGGING.set(len(condition.lagging(lag_max_ms)))
        metrics.PARTS_SILENT.set(len(condition.silent(elapsed.now_ms(), lag_max_ms)))
        await asyncio.sleep(WATCH_EVERY_S)


class ShowStatuses:
    """Topic `show_status`: what each show had left a second ago, and how far its allocator lags."""

    def __init__(self, reader: PartitionReader, condition: Condition, clock: Clock) -> None:
        self._reader = reader
        self._condition = condition
        self._clock = clock
        self._heard_ms: dict[int, int] = {}
        self._refused_ms: dict[int, int] = {}
        self.counts: dict[int, dict[str, int]] = {}

    async def run(self) -> None:
        """Read for ever; losing one loses nothing."""
        backoff = Backoff(random.random, first_s=0.1, longest_s=1.0)
        positioned = False
        while True:
            try:
                if not positioned:
                    await self._reader.set_positions(await self._reader.ends([0]))
                    positioned = True
                for record in await self._reader.poll(STATUS_RECORDS_MAX, POLL_S):
                    self.hear(record.value)
                backoff.reset()
            except LogRangeError:
                positioned = False
            except AWAY as error:
                log.warning("ingress.show_status_away", error=repr(error))
                await asyncio.sleep(backoff.next_wait_s())
            self.forget_old()

    def hear(self, raw: bytes) -> None:
        """Take one status in."""
        try:
            status = messages.decode_status(raw)
        except msgspec.DecodeError as error:
            log.warning("ingress.show_status_undecodable", error=str(error))
            return
        self._condition.heard(status.part)
        if isinstance(status, messages.PartitionStatusNow):
            self._hear_of_writes(status)
            return
        self._heard_ms[status.show] = self._clock.now_ms()
        self._condition.lag_ms[status.show] = status.lag_ms
        self.counts[status.show] = {
            "total": status.available + status.held + status.booked,
            "available": status.available,
            "held": status.held,
            "booked": status.booked,
        }

    def _hear_of_writes(self, status: messages.PartitionStatusNow) -> None:
        if status.takes_writes:
            self._refused_ms.pop(status.part, None)
        else:
            self._refused_ms[status.part] = self._clock.now_ms()
        self._note_refused()

    def _note_refused(self) -> None:
        self._condition.parts_refused = frozenset(self._refused_ms)
        metrics.PARTS_REFUSED.set(len(self._refused_ms))

    def forget_old(self) -> None:
        """What nobody has said for a while is not known any more."""
        now_ms = self._clock.now_ms()
        for show, heard_ms in list(self._heard_ms.items()):
            if now_ms - heard_ms > LAG_BELIEVED_MS:
                self._condition.lag_ms.pop(show, None)
            if now_ms - heard_ms > COUNTS_BELIEVED_MS:
                del self._heard_ms[show]
                self.counts.pop(show, None)
        silent = [part for part, heard_ms in self._refused_ms.items() if now_ms - heard_ms > REFUSAL_BELIEVED_MS]
        for part in silent:
            # Its allocator is gone: its successor will say how it is.
            del self._refused_ms[part]
        if silent:
            self._note_refused()


class CommandEnds:
    """Where the topic `commands` ends."""

    def __init__(self, reader: PartitionReader) -> None:
        self._reader = reader

    async def end(self, part: int) -> int | None:
        """As `request_routes.LogEnds`."""
        try:
            return (await self._reader.ends([part])).get(part)
        except LogUnavailable:
            return None
