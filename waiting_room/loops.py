"""The loops of the room: what is done again and again, whatever is away at the moment."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from waiting_room import metrics
from waiting_room.ports import LedgerUnavailable, StoreLost, StoreUnavailable

log = structlog.get_logger("waiting_room")


class Loop:
    """`step`, then again `every_s` after it began; a server that is away is waited for, anything else ends the loop."""

    def __init__(self, name: str, every_s: float, step: Callable[[], Awaitable[None]]) -> None:
        self._name = name
        self._every_s = every_s
        self._step = step
        self._reason = ""
        self._ok = metrics.STEP_OK.labels(name)

    def reasons(self) -> list[str]:
        """Why the step did not succeed the last time; none means that it did."""
        return [self._reason] if self._reason else []

    async def run(self) -> None:
        """Never returns."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await self._step()
                self._reason = ""
                self._ok.set(1)
            except (StoreUnavailable, StoreLost, LedgerUnavailable) as error:
                if not self._reason:
                    log.warning("room.step_failed", step=self._name, error=repr(error))
                self._reason = f"{self._name}: {type(error).__name__}"
                self._ok.set(0)
            await asyncio.sleep(max(0.0, began + self._every_s - loop.time()))
