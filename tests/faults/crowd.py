"""The crowd's process as a scenario talks to it."""

import asyncio
import time
from dataclasses import dataclass

import msgspec

from tests.faults.history import HistoryFile, Resumed
from tests.faults.load import Orders, ShowOnSale, Told

LOAD_SHARE = 0.35
"""Of the measured peak; a quarter is what is promised, and what the lines are checked for."""
RESUME_TIMEOUT_S = 90.0
FINISH_TIMEOUT_S = 120.0


@dataclass
class Load:
    """The crowd's process, as the scenario talks to it."""

    process: asyncio.subprocess.Process
    history: HistoryFile
    shows: list[ShowOnSale]
    peak_per_s: float = 0.0
    began_s: float = 0.0
    ended_s: float = 0.0

    async def tell(self, told: Told | Orders) -> dict[str, float]:
        """Give an order and wait until it is carried out."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(msgspec.json.encode(told) + b"\n")
        if isinstance(told, Orders):
            return {}
        answer: dict[str, float] = msgspec.json.decode(await self.process.stdout.readline())
        return answer

    async def begin(self, peak_s: float, share: float = LOAD_SHARE) -> None:
        """Measure the peak, then keep to a share of it."""
        self.peak_per_s = (await self.tell(Told(peak_s=peak_s)))["peak_per_s"]
        await self.tell(Told(rate_per_s=max(1.0, share * self.peak_per_s)))
        self.began_s = time.monotonic()

    async def finish(self) -> None:
        """Begin nothing more; everybody gets a verdict or loses patience. Twice is once."""
        if self.ended_s:
            return
        self.ended_s = time.monotonic()
        async with asyncio.timeout(FINISH_TIMEOUT_S):
            await self.tell(Told(stop=True))
            await self.process.wait()
        self.history.read_on()

    async def resumed_since(self, since_s: float, timeout_s: float = RESUME_TIMEOUT_S) -> float:
        """Seconds from then until every show had decided a request made since; infinite when that never came."""
        resumed = Resumed(since_s, frozenset(show.show for show in self.shows))
        resumed.see(self.history.lines)
        try:
            async with asyncio.timeout(timeout_s):
                while resumed.after_s is None:
                    await asyncio.sleep(0.02)
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
