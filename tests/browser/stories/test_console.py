"""Operators: signing in, braking a line while a fan looks on, and finding everything in every language."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import expect

from runtime.localised import LANGUAGES
from staff.people import TRIES_HERE_MAX
from tests.browser.halls import theatre
from tests.browser.house import House, Show
from tests.browser.phone import Phone
from tests.browser.stories.test_for_everybody import NAME, look

PASSWORD = "correct horse battery"
DESK = {"viewport": {"width": 1280, "height": 900}, "is_mobile": False, "has_touch": False}
SEEN_WITHIN_S = 2.0
SLOWLY_PER_MIN = 1
BANNER = """(paused) => document.getElementById("paused").hidden !== paused"""


async def somebody(house: House, *roles: str, partner: str = "") -> str:
    email = f"{secrets.token_hex(4)}@example.org"
    await house.add_person(email, PASSWORD, *(roles or ("operator",)), partner=partner)
    return email


async def sign_in(one: Phone, email: str, password: str = PASSWORD) -> None:
    await one.page.fill("#email", email)
    await one.page.fill("#password", password)
    await one.page.click("#enter")


async def open_console(one: Phone, show: Show, email: str) -> None:
    """By way of the sign-in, which leads back."""
    await one.open(f"/console?show={show.show}")
    await one.page.wait_for_url("**/sign-in?**")
    await sign_in(one, email)
    await one.page.wait_for_url(f"**/console?show={show.show}")
    await expect(one.page.locator("#name")).to_have_text(show.name)


async def act(one: Phone, name: str) -> float:
    """Does it for one of the reasons that are there; the moment at which it was pressed."""
    await one.page.click(f'button[data-act="{name}"]')
    await expect(one.page.locator("#preview")).not_to_be_empty()
    await one.page.select_option("#presets", index=1)
    pressed_s = asyncio.get_running_loop().time()
    await one.page.click("#act-go")
    return pressed_s


async def within(pressed_s: float, fan: Phone, *, paused: bool) -> None:
    """The fan's page says so, or no longer, at most so long after it was pressed."""
    await fan.page.wait_for_function(BANNER, arg=paused)
    took_s = asyncio.get_running_loop().time() - pressed_s
    assert took_s < SEEN_WITHIN_S, f"after {took_s:.1f} s"


async def test_a_pause_and_its_undoing_are_seen_by_a_waiting_fan_within_two_seconds(
    house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    show = await house.add_show(theatre(), "A Paused Night")
    await house.admits(show, SLOWLY_PER_MIN)
    for _ in range(2):
        first = await phone()
        await first.join(show.show)
        await first.page.wait_for_selector("#waiting:visible, #turn:visible, #canvas")
    fan, operator = await phone(), await phone(**DESK)
    await fan.join(show.show)
    await expect(fan.page.locator("#waiting")).to_be_visible()
    place = await fan.page.inner_text("#place")
    await open_console(operator, show, await somebody(house))
    await expect(operator.page.locator("#phase")).to_have_text("Moving")
    pressed_s = await act(operator, "pause")
    await within(pressed_s, fan, paused=True)
    reason = fan.page.locator("#notice")
    await expect(reason).to_contain_text("heavy load")
    await expect(operator.page.locator("#phase")).to_have_text("Paused")
    await expect(operator.page.locator("#log li").first).to_contain_text("pause")
    pressed_s = asyncio.get_running_loop().time()
    await operator.page.click("#undo")
    await within(pressed_s, fan, paused=False)
    await expect(operator.page.locator("#phase")).to_have_text("Moving")
    pressed_s = await act(operator, "pause")
    await within(pressed_s, fan, paused=True)
    pressed_s = await act(operator, "resume")
    await within(pressed_s, fan, paused=False)
    assert await fan.page.inner_text("#place") == place


async def test_a_rate_is_set_from_what_is_to_be_expected_of_it(
    house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    show = await house.add_show(theatre(), "A Slower Night")
    await house.admits(show, 600)
    operator = await phone(**DESK)
    await open_console(operator, show, await somebody(house, "admin"))
    page = operator.page
    await page.click('button[data-act="rate"]')
    await page.fill("#field-rate_per_min", "0")
    await expect(page.locator("#preview")).to_contain_text("Nobody is called")
    await page.fill("#field-rate_per_min", "120")
    await expect(page.locator("#preview")).to_contain_text("120 people per minute")
    await page.click("#act-go")
    assert await page.locator("#act-reason:invalid").count() == 1, "an act has a reason"
    await page.fill("#act-reason", "a quieter night")
    await house.pause(show)
    await page.click("#act-go")
    await expect(page.locator("#act-error")).to_contain_text("Somebody was faster")
    await page.click("#act-go")
    await expect(page.locator("#done")).to_contain_text("A Slower Night")
    await expect(page.locator("#log li").first).to_contain_text("rate_per_min 120")


async def test_whoever_guesses_is_locked_out_and_whoever_signs_out_is_out(
    house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    show = await house.add_show(theatre(), "A Guarded Night")
    email = await somebody(house)
    operator = await phone(**DESK)
    await open_console(operator, show, email)
    await operator.page.click("#sign-out")
    await operator.page.wait_for_selector("#email")
    await operator.open("/console")
    await operator.page.wait_for_selector("#email")
    guesser = await phone()
    await guesser.open("/sign-in")
    for _ in range(TRIES_HERE_MAX):
        await sign_in(guesser, email, "a wrong password")
        await expect(guesser.page.locator("#problem")).to_contain_text("another password")
    await sign_in(guesser, email)
    await expect(guesser.page.locator("#problem")).to_contain_text("15 min")


async def test_a_partner_is_told_that_the_console_is_not_for_them(
    house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    partner = await phone()
    await partner.open("/sign-in?next=/console")
    await sign_in(partner, await somebody(house, "partner", partner="acme"))
    await partner.page.wait_for_url("**/console")
    await expect(partner.page.locator("#notice")).to_contain_text("for operators and admins")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_console_fits_and_axe_has_nothing_to_say(
    language: str, house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    show = await house.add_show(theatre(), NAME)
    await house.pause(show)
    email = await somebody(house)
    dark = LANGUAGES.index(language) % 2 == 0
    one = await phone(locale=language, color_scheme="dark" if dark else "light", reduced_motion="reduce")
    found: list[str] = []
    await one.open(f"/console?show={show.show}")
    await one.page.wait_for_url("**/sign-in?**")
    await sign_in(one, email, "a wrong password")
    await one.page.wait_for_selector("#problem")
    await look(one, "sign-in", found)
    await sign_in(one, email)
    await one.page.wait_for_selector("#ready:visible")
    await one.page.wait_for_selector("#log li")
    await one.page.click("#more > summary")
    await one.page.click("#readiness > summary")
    await one.page.wait_for_selector("#checks li")
    await look(one, "console", found)
    for name in ("rate", "message", "revoke-wave"):
        await one.page.click(f'button[data-act="{name}"]')
        await expect(one.page.locator("#preview")).not_to_be_empty()
        await look(one, name, found)
        await one.page.click("#act-not")
    assert not found, "\n".join(found)
