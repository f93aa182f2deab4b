"""What does a frame of the map of 100,000 seats cost a browser's main thread? `python -m bench.pages [--quick]`.

Everything is up as `onsale up` has it, and Chromium shows the page of the show while a hand drags the map about: the
whole stadium as blocks, a part of it as squares, and near by seat for seat, on a desk and on a phone. Chromium's own
trace says what the main thread did meanwhile. Judged is its CPU time; what it took on the wall stands beside it.
"""

import importlib.util
import json
import math
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.chromium import OPTIONS, NoBrowser, find_browser
from bench.measuring import Bench, Gate, conditions_of, medians, progress
from bench.running import as_told
from bench.tracing import CATEGORIES, Frames, frames_between
from onsale.first_show import starts_at
from onsale.server_process import server_process
from onsale_client import AsyncClient

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

SEATS, BLOCK_ROWS, BLOCK_SEATS, PITCH = 100_000, 20, 25, 30.0
SCREENS: dict[str, dict[str, Any]] = {
    "desk": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True},
}
NEARER = {
    "desk": {"the whole stadium": 0, "seats as squares": 4, "seat for seat": 5},
    "phone": {"the whole stadium": 0, "seats as squares": 4, "seat for seat": 6},
}
"""How many times the button that goes nearer is pressed before; seat for seat so often that most seats are drawn."""
FRAME = Gate(33, 12, at_most=True)
STEP_PX = 6
PATIENCE_MS = 120_000


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    rounds: int
    steps: int


FULL, QUICK = Size(rounds=3, steps=120), Size(rounds=1, steps=30)


def stadium() -> dict[str, Any]:
    """A layout of blocks of 500 seats around a field, in four prices."""
    blocks = SEATS // (BLOCK_ROWS * BLOCK_SEATS)
    across = math.ceil(math.sqrt(blocks * 1.6))
    names = ("North", "East", "South", "West")
    colours = ("#2f6fb5", "#3f8f5f", "#a8552f", "#7a4fa0")
    categories = [
        {"name": name, "price": 4500 + 1500 * n, "colour": colour}
        for n, (name, colour) in enumerate(zip(names, colours, strict=True))
    ]
    sections = []
    for block in range(blocks):
        left, top = (block % across) * 820.0, (block // across) * 680.0
        rows = [
            {
                "label": f"{row + 1}",
                "category": names[block % len(names)],
                "seats": [
                    {"label": f"{block + 1}-{row + 1}-{n + 1}", "x": left + n * PITCH, "y": top + row * PITCH}
                    for n in range(BLOCK_SEATS)
                ],
            }
            for row in range(BLOCK_ROWS)
        ]
        sections.append({"name": f"Block {block + 1}", "rows": rows})
    canvas = {"width": across * 820.0, "height": math.ceil(blocks / across) * 680.0}
    return {"name": "stadium", "canvas": canvas, "categories": categories, "sections": sections}


async def run(size: Size) -> list[str]:
    """The gates that were missed."""
    from playwright.async_api import async_playwright  # noqa: PLC0415 -- an extra that only browsers' work needs

    with tempfile.TemporaryDirectory(prefix="onsale-bench-", ignore_cleanup_errors=True) as directory:
        async with (
            server_process(["--port", "0", "--data-dir", f"{directory}/data"], {}) as server,
            AsyncClient(server.announced.url, token=server.announced.admin_key) as house,
            async_playwright() as playwright,
        ):
            address = f"{server.announced.url}/shows/{await _make_show(house)}"
            browser = await playwright.chromium.launch(executable_path=find_browser(), args=OPTIONS)
            bench = Bench(
                "pages",
                conditions_of(browser=browser.version, seats=SEATS, steps=size.steps, quick=size is QUICK),
            )
            await _measure(bench, browser, address, size)
            await browser.close()
            return bench.missed


async def _make_show(house: AsyncClient) -> str:
    venue = await house.add_venue("The Stadium")
    await house.put_layout(venue.venue, stadium())
    wanted = {"name": "A Large Night", "venue": venue.venue, "starts_at": starts_at(), "currency": "EUR"}
    return (await house.add_show(wanted)).show


async def _measure(bench: Bench, browser: "Browser", address: str, size: Size) -> None:
    opened_s: dict[str, list[float]] = {name: [] for name in SCREENS}
    seen: dict[tuple[str, str], list[Frames]] = {(screen, view): [] for screen in SCREENS for view in NEARER[screen]}
    for number in range(size.rounds):
        for screen, options in SCREENS.items():
            async with _page(browser, options) as page:
                opened_s[screen].append(await _open(page, address))
                for view, times in NEARER[screen].items():
                    await _go_nearer(page, times)
                    found = await _pan(browser, page, size.steps)
                    seen[screen, view].append(found)
                    progress(f"round {number + 1}, {screen}, {view}: {found}")
    for (screen, view), rounds in seen.items():
        wall = medians([{"wall_ms": each.wall_ms, "longest_ms": each.longest_ms} for each in rounds])
        cpu_ms = [each.cpu_ms for each in rounds]
        bench.line(f"main thread per frame of a pan, {screen}, {view}", "ms", cpu_ms, FRAME, **wall)
    for screen, seconds in opened_s.items():
        bench.line(f"from the address to a live map, {screen}", "s", seconds)


@asynccontextmanager
async def _page(browser: "Browser", options: dict[str, Any]) -> AsyncIterator["Page"]:
    context = await browser.new_context(**options)
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    yield page
    await context.close()


async def _open(page: "Page", address: str) -> float:
    """Seconds until the map is there and live."""
    began_s = time.perf_counter()
    await page.goto(address)
    await page.wait_for_selector('#live[data-state="live"]')
    return time.perf_counter() - began_s


async def _go_nearer(page: "Page", times: int) -> None:
    """From the whole of it."""
    await page.click("#zoom-all")
    for _ in range(times):
        await page.click("#zoom-in")
    # A glide is over, and what it has uncovered is painted.
    await page.evaluate("() => new Promise((go) => setTimeout(go, 1000))")


async def _pan(browser: "Browser", page: "Page", steps: int) -> Frames:
    """A hand goes round in a circle on the map; what its frames cost."""
    box = await page.locator("#canvas").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await browser.start_tracing(page=page, categories=list(CATEGORIES))
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.evaluate("performance.mark('pan begins')")
    for step in range(steps):
        turn = 2 * math.pi * step / steps
        x, y = x + STEP_PX * math.cos(turn), y + STEP_PX * math.sin(turn)
        await page.mouse.move(x, y)
    await page.evaluate("performance.mark('pan ends')")
    await page.mouse.up()
    trace = json.loads(await browser.stop_tracing())
    return frames_between(trace["traceEvents"], "pan begins", "pan ends")


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    if importlib.util.find_spec("playwright") is None:
        print("pages: what speaks to a browser is not there; `make bench BENCH=pages` installs it", file=sys.stderr)
        return 1
    try:
        find_browser()
    except NoBrowser as error:
        print(f"pages: {error}", file=sys.stderr)
        return 1
    return as_told("pages", run, arguments, full=FULL, quick=QUICK)


if __name__ == "__main__":
    sys.exit(main())
