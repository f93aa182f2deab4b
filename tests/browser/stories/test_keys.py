"""A partner's key: made in the portal and shown this once, used from outside, and dead once it is revoked."""

import asyncio
from collections.abc import Awaitable, Callable

from playwright.async_api import expect

from onsale_client import AsyncClient, Refused
from tests.browser.console import SCREEN, sign_in, somebody
from tests.browser.halls import theatre
from tests.browser.house import LOOK_EVERY_S, LOOKS_MAX, House
from tests.browser.phone import Phone


async def refusal_of(client: AsyncClient, reservation: str) -> str:
    """What the client is refused with; a look-up of its key is believed for a few seconds."""
    for _ in range(LOOKS_MAX):
        try:
            await client.reservation(reservation)
        except Refused as refused:
            return refused.code
        await asyncio.sleep(LOOK_EVERY_S)
    raise TimeoutError("the key is good for ever")


async def test_a_key_is_made_used_and_revoked(house: House, phone: Callable[..., Awaitable[Phone]]) -> None:
    show = await house.add_show(theatre(), "A Night of Partners")
    one = await phone(**SCREEN)
    page = one.page
    await one.open("/partners")
    await page.wait_for_url("**/sign-in?**")
    await sign_in(one, await somebody(house, "admin"))
    await page.click("#keys-new")
    await page.fill("#field-name", "the box office")
    await page.click("#form-go")
    await expect(page.locator("#secret-text")).to_contain_text("osk_")
    secret = await page.inner_text("#secret-text")
    await page.click("#secret-close")
    assert secret not in await page.content()
    async with AsyncClient(house.url, token=secret) as box_office:
        held = await box_office.hold(show.show, seats=["C-3"])
        assert [seat.seat for seat in held.seats] == ["C-3"]
        await page.get_by_role("button", name="Revoke: the box office").click()
        await page.click("#form-go")
        await expect(page.locator("#notice")).to_contain_text("works no more")
        assert await refusal_of(box_office, held.reservation) == "key_revoked"
