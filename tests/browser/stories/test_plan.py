"""A plan is filed, the sale runs, and the console says how far the one is from the other."""

from collections.abc import Awaitable, Callable

from playwright.async_api import expect

from tests.browser.console import SCREEN, open_console, somebody
from tests.browser.halls import theatre
from tests.browser.house import House
from tests.browser.phone import Phone


async def test_the_console_holds_the_sale_against_its_plan(
    house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    show = await house.add_show(theatre(), "A Planned Night")
    operator, fan = await phone(**SCREEN), await phone()
    page = operator.page
    await open_console(operator, show, await somebody(house))
    await expect(page.locator("#no-plan")).to_be_visible()
    await fan.come_in(show.show)
    held = await house.partner.hold(show.show, seats=["A-1", "A-2", "A-3", "A-4"])
    await house.partner.confirm(held.reservation)
    await house.plans(show)
    await expect(page.locator("#plan-says")).to_contain_text("300 fans, 413 places, sold out 10 min")
    facts = page.locator("#plan-facts dd")
    await expect(facts.nth(0)).to_have_text("1 more than planned")
    await expect(facts.nth(1)).to_have_text("4 more than planned")
    await expect(facts.nth(2)).to_contain_text("ahead")
