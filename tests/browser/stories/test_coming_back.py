"""Reloading, another tab, a phone without a net: nothing is lost by it."""

from collections.abc import Awaitable, Callable

from playwright.async_api import expect

from onsale_client import Contact
from tests.browser.halls import theatre
from tests.browser.house import House
from tests.browser.phone import Phone

LAST_MS = 30_000
HOLD_S = 38


async def test_a_reload_and_another_tab_show_the_same_place_in_the_line(
    house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    show = await house.add_show(theatre(), "A Slow Night")
    await house.stops_the_line(show)
    fan = await phone()
    await fan.join(show.show)
    place = fan.page.locator("#place")
    await expect(fan.page.locator("#waiting")).to_be_visible()
    first = await place.inner_text()
    assert int(first) > 1
    await fan.page.reload()
    await expect(place).to_have_text(first)
    tab = await fan.another_tab()
    await tab.goto(fan.page.url)
    await expect(tab.locator("#place")).to_have_text(first)
    # Of two that are open the one that asks first takes the turn along.
    await tab.close()
    await house.resume(show)
    await fan.wait_for_the_hall()
    assert await fan.page.locator("#hold").is_visible()


async def test_a_reload_of_the_checkout_goes_on_with_the_same_time(
    house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    show = await house.add_show(theatre(), "A Reloaded Night", test=True, policy={"hold_s": HOLD_S})
    fan = await phone()
    await fan.come_in(show.show)
    await fan.choose(["H-5"])
    await fan.page.click("#hold")
    reservation = await fan.wait_for_the_checkout()
    ends = (await house.admin.reservation(reservation)).expires_at
    # Half a minute before the end one is asked whether one needs more time.
    await expect(fan.page.locator("#soon")).to_be_visible(timeout=2 * LAST_MS)
    await fan.page.reload()
    await expect(fan.page.locator("#soon")).to_be_visible(timeout=LAST_MS)
    assert (await house.admin.reservation(reservation)).expires_at == ends
    minutes, seconds = (await fan.page.inner_text("#soon-timer")).split(":")
    assert 0 < 60 * int(minutes) + int(seconds) <= LAST_MS / 1000
    await fan.page.click("#soon-extend")
    await expect(fan.page.locator("#notice")).to_contain_text("You have more time")
    later = (await house.admin.reservation(reservation)).expires_at
    assert later > ends


async def test_a_phone_that_was_offline_learns_what_it_has_missed(
    house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    show = await house.add_show(theatre(), "A Night in a Tunnel")
    fan = await phone()
    await fan.come_in(show.show)
    await fan.page.click("#as-list")
    await expect(fan.seat("J-4")).to_have_attribute("data-state", "free")
    await fan.context.set_offline(True)
    await expect(fan.page.locator("#live")).to_have_attribute("data-state", "reconnecting")
    await house.partner.hold(show.show, seats=["J-4"])
    await fan.context.set_offline(False)
    await expect(fan.page.locator("#live")).to_have_attribute("data-state", "live")
    await expect(fan.seat("J-4")).to_have_attribute("data-state", "held")


async def test_the_link_in_a_letter_opens_a_booking_that_its_seller_alone_can_change(
    house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    show = await house.add_show(theatre(), "A Night Sold Elsewhere")
    held = await house.partner.hold(show.show, seats=["J-5"])
    anna = Contact(name="Anna Example", email="anna@example.org")
    booked = await house.partner.confirm(held.reservation, contact=anna)
    await house.wait_for_a_letter(show.name)
    page = (fan := await phone()).page
    await page.goto(f"{house.url}/dev/mail")
    await page.get_by_role("link", name=show.name).click()
    await page.frame_locator("iframe").get_by_role("link").click()
    assert await fan.wait_for_the_ticket() == booked.booking
    assert "#" not in page.url, "the token is out of sight"
    assert await fan.read_code("#qr") == booked.booking
    await expect(page.locator("#until")).to_contain_text("A partner has sold this booking")
    await expect(page.locator("#print")).to_be_visible()
    await expect(page.locator("#cancel")).to_be_hidden()
    await expect(page.locator("#changing")).to_be_hidden()
