"""Each page in each language, small and with large letters: everything can be read and used."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from runtime.localised import LANGUAGES
from tests.browser.checks import look, look_whether_it_fits
from tests.browser.console import somebody
from tests.browser.halls import LONG_NAME, theatre
from tests.browser.house import REASON, House
from tests.browser.languages import AXE_IN, in_each_language
from tests.browser.phone import Phone
from tests.browser.tour import Look, show_console_pages, show_fans_pages


def looking_in(language: str, found: list[str]) -> Look:
    return partial(look if language in AXE_IN else look_whether_it_fits, found)


def as_seen(language: str, *, dark: bool) -> dict[str, Any]:
    """Colours are judged as they come to rest, not on their way."""
    return {"locale": language, "color_scheme": "dark" if dark else "light", "reduced_motion": "reduce"}


@in_each_language
async def test_everything_that_fans_see_fits_and_axe_has_nothing_to_say(
    language: str, house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    show = await house.add_show(theatre(), LONG_NAME, policy={"payment": "required"})
    fan = await phone(**as_seen(language, dark=LANGUAGES.index(language) % 2 == 1))
    found: list[str] = []
    await show_fans_pages(house, fan, show, looking_in(language, found))
    assert not found, "\n".join(found)
    assert await fan.page.evaluate("document.documentElement.lang") == language


@in_each_language
async def test_everything_that_operators_see_fits_and_axe_has_nothing_to_say(
    language: str, house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    show = await house.add_show(theatre(), LONG_NAME)
    await house.pause(show)
    await house.plans(show)
    one = await phone(**as_seen(language, dark=LANGUAGES.index(language) % 2 == 0))
    found: list[str] = []
    await show_console_pages(one, show, await somebody(house), looking_in(language, found))
    assert not found, "\n".join(found)


async def test_what_developers_see_fits_and_axe_has_nothing_to_say(
    house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    one = await phone(**as_seen("en", dark=True))
    found: list[str] = []
    for path in ("/api/docs", "/dev/mail"):
        await one.open(path)
        await look(found, one.page, path)
    assert not found, "\n".join(found)


async def test_what_was_done_to_a_line_reads_as_it_was_written(
    house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    show = await house.add_show(theatre(), "A Night of Quotes")
    await house.pause(show)
    one = await phone(**as_seen("ar", dark=False))
    await one.open(f"/verify/{show.show}")
    reason = one.page.locator("#log li").get_by_text(REASON).first
    assert await reason.evaluate("(it) => getComputedStyle(it).direction") == "ltr"
    assert await one.page.locator("#log li").first.evaluate("(it) => getComputedStyle(it).direction") == "rtl"
