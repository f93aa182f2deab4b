"""Takes events from the log and sends them out; awaits only the ports it is given."""

import asyncio
from collections import Counter
from collections.abc import Callable

import structlog

from notifier import metrics
from notifier.outbox.ports import Due, OutboxStore, Wire
from notifier.outbox.retries import after_attempt
from notifier.ports import StoreAway
from ticketing.clock import Clock

log = structlog.get_logger("notifier.outbox")

IN_FLIGHT_MAX = 100
IN_FLIGHT_PER_WEBHOOK_MAX = 10
"""A slow endpoint waits for itself, not others for it."""
CLAIMED_AT_ONCE = 50
EVENTS_KEPT_MS = 30 * 24 * 3600 * 1000
FORGET_EVERY_MS = 3600 * 1000


class Outbox:
    """`chance()` is random in [0, 1)."""

    def __init__(self, *, store: OutboxStore, wire: Wire, clock: Clock, chance: Callable[[], float]) -> None:
        self._store = store
        self._wire = wire
        self._clock = clock
        self._chance = chance
        self._in_flight: Counter[str] = Counter()
        self._sending: set[asyncio.Task[None]] = set()
        self._forget_at_ms = 0

    async def take(self, cluster: int = 0) -> int:
        """Take what a cluster has published; how many batches were looked at. Raises `StoreAway`."""
        now_ms = self._clock.now_ms()
        if now_ms >= self._forget_at_ms:
            await self._store.forget(now_ms - EVENTS_KEPT_MS)
            self._forget_at_ms = now_ms + FORGET_EVERY_MS
        return await self._store.capture(now_ms, cluster)

    async def send(self) -> int:
        """Begin to send what is due, as far as there is room; how many. Raises `StoreAway`."""
        room = min(CLAIMED_AT_ONCE, IN_FLIGHT_MAX - len(self._sending))
        if room <= 0:
            return 0
        busy = [webhook for webhook, count in self._in_flight.items() if count >= IN_FLIGHT_PER_WEBHOOK_MAX]
        claimed = await self._store.claim(self._clock.now_ms(), room, busy)
        for due in claimed:
            self._in_flight[due.webhook_id] += 1
            task = asyncio.create_task(self._deliver(due))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return len(claimed)

    async def finish(self) -> None:
        """Wait until nothing is on its way."""
        while self._sending:
            await asyncio.wait(self._sending)

    async def _deliver(self, due: Due) -> None:
        try:
            with metrics.DELIVERY_SECONDS.labels("webhook").time():
                answered = await self._wire.post(due, self._clock.now_ms())
            if due.twice and 200 <= (answered.status or 0) < 300:
                # What came of it is what the second was answered: it is the one that may find somebody unprepared.
                answered = await self._wire.post(due, self._clock.now_ms())
            now_ms = self._clock.now_ms()
            settled = after_attempt(due.attempt, answered, now_ms, self._chance())
            metrics.WEBHOOKS.labels(settled.state if settled.state != "due" else "again").inc()
            await self._store.settle(due, answered, settled, now_ms)
        except StoreAway as error:
            # The claim ends by itself; then it is sent once more, under the same id.
            log.warning("webhook.not_settled", webhook=due.webhook_id, told=due.event_id, error=repr(error))
        finally:
            self._in_flight[due.webhook_id] -= 1
            if not self._in_flight[due.webhook_id]:
                del self._in_flight[due.webhook_id]
