"""The notifier's loops: follow outcomes and tell; pass warnings on. Awaits only the ports it is given."""

from collections.abc import Awaitable, Callable

from notifier import metrics
from notifier.hall import Hall
from notifier.halls import Halls
from notifier.ports import Outcomes, Warnings
from notifier.reception import Reception
from ticketing.clock import Clock
from ticketing.messages import HoldExpiring, Undecodable, decode_as

WAIT_S_MAX = 0.5
WARNING_RECORDS_MAX = 1_000


class Notifier:
    """The shows of one cluster of the store. `pause` gives others their turn (seconds)."""

    def __init__(
        self,
        *,
        halls: Halls,
        reception: Reception,
        clock: Clock,
        pause: Callable[[float], Awaitable[None]],
        cluster: int = 0,
    ) -> None:
        self._halls = halls
        self._cluster = cluster
        self._reception = reception
        self._clock = clock
        self._pause = pause

    def follow(self, outcomes: Outcomes) -> None:
        """Follow these from now on. Whoever watches must come again: what they know may be of another history."""
        self._halls.follow(outcomes, self._cluster)
        for hall in self._own():
            self._reception.dismiss(hall, "history_changed")

    async def step(self) -> None:
        """Wait for outcomes until a frame is due; take them in; send what is due.

        Raises what the outcomes raise, and `NotNow` before the first `follow`.
        """
        # First what waits since the last step: outcomes that cannot be had must not hold it back.
        await self._flush_due(alone=True)
        before_ms = self._clock.now_ms()
        for batch in await self._halls.outcomes(self._cluster).step(before_ms, timeout_s=self._wait_s(before_ms)):
            for broken in self._halls.take(batch):
                broken.let_go()
                self._reception.dismiss(broken, "outcome_missing")
        await self._flush_due(alone=False)

    async def warn(self, warnings: Warnings) -> None:
        """Wait for warnings and pass them on. Raises what `warnings` raises."""
        for raw in await warnings.poll(WARNING_RECORDS_MAX, WAIT_S_MAX):
            try:
                warning = decode_as(raw, HoldExpiring)
            except Undecodable:
                metrics.WARNINGS.labels("undecodable").inc()
                continue
            hall = self._halls.get(warning.show)
            told = hall is not None and hall.warn(warning, self._clock.now_ms())
            metrics.WARNINGS.labels("told" if told else "passed_over").inc()

    def _own(self) -> list[Hall]:
        return self._halls.of_cluster(self._cluster)

    def _wait_s(self, now_ms: int) -> float:
        waits_ms = [hall.flush_in_ms(now_ms, alone=True) for hall in self._own()]
        return min([WAIT_S_MAX, *(wait_ms / 1000 for wait_ms in waits_ms if wait_ms is not None)])

    async def _flush_due(self, *, alone: bool) -> None:
        now_ms = self._clock.now_ms()
        halls = self._own()
        due = [hall for hall in halls if hall.flush_in_ms(now_ms, alone=alone) == 0]
        # Verdicts wait for the round of their own show only, which begins with them, and not for another's.
        for hall in halls:
            if hall not in due[:1]:
                hall.let_go()
        for hall in due:
            await self._flush(hall)

    async def _flush(self, hall: Hall) -> None:
        began_ms = self._clock.now_ms()
        for _ in hall.flush(began_ms):
            await self._pause(0)
        # What is written leaves at the end of a turn of the loop: the last of it belongs to the round as well.
        await self._pause(0)
        took_ms = self._clock.now_ms() - began_ms
        hall.pace.sent(began_ms, took_ms)
        metrics.ROUND_SECONDS.observe(took_ms / 1000)
