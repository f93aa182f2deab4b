"""`python -m tests.browser.pictures [FOLDER]`: a picture of each page, on a phone and a desk, dark, from right to left.

They come from a running sale with simulated fans, and are put into `.onsale/pictures`, or the folder that is named.
`--docs` takes the few that the documents show, into `docs/pictures`. Japanese wants a font (fonts-ipafont-gothic).
"""

import argparse
import asyncio
import io
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Browser, Page, expect

from tests.browser.console import somebody
from tests.browser.halls import theatre
from tests.browser.house import PLAN, House, Show, running_house
from tests.browser.phone import ANSWER_TIMEOUT_MS, SCREEN, Phone, new_phone, running_browser
from tests.browser.tour import show_console_pages, show_fans_pages, show_portal_pages

FOLDER, DOCS = Path(".onsale", "pictures"), Path(__file__).resolve().parents[2] / "docs" / "pictures"
DESK: dict[str, Any] = {
    "viewport": {"width": 1280, "height": 860},
    "device_scale_factor": 1,
    "is_mobile": False,
    "has_touch": False,
}
PHONE: dict[str, Any] = {"viewport": SCREEN}
WAYS: dict[str, dict[str, Any]] = {
    "phone": PHONE,
    "desk": DESK,
    "phone-dark": PHONE | {"color_scheme": "dark"},
    "phone-arabic": PHONE | {"locale": "ar"},
}
KEPT = {
    "phone": ("list", "waiting", "hall", "checkout", "booking"),
    "desk": ("hall with a choice", "console"),
    "phone-dark": ("waiting",),
    "phone-arabic": ("checkout",),
}
"""Those of the documents: of each way the names of its pages."""
TRACK = [[15, 40, 30, 0], [40, 130, 150, 0], [80, 230, 330, 0], [120, 300, 413, 0]]
ARRIVAL_S, RATE_PER_MIN, SEED = 20.0, 300, 11
FANS_AT_THE_CONSOLE, FANS_BESIDE_THE_FAN = 160, 100
QUALITY = 82
PIXELS_MAX = 16_383
"""No WebP is higher; a list on a phone may be."""


@dataclass(frozen=True)
class Album:
    """Where pictures of one way are put. `pages`: the only ones that are wanted, what is on the screen of each; none
    named: all of them, whole."""

    folder: Path
    way: str
    pages: Sequence[str] = ()

    async def look(self, page: Page, name: str) -> None:
        """Takes the picture; of a dialog what is on the screen."""
        if self.pages and name not in self.pages:
            return
        await page.evaluate("scrollTo(0, 0)")
        whole = not self.pages and not await page.locator("dialog[open]").count()
        words = "-".join(re.findall(r"\w+", name))
        _write(await page.screenshot(full_page=whole), self.folder / f"{words}-{self.way}.webp")


def _write(shot: bytes, file: Path) -> None:
    seen = Image.open(io.BytesIO(shot))
    seen.crop((0, 0, seen.width, min(seen.height, PIXELS_MAX))).save(file, "WEBP", quality=QUALITY)


async def take_pictures(albums: Sequence[Album]) -> None:
    """All of them, in folders that are there."""
    async with running_house() as house, running_browser() as browser:
        for album in albums:
            print(album.way, file=sys.stderr)
            await _go_round(house, browser, album)


async def _go_round(house: House, browser: Browser, album: Album) -> None:
    options = WAYS[album.way]
    async with _sale(house, FANS_BESIDE_THE_FAN) as show, _person(house, browser, options) as fan:
        await show_fans_pages(house, fan, show, album.look)
    email = await somebody(house, "admin", "operator")
    async with _sale(house, FANS_AT_THE_CONSOLE) as show, _person(house, browser, options) as operator:
        await show_console_pages(operator, show, email, album.look)
        await show_portal_pages(operator, album.look)


@asynccontextmanager
async def _sale(house: House, fans: int) -> AsyncIterator[Show]:
    """With half of its crowd in line."""
    show = await house.add_show(theatre(), "The Night of the Lanterns", test=True)
    await house.admits(show, RATE_PER_MIN)
    await house.plans(show, PLAN | {"sold_out_s": 120, "track": TRACK})
    async with house.rivals(show, fans=fans, seed=SEED, arrival_s=ARRIVAL_S):
        await house.wait_for_a_line(show, fans // 2)
        yield show


@asynccontextmanager
async def _person(house: House, browser: Browser, options: dict[str, Any]) -> AsyncIterator[Phone]:
    phone = await new_phone(browser, house.url, **({"locale": "en-GB", "reduced_motion": "reduce"} | options))
    yield phone
    await phone.context.close()


def main(arguments: list[str]) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.pictures", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--docs", action="store_true", help="those of the documents")
    given = parser.parse_args(arguments)
    folder = DOCS if given.docs else given.folder
    folder.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=ANSWER_TIMEOUT_MS)
    asyncio.run(take_pictures([Album(folder, way, KEPT[way] if given.docs else ()) for way in WAYS]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
