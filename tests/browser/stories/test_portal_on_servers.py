"""The portal on real servers: a house is made in it, sold from by a partner, and looked at by both."""

from collections.abc import Awaitable, Callable

from playwright.async_api import Page, expect

from onsale_client import AsyncClient
from onsale_client.wishes import Contact
from tests.browser.console import SCREEN, sign_in, somebody
from tests.browser.house import House
from tests.browser.phone import Phone
from tests.browser.stories.test_portal import press

PLACES, SHARE = 240, 40
NOBODY_LISTENS = "https://127.0.0.1:9/onsale"
SOON_MS = 20_000
RELOADS_MAX = 60


async def come_in(one: Phone, email: str) -> Page:
    await one.open("/sign-in?next=/partners")
    await sign_in(one, email)
    await one.page.wait_for_selector("#keys .thing, #keys-none:visible")
    return one.page


async def go(page: Page, part: str) -> None:
    await page.get_by_role("link", name=part, exact=True).click()


async def make_house_and_show(page: Page) -> None:
    await go(page, "Venues")
    await page.click("#venues-new")
    await page.fill("#field-name", "The Portal Hall")
    await page.click("#form-go")
    await expect(page.locator("#editor-result")).to_contain_text(f"{PLACES} places")
    await page.click("#editor-keep")
    await expect(page.locator("#notice")).to_contain_text("version 1")
    await go(page, "Shows")
    await page.click("#shows-new")
    await page.fill("#field-name", "A Night of the Portal")
    await page.fill("#field-starts_at", "2040-06-01T19:30")
    await page.select_option("#field-venue", label=f"The Portal Hall · {PLACES}")
    await page.select_option("#field-payment", "optional")
    await page.click("#form-go")
    await expect(page.locator("#notice")).to_contain_text(f"is on sale: {PLACES} places")


async def test_a_house_is_made_sold_from_by_a_partner_and_looked_at_by_both(
    house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    admin = await phone(**SCREEN)
    page = await come_in(admin, await somebody(house, "admin"))
    await page.click("#keys-new")
    await page.fill("#field-name", "tills of acme")
    await page.fill("#field-partner", "acme")
    await page.click("#form-go")
    await expect(page.locator("#secret-text")).to_contain_text("osk_")
    secret = await page.inner_text("#secret-text")
    await page.click("#secret-close")
    await make_house_and_show(page)
    made = page.locator("#shows .thing", has_text="A Night of the Portal")
    show = (await made.locator(".ids").inner_text()).strip()
    # A share for the partner, as the allocator decides it.
    await go(page, "Allocations")
    await page.select_option("#allocations-show", show)
    await page.click("#allocations-new")
    await page.locator("#field-partner").select_option(label=await _option(page, "tills of acme"))
    await page.fill("#field-share", str(SHARE))
    await page.click("#form-go")
    await expect(page.locator("#notice")).to_contain_text("places are kept")
    share = page.locator("#allocations .thing", has_text="tills of acme")
    partner = await phone(**SCREEN)
    theirs = await come_in(partner, await somebody(house, "partner", partner="acme"))
    await go(theirs, "Webhooks")
    await theirs.click("#webhooks-new")
    await theirs.fill("#field-url", NOBODY_LISTENS)
    await theirs.click("#form-go")
    await theirs.wait_for_selector("#secret-dialog[open]")
    await theirs.click("#secret-close")
    async with AsyncClient(house.url, token=secret) as till:
        held = await till.hold(show, seats=["A-1", "A-2"], external_id="order 7")
        await till.confirm(held.reservation, contact=Contact(name="Anna Example", email="anna@example.org"))
    # The share burns down while the admin looks on.
    sold = f"2 booked, 0 held, {SHARE - 2} left"
    await expect(share.locator(".sold")).to_have_attribute("aria-label", sold, timeout=SOON_MS)
    await go(theirs, "Requests")
    await _listed(theirs, "log", "POST hold")
    await go(theirs, "Webhooks")
    await press(theirs, "Deliveries", NOBODY_LISTENS)
    await _listed(theirs, "deliveries", "a booking was made")
    await go(theirs, "Bookings")
    booking = theirs.locator("#bookings .thing", has_text="Anna Example")
    await expect(booking).to_contain_text("order 7")
    await booking.get_by_role("button", name="Cancel the booking").click()
    await theirs.click("#form-go")
    await expect(theirs.locator("#notice")).to_contain_text("is cancelled")
    await go(page, "Bookings")
    await page.select_option("#bookings-show", show)
    await expect(page.locator("#bookings .thing", has_text="Anna Example").locator(".state")).to_have_text("Cancelled")
    await go(page, "Shows")
    # There may be many before it.
    await page.fill("#shows-q", "A Night of the Portal")
    await page.press("#shows-q", "Enter")
    await press(page, "Change", "A Night of the Portal")
    await page.fill("#field-seats_per_hold", "4")
    await page.click("#form-go")
    await expect(page.locator("#form-review")).to_contain_text("10 → 4")
    await page.click("#form-go")
    await expect(page.locator("#notice")).to_contain_text("was changed")
    assert (await house.admin.event(show)).rules.seats_per_hold == 4
    await go(page, "Dead letters")
    await expect(page.locator("#letters-none")).to_be_visible()


async def _listed(page: Page, name: str, words: str) -> None:
    """Once the list has one line with these words: it shows what was written when it was asked for."""
    line = page.locator(f"#{name} .thing", has_text=words)
    for _ in range(RELOADS_MAX):
        await expect(page.locator(f"#{name} .thing, #{name}-none").first).to_be_visible()
        if await line.count() == 1:
            return
        await page.reload()
    raise TimeoutError(f"{words} is not in the list {name}")


async def _option(page: Page, name: str) -> str:
    """What stands in the field for the key of that name."""
    told: str = await page.locator("#field-partner option", has_text=name).first.inner_text()
    return told
