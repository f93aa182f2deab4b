"""Somebody was faster: it is shown where, and what could be had instead."""

from collections.abc import Awaitable, Callable

from playwright.async_api import expect

from tests.browser.halls import theatre
from tests.browser.house import House
from tests.browser.phone import Phone


async def test_a_chosen_seat_that_somebody_takes_is_lost_before_it_is_asked_for(
    house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    show = await house.add_show(theatre(), "A Live Night")
    fan = await phone()
    await fan.come_in(show.show)
    await fan.choose(["E-5", "E-6"])
    await house.partner.hold(show.show, seats=["E-6"])
    await expect(fan.seat("E-6")).to_have_attribute("data-state", "lost")
    await expect(fan.seat("E-5")).to_have_attribute("data-state", "chosen")
    await expect(fan.page.locator("#notice")).to_contain_text("E-6")
    await fan.page.click("#hold")
    held = await house.admin.reservation(await fan.wait_for_the_checkout())
    assert [seat.seat for seat in held.seats] == ["E-5"]


async def test_a_fan_who_is_too_late_takes_what_is_offered_instead(
    house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    show = await house.add_show(theatre(), "A Late Night")
    fan = await phone()
    await fan.come_in(show.show)
    await fan.choose(["F-8", "F-9"])
    # The phone has lost touch: what happens now it learns from the refusal alone.
    await fan.context.route("**/api/venues/*/shows/*/seats**", lambda route: route.abort())
    await fan.context.route_web_socket("**/ws/**", lambda socket: None)
    await fan.page.evaluate("dispatchEvent(new Event('offline'))")
    await house.partner.hold(show.show, seats=["F-9"])
    await fan.page.click("#hold")
    await expect(fan.seat("F-9")).to_have_attribute("data-state", "lost")
    await expect(fan.page.locator("#notice")).to_contain_text("F-9 (held)")
    offer = fan.page.locator("#offer-list button").first
    words = await offer.inner_text()
    await offer.click()
    held = await house.admin.reservation(await fan.wait_for_the_checkout())
    assert len(held.seats) == 2
    assert all(seat.seat in words for seat in held.seats)
    assert "F-9" not in [seat.seat for seat in held.seats]


async def test_what_is_given_back_is_free_for_the_next(house: House, phone: Callable[..., Awaitable[Phone]]) -> None:
    show = await house.add_show(theatre(), "A Night Given Back")
    first, second = await phone(), await phone()
    await first.come_in(show.show)
    await first.choose(["G-1"])
    await first.page.click("#hold")
    await first.wait_for_the_checkout()
    await second.come_in(show.show)
    await second.page.click("#as-list")
    await expect(second.seat("G-1")).to_have_attribute("data-state", "held")
    await first.page.click("#give-back")
    await first.page.click("#give-sure")
    await expect(first.page.locator("#title")).to_have_text("Not held any more")
    await expect(second.seat("G-1")).to_have_attribute("data-state", "free")
