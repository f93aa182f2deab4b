"""A fan's phone: what is done with it, and what goes wrong on it."""

import io
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import zxingcpp
from PIL import Image
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, async_playwright, expect

from bench.chromium import OPTIONS, find_browser

SCREEN = {"width": 360, "height": 740}
TURN_TIMEOUT_MS = 120_000
ANSWER_TIMEOUT_MS = 60_000
TRIES_MAX = 8


@dataclass
class Phone:
    """One person's, with the page they look at; `errors` are those that no module of ours caught."""

    context: BrowserContext
    page: Page
    url: str
    errors: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        """Goes to a page of the site."""
        await self.page.goto(self.url + path)

    async def another_tab(self) -> Page:
        """A second page on the same phone."""
        page = await self.context.new_page()
        self.watch(page)
        return page

    def watch(self, page: Page) -> None:
        """Whatever goes wrong on it is written down. That an answer was an error is for the page to deal with."""
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._heard)
        page.set_default_timeout(ANSWER_TIMEOUT_MS)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(("Failed to load resource", "WebSocket connection")):
            self.errors.append(message.text)

    async def join(self, show: str) -> None:
        """Takes a place in the line."""
        await self.open(f"/room/{show}")
        await self.page.click("#join-now")

    async def come_in(self, show: str) -> None:
        """Joins and waits until the turn has come and the hall is there."""
        await self.join(show)
        await self.wait_for_the_hall()

    async def wait_for_the_hall(self) -> None:
        """The room leads there when it is this fan's turn."""
        await self.page.wait_for_url("**/shows/**", timeout=TURN_TIMEOUT_MS, wait_until="commit")
        await expect(self.page.locator("#live")).to_have_attribute("data-state", "live")

    def seat(self, label: str) -> Locator:
        """A seat in the list view."""
        return self.page.locator(f'button.seat[data-seat="{label}"]')

    async def choose(self, labels: Iterable[str]) -> None:
        """In the list, which does all that the map does."""
        await self.page.click("#as-list")
        for label in labels:
            await self.seat(label).click()

    async def hold_the_best(self, quantity: int) -> None:
        """Asks for the best places until there is a hold: in a rush others are often faster."""
        for _ in range(TRIES_MAX):
            await self.page.select_option("#quantity", str(quantity))
            await self.page.click("#find-best")
            held_or_told = self.page.locator("#notice:visible, #contact-title:visible").first
            await held_or_told.wait_for(timeout=ANSWER_TIMEOUT_MS)
            if "/checkout/" in self.page.url:
                return
        raise AssertionError(f"lost {TRIES_MAX} times: {await self.page.inner_text('#notice')}")

    async def wait_for_the_checkout(self) -> str:
        """The reservation that is to be paid for."""
        await self.page.wait_for_url("**/checkout/**", timeout=ANSWER_TIMEOUT_MS)
        await self.page.wait_for_selector("#ready:visible")
        return str(self.page.url).split("/checkout/")[1].partition("?")[0]

    async def say_for_whom(self) -> None:
        """Name and address, and on."""
        await self.page.fill("#contact-name", "Anna Example")
        await self.page.fill("#contact-email", "anna@example.org")
        await self.page.click("#book")

    async def wait_for_the_ticket(self) -> str:
        """The booking."""
        await self.page.wait_for_url("**/bookings/**", timeout=ANSWER_TIMEOUT_MS)
        await self.page.wait_for_selector("#ready:visible")
        return str(self.page.url).split("/bookings/")[1].partition("?")[0]

    async def read_code(self, selector: str) -> str:
        """What a reader at the door sees in a code on the screen."""
        picture = Image.open(io.BytesIO(await self.page.locator(selector).screenshot()))
        found = zxingcpp.read_barcodes(picture)
        assert len(found) == 1
        return str(found[0].text)


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """The one that is found here. Raises `NoBrowser`."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=find_browser(), args=OPTIONS)
        yield started
        await started.close()


async def new_phone(browser: Browser, url: str, **options: Any) -> Phone:
    """With nothing on it. `options` are those of a browser context: `locale`, `color_scheme`, …"""
    settings: dict[str, Any] = {
        "viewport": SCREEN,
        "device_scale_factor": 2,
        "has_touch": True,
        "is_mobile": True,
        "locale": "en",
    }
    context = await browser.new_context(**(settings | options))
    phone = Phone(context, await context.new_page(), url)
    phone.watch(phone.page)
    return phone
