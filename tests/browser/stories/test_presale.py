"""A line for members: opened and given codes at the console, joined with one of them on a phone."""

from collections.abc import Awaitable, Callable

from playwright.async_api import expect

from tests.browser.console import SCREEN, act, open_console, somebody
from tests.browser.halls import theatre
from tests.browser.house import House
from tests.browser.phone import Phone


async def test_codes_from_the_console_lead_into_a_line_for_members(
    house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    show = await house.add_show(theatre(), "A Members' Night")
    operator, fan, stranger = await phone(**SCREEN), await phone(), await phone()
    page = operator.page
    await open_console(operator, show, await somebody(house))
    await page.click("#more > summary")
    await expect(page.locator('button[data-act="codes"]')).to_be_disabled()
    await act(operator, "line", {"name": "members", "share": "300"})
    await expect(page.locator('button[data-act="codes"]')).to_be_enabled()
    await act(operator, "codes", {"count": "2", "uses": "1"})
    await expect(page.locator("#codes")).to_be_visible()
    codes = (await page.input_value("#codes")).split()
    assert len(set(codes)) == 2
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await expect(page.locator("#codes")).to_be_visible()
    await page.click("#given-close")
    await expect(page.locator("#given")).to_be_hidden()
    assert codes[0] not in await page.content()
    await expect(page.locator("#log li").first).to_contain_text("codes")

    await fan.open(f"/room/{show.show}")
    await fan.page.check('input[name="line"][value="members"]')
    await fan.page.click("#join-now")
    await expect(fan.page.locator("#notice")).to_contain_text("needs a code")
    await fan.page.fill("#code", codes[0].lower())
    await fan.page.click("#join-now")
    await fan.wait_for_the_hall()
    await stranger.open(f"/room/{show.show}")
    await stranger.page.check('input[name="line"][value="members"]')
    await stranger.page.fill("#code", codes[0])
    await stranger.page.click("#join-now")
    await expect(stranger.page.locator("#notice")).to_contain_text("used this code already")
    # It stays to be read while the page goes on looking at the room.
    for _ in range(2):
        async with stranger.page.expect_response("**/status"):
            pass
    await expect(stranger.page.locator("#notice")).to_contain_text("used this code already")
    # The line for everybody asks for none.
    await stranger.page.check('input[name="line"][value="general"]')
    await expect(stranger.page.locator("#code")).to_be_hidden()
    await stranger.page.click("#join-now")
    await stranger.wait_for_the_hall()
