"""The crowd's process as a scenario talks to it."""

import asyncio
import time
from dataclasses import dataclass

from tests.faults.history import HistoryFile, Resumed
from tests.faults.load import ShowOnSale, Told
from tests.faults.talking import Helper

LOAD_SHARE = 0.35
"""Of the measured peak; a quarter is what is promised, and what the lines are checked for."""
WARM_S = 2.0
RESUME_TIMEOUT_S = 60.0
FINISH_TIMEOUT_S = 120.0


@dataclass
class Load:
    """The crowd's process, as the scenario talks to it."""

    helper: Helper
    history: HistoryFile
    shows: list[ShowOnSale]
    peak_per_s: float = 0.0
    began_s: float = 0.0
    ended_s: float = 0.0

    async def begin(self, peak_s: float, share: float = LOAD_SHARE) -> None:
        """Warm everything up, measure the peak, then keep to a share of it."""
        await self._tell(Told(peak_s=WARM_S))
        self.peak_per_s = (await self._tell(Told(peak_s=peak_s)))["peak_per_s"]
        await self.keep_to(share * self.peak_per_s)

    async def keep_to(self, rate_per_s: float) -> None:
        """Begin so many purchases a second from now on, one at least."""
        await self._tell(Told(rate_per_s=max(1.0, rate_per_s)))
        self.began_s = time.monotonic()

    async def finish(self) -> None:
        """Begin nothing more; everybody gets a verdict or loses patience. Twice is once."""
        if self.ended_s:
            return
        self.ended_s = time.monotonic()
        async with asyncio.timeout(FINISH_TIMEOUT_S):
            await self._tell(Told(stop=True))
            await self.helper.ended()
        self.history.read_on()

    async def resumed_since(self, since_s: float, timeout_s: float = RESUME_TIMEOUT_S) -> float:
        """Seconds from then until every show had decided a request made since; infinite when that never came."""
        resumed = Resumed(since_s, frozenset(show.show for show in self.shows))
        resumed.see(self.history.lines)
        try:
            async with asyncio.timeout(timeout_s):
                while resumed.after_s is None:
                    await asyncio.sleep(0.02)  # it is read in a file that another process writes
                    resumed.see(self.history.read_on())
        except TimeoutError:
            return float("inf")
        return resumed.after_s

    @property
    def load_per_s(self) -> float:
        """Purchases begun per second while the rate was kept."""
        begun = sum(
            1
            for line in self.history.lines
            if line.kind == "hold" and line.event == "invoke" and line.attempt == 1
            if self.began_s <= line.at_s < self.ended_s
        )
        return begun / (self.ended_s - self.began_s)

    async def _tell(self, told: Told) -> dict[str, float]:
        """Give an order and wait until it is carried out."""
        return await self.helper.ask(told, dict[str, float])
