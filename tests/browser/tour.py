"""Every page, one after the other, as people come to see it: for whoever judges pages, or takes their pictures."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from playwright.async_api import Page, expect

from tests.browser.console import sign_in
from tests.browser.house import House, Show
from tests.browser.phone import Phone

Look = Callable[[Page, str], Awaitable[None]]
"""What is done with each page when it is there; it is told its name."""

ACTS = ("rate", "message", "revoke-wave", "line")
"""Dialogs of every kind of field."""


async def show_fans_pages(house: House, fan: Phone, show: Show, look: Look) -> None:
    """From the list to the ticket, with the line standing still for a while; and the payment, where there is one."""
    async with paused(house, show):
        await _look_around(fan, show, look)
        await fan.page.click("#join-now")
        await fan.page.wait_for_selector("#waiting:visible")
        await look(fan.page, "waiting")
        await fan.page.click("#move > summary")
        await look(fan.page, "waiting, moving to another device")
    await fan.wait_for_the_hall()
    await _look_inside(fan, look)


@asynccontextmanager
async def paused(house: House, show: Show) -> AsyncIterator[None]:
    """While this is open nobody is called: whoever joins waits."""
    await house.stops_the_line(show)
    yield
    await house.resume(show)


async def _look_around(fan: Phone, show: Show, look: Look) -> None:
    """What everybody sees."""
    page = fan.page
    await fan.open("/")
    await page.wait_for_selector("#events .event")
    await look(page, "list")
    await fan.open(f"/verify/{show.show}")
    await page.wait_for_selector("#ready:visible")
    await look(page, "verify")
    await fan.open("/dev/parts")
    await look(page, "parts")
    await fan.open("/nothing")
    await look(page, "missing")
    await fan.open(f"/shows/{show.show}")
    await page.wait_for_selector("#ready:visible")
    await look(page, "hall without a turn")
    await fan.open(f"/room/{show.show}/plain")
    await look(page, "room without scripts")
    await fan.open(f"/room/{show.show}")
    await page.wait_for_selector("#join-now:enabled")
    await look(page, "room")


async def _look_inside(fan: Phone, look: Look) -> None:
    """What whoever has had their turn sees."""
    page = fan.page
    await look(page, "hall")
    await page.click(".legend > summary")
    await page.click("#as-list")
    await _choose_two(page)
    await look(page, "hall as a list")
    await page.click("#as-map")
    await look(page, "hall with a choice")
    # In a rush others may have been faster: the best places are asked for until they are there.
    await fan.hold_the_best(2)
    await fan.wait_for_the_checkout()
    await look(page, "checkout")
    await page.click("#give-back")
    await look(page, "giving back")
    await page.click("#give-not")
    await fan.say_for_whom()
    await page.wait_for_url(re.compile("/(sandbox|bookings)/"))
    if "/sandbox/" in page.url:
        await look(page, "payment")
        await page.click('button[value="pay"]')
    await fan.wait_for_the_ticket()
    await look(page, "booking")
    await page.click("#changing > summary")
    await look(page, "booking, changing it")


async def _choose_two(page: Page) -> None:
    """Of the first section that has them."""
    free = page.locator('button.seat[data-state="free"]')
    for number in range(await page.locator("#section option").count()):
        await page.select_option("#section", index=number)
        if await free.count() > 1:
            for _ in range(2):
                await free.nth(1).click()
            return


async def show_console_pages(one: Phone, show: Show, email: str, look: Look) -> None:
    """Sign-in and console. `email` is an operator's, and a plan has been filed for the show."""
    page = one.page
    await one.open(f"/console?show={show.show}")
    await page.wait_for_url("**/sign-in?**")
    await sign_in(one, email, "a wrong password")
    await page.wait_for_selector("#problem")
    await look(page, "sign-in")
    await sign_in(one, email)
    await _look_at_the_console(page, look)
    await _look_at_codes(page, look)


async def _look_at_the_console(page: Page, look: Look) -> None:
    """With everything open that can be opened."""
    await page.wait_for_selector("#ready:visible")
    await page.wait_for_selector("#log li")
    await page.wait_for_selector("#planned:visible")
    await look(page, "console")
    await page.click("#more > summary")
    await page.click("#readiness > summary")
    await page.wait_for_selector("#checks li")
    await look(page, "console, everything open")
    for name in ACTS:
        await page.click(f'button[data-act="{name}"]')
        await expect(page.locator("#preview")).not_to_be_empty()
        await look(page, f"console, {name}")
        await page.click("#act-not")


async def _look_at_codes(page: Page, look: Look) -> None:
    """As they are asked for, and as they are shown."""
    await page.click('button[data-act="line"]')
    await page.select_option("#presets", index=1)
    await page.click("#act-go")
    await page.click('button[data-act="codes"]:enabled')
    await look(page, "console, asking for codes")
    await page.select_option("#presets", index=1)
    await page.check("#sure")
    await page.click("#act-go")
    await page.wait_for_selector("#codes:visible")
    await look(page, "console, codes")
    await page.click("#given-close")


async def show_portal_pages(one: Phone, look: Look) -> None:
    """Each part of the portal, and a new key, for an admin who is signed in."""
    page = one.page
    await one.open("/partners")
    tabs = page.locator("#tabs a")
    await expect(tabs.first).to_be_visible()
    for number in range(await tabs.count()):
        name = await tabs.nth(number).get_attribute("data-part")
        await tabs.nth(number).click()
        await expect(page.locator(f"#part-{name} [aria-busy], #part-{name}[hidden]")).to_have_count(0)
        await look(page, f"portal, {name}")
    await tabs.first.click()
    await page.click("#keys-new")
    await look(page, "portal, new key")
    await page.fill("#field-name", "Box office")
    await page.click("#form-go")
    await page.wait_for_selector("#secret-text:visible")
    await look(page, "portal, secret")
    await page.click("#secret-close")
