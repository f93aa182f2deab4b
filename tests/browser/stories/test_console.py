"""Operators: signing in, braking a line while a fan looks on, and finding everything in every language."""

import asyncio
from collections.abc import Awaitable, Callable

from playwright.async_api import expect

from staff.people import TRIES_HERE_MAX
from tests.browser.console import SCREEN, act, open_console, sign_in, somebody
from tests.browser.halls import theatre
from tests.browser.house import House
from tests.browser.phone import Phone

SEEN_WITHIN_S = 2.0
SLOWLY_PER_MIN = 1
CROWD_PER_MIN = 400
RIVALS = 300
ARRIVAL_S = 12.0
BANNER = """(paused) => document.getElementById("paused").hidden !== paused"""


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
    fan, operator = await phone(), await phone(**SCREEN)
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


async def test_an_operator_with_a_listener_of_their_own_is_heard_through_a_crowd(
    house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    show = await house.add_show(theatre(), "A Crowded Night", test=True)
    await house.admits(show, CROWD_PER_MIN)
    fan, operator = await phone(), await phone(**SCREEN)
    operator.url = house.console_url
    await open_console(operator, show, await somebody(house))
    async with house.rivals(show, fans=RIVALS, seed=3, arrival_s=ARRIVAL_S) as rivals:
        await house.wait_for_a_line(show, RIVALS // 2)
        await fan.join(show.show)
        await expect(fan.page.locator("#waiting")).to_be_visible()
        await within(await act(operator, "pause"), fan, paused=True)
        ahead = await fan.page.inner_text("#ahead")
        await house.wait_for_a_line(show, RIVALS)
        assert await fan.page.inner_text("#ahead") == ahead, "nobody is called"
        await within(await act(operator, "resume"), fan, paused=False)
        await fan.wait_for_the_hall()
        assert rivals.tally.complaints == []


async def test_a_rate_is_set_from_what_is_to_be_expected_of_it(
    house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    show = await house.add_show(theatre(), "A Slower Night")
    await house.admits(show, 600)
    operator = await phone(**SCREEN)
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
    operator = await phone(**SCREEN)
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
