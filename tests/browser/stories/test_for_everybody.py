"""Each page in each language, small and with large letters: everything can be read and used."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from runtime.localised import LANGUAGES
from tests.browser.checks import violations, what_does_not_fit, with_text_of
from tests.browser.desk import Desk
from tests.browser.halls import theatre
from tests.browser.house import House, Show
from tests.browser.phone import Phone

ZOOMED = 200
NAME = "Die außerordentlich lang angekündigte Sonderveranstaltung zum Jahresende"


async def look(fan: Phone | Desk, name: str, found: list[str]) -> None:
    """Everything that is wrong with the page as it stands."""
    found += [f"{name}: {one}" for one in await violations(fan.page)]
    found += [f"{name}: {one}" for one in await what_does_not_fit(fan.page)]
    await with_text_of(fan.page, ZOOMED)
    found += [f"{name}, large letters: {one}" for one in await what_does_not_fit(fan.page)]
    await with_text_of(fan.page, 100)


async def look_around(fan: Phone, show: Show, found: list[str]) -> None:
    """Every page that a fan sees on the way, as it is when they are there."""
    page = fan.page
    await fan.open("/")
    await page.wait_for_selector("#events .event")
    await look(fan, "list", found)
    await fan.open(f"/verify/{show.show}")
    await page.wait_for_selector("#ready:visible")
    await look(fan, "verify", found)
    await fan.open("/dev/parts")
    await look(fan, "parts", found)
    await fan.open("/nothing")
    await look(fan, "missing", found)
    await fan.open(f"/shows/{show.show}")
    await page.wait_for_selector("#ready:visible")
    await look(fan, "hall without a turn", found)
    await fan.open(f"/room/{show.show}")
    await page.wait_for_selector("#join-now:enabled")
    await look(fan, "room", found)


async def look_inside(fan: Phone, found: list[str]) -> None:
    """The pages of whoever has had their turn."""
    page = fan.page
    await look(fan, "hall", found)
    await page.click(".legend > summary")
    await page.click("#as-list")
    await page.locator('button.seat[data-state="free"]').nth(1).click()
    await page.locator('button.seat[data-state="free"]').nth(1).click()
    await look(fan, "list of seats", found)
    await page.click("#hold")
    await fan.wait_for_the_checkout()
    await look(fan, "checkout", found)
    await page.click("#give-back")
    await look(fan, "giving back", found)
    await page.click("#give-not")
    await fan.say_for_whom()
    await fan.wait_for_the_ticket()
    await page.click("#changing > summary")
    await look(fan, "booking", found)


@asynccontextmanager
async def paused(house: House, show: Show) -> AsyncIterator[None]:
    """While this is open nobody is called: whoever joins waits."""
    await house.pause(show)
    yield
    await house.resume(show)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_everything_fits_and_axe_has_nothing_to_say(
    language: str, house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    show = await house.add_show(theatre(), NAME)
    dark = LANGUAGES.index(language) % 2 == 1
    # Colours are judged as they come to rest, not on their way.
    fan = await phone(locale=language, color_scheme="dark" if dark else "light", reduced_motion="reduce")
    found: list[str] = []
    async with paused(house, show):
        await look_around(fan, show, found)
        await fan.page.click("#join-now")
        await fan.page.wait_for_selector("#waiting:visible")
        await fan.page.click("#move > summary")
        await look(fan, "waiting", found)
    await fan.wait_for_the_hall()
    await look_inside(fan, found)
    assert not found, "\n".join(found)
    assert await fan.page.evaluate("document.documentElement.lang") == language
