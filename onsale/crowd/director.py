"""Sends the crowd in, and watches the line while it is there."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from onsale.crowd.fan import Fan
from onsale.crowd.habits import Plan
from onsale.crowd.http import Unreachable
from onsale.crowd.sale import Sale

LEAVE_S = 5.0
"""Once everything is sold: how long those inside get to finish what they are doing."""
WATCH_EVERY_S = 0.5


@dataclass
class LineWatch:
    """How fast the line moved while people stood in it, against the rate that the room had set itself."""

    waiting: int = 0
    serving: int = 0
    limited_by: str = ""
    rate_target_per_min: int = 0
    called: int = 0
    expected: float = 0.0
    watched_s: float = 0.0
    _last: tuple[float, int, int, bool] | None = None

    def see(self, now_s: float, line: dict[str, Any], limited_by: str) -> None:
        """One look at the status document."""
        self.serving, self.waiting = line["serving"], max(0, line["issued"] - line["serving"])
        self.rate_target_per_min, self.limited_by = line["rate_target"], limited_by
        if self._last is not None:
            last_s, last_serving, last_rate, there_was_a_line = self._last
            if there_was_a_line and self.waiting:
                self.called += self.serving - last_serving
                self.expected += (now_s - last_s) * (last_rate + self.rate_target_per_min) / 2 / 60
                self.watched_s += now_s - last_s
        self._last = (now_s, self.serving, self.rate_target_per_min, self.waiting > 0)

    def as_json(self) -> dict[str, float]:
        """People called while there was a line, and how many the room's own rate would have called."""
        return {
            "called": self.called,
            "expected": round(self.expected, 1),
            "called_per_s": round(self.called / self.watched_s, 1) if self.watched_s else 0.0,
            "watched_s": round(self.watched_s, 1),
        }


async def send_in(sale: Sale, plans: Sequence[Plan], line: LineWatch, timeout_s: float) -> None:
    """Until everybody has left: everything is sold, nobody wants more, or `timeout_s` have passed."""
    fans = [asyncio.create_task(Fan(plan, sale).visit()) for plan in plans]
    watch = asyncio.create_task(_watch(sale, line))
    over = asyncio.create_task(sale.over.wait())
    everybody = asyncio.gather(*fans)
    either: list[asyncio.Future[Any]] = [everybody, over]
    try:
        await asyncio.wait(either, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({everybody}, timeout=LEAVE_S)
        if everybody.done():
            everybody.result()
    finally:
        for task in (*fans, watch, over):
            task.cancel()
        await asyncio.gather(everybody, *fans, watch, over, return_exceptions=True)


async def _watch(sale: Sale, line: LineWatch) -> None:
    while True:
        try:
            answer = await sale.http.request("GET", f"/room/{sale.show}/status")
        except Unreachable:
            answer = None
        if answer is not None and answer.status == 200:
            status = answer.json()
            line.see(time.monotonic(), status["lines"]["general"], status["limited_by"])
        await asyncio.sleep(WATCH_EVERY_S)
