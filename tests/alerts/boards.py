"""A sale under the eyes of Prometheus, and then every panel of every board: has it something to draw?"""

import asyncio
import signal
import time
from pathlib import Path

from infra.grafana.boards import BOARDS
from infra.grafana.panels import Panel
from onsale.launching import end, launch
from tests.alerts.prometheus import Prometheus, open_prometheus
from ticketing.clock import SystemClock

DEMO = ("--once", "--fans", "300", "--seats", "80")
SCRAPE_S = 1
"""The sale takes some ten seconds. With the five of the shipped configuration, what happens last can be over before
it is looked at a second time; and nothing has risen that was seen once."""
ENDED_WITHIN_S = 60.0
LOOK_EVERY_S = 2.0
PATIENCE_S = 75.0
"""After the sale: some rules are evaluated once a minute."""


async def empty_panels(directory: Path) -> list[str]:
    """`board: title` of each that has nothing to draw and no reason for it. Raises RuntimeError: the sale failed."""
    data_dir = directory / "data"
    async with open_prometheus(directory, data_dir, scrape_s=SCRAPE_S) as prometheus:
        began_s = now_s()
        await hold_a_sale(data_dir)
        return await _still_empty(prometheus, began_s)


def now_s() -> float:
    """As Prometheus counts: seconds since 1970."""
    return SystemClock().now_ms() / 1000


async def hold_a_sale(data_dir: Path) -> None:
    """A short demo, whose own verdict has to be good."""
    words = ("-m", "onsale", "demo", *DEMO, "--data-dir", str(data_dir))
    process = await launch(words, death_signal=signal.SIGTERM)
    try:
        if await process.wait():
            raise RuntimeError(f"the demo ended with {process.returncode}")
    finally:
        await end(process, ENDED_WITHIN_S)


async def _still_empty(prometheus: Prometheus, began_s: float) -> list[str]:
    left = [(board.name, panel) for board in BOARDS for panel in board.panels if not panel.quiet_while]
    give_up_s = time.monotonic() + PATIENCE_S
    while True:
        ended_s = now_s()
        left = [(name, panel) for name, panel in left if not await drawn(prometheus, panel, began_s, ended_s)]
        if not left or time.monotonic() > give_up_s:
            return [f"{name}: {panel.title}" for name, panel in left]
        await asyncio.sleep(LOOK_EVERY_S)


async def drawn(prometheus: Prometheus, panel: Panel, began_s: float, ended_s: float) -> bool:
    """Whether each of its lines has something."""
    return all([await prometheus.values(line.expr, began_s, ended_s) for line in panel.lines])
