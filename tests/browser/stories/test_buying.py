"""A fan comes from the list to a ticket."""

from collections.abc import Awaitable, Callable

from playwright.async_api import expect

from tests.browser.halls import theatre
from tests.browser.house import House
from tests.browser.phone import Phone

RIVALS = 300
ARRIVAL_S = 20.0
RATE_PER_MIN = 400
BEFORE_US = 80
"""Of the rivals, so many are there first: at this rate that is a wait of some seconds, and there is enough left."""


async def test_a_fan_comes_from_the_list_to_a_ticket_among_three_hundred_rivals(
    house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    show = await house.add_show(theatre(), "A Night of Rivals", test=True)
    await house.admits(show, RATE_PER_MIN)
    await house.stops_the_line(show)
    fan = await phone()
    await fan.open("/")
    async with house.rivals(show, fans=RIVALS, seed=7, arrival_s=ARRIVAL_S) as rivals:
        await house.wait_for_a_line(show, BEFORE_US)
        await fan.page.click("text=A Night of Rivals")
        await expect(fan.page.locator("#name")).to_have_text("A Night of Rivals")
        await fan.page.click("#join-now")
        await expect(fan.page.locator("#waiting-title")).to_be_visible()
        assert int(await fan.page.inner_text("#ahead")) >= BEFORE_US
        await expect(fan.page.locator("#paused")).to_be_visible()
        await house.resume(show)
        await fan.wait_for_the_hall()
        await expect(fan.page.locator("#left")).to_contain_text("left")
        await fan.hold_the_best(2)
        held = await fan.wait_for_the_checkout()
        await fan.say_for_whom()
        booking = await fan.wait_for_the_ticket()
        assert rivals.tally.sold > 0
        assert rivals.tally.complaints == []
    assert booking.removeprefix("bkg_") == held.removeprefix("rsv_")
    assert await fan.read_code("#qr") == booking
    seen = await house.admin.booking(booking)
    assert seen.status == "booked"
    assert len(seen.seats) == 2


async def test_a_fan_pays_after_the_bank_said_no_once(house: House, phone: Callable[..., Awaitable[Phone]]) -> None:
    show = await house.add_show(theatre(), "A Paid Night", policy={"payment": "required"})
    fan = await phone()
    await fan.come_in(show.show)
    await fan.choose(["C-7", "C-8"])
    await fan.page.click("#hold")
    reservation = await fan.wait_for_the_checkout()
    await fan.say_for_whom()
    # Whoever goes back without paying finds the way to the same payment again.
    await fan.page.wait_for_url("**/sandbox/**")
    payment = fan.page.url
    await fan.page.go_back()
    await fan.page.click("#pay")
    assert fan.page.url == payment
    await fan.page.click('button[value="decline"]')
    await fan.wait_for_the_checkout()
    await expect(fan.page.locator("#notice")).to_contain_text("did not succeed")
    assert (await house.admin.reservation(reservation)).status == "held"
    await fan.say_for_whom()
    await fan.page.click('button[value="pay"]')
    booking = await fan.wait_for_the_ticket()
    assert await fan.read_code("#qr") == booking
    seen = await house.admin.booking(booking)
    assert sorted(seat.seat for seat in seen.seats) == ["C-7", "C-8"]


async def test_a_booking_gets_other_seats_and_is_cancelled(
    house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    show = await house.add_show(theatre(), "A Changed Night")
    fan = await phone()
    await fan.come_in(show.show)
    await fan.choose(["D-3", "D-4"])
    await fan.page.click("#hold")
    await fan.wait_for_the_checkout()
    await fan.say_for_whom()
    booking = await fan.wait_for_the_ticket()
    await fan.page.click("#changing > summary")
    await fan.page.check('input[name="give"][value="D-4"]')
    await fan.page.click("#change button")
    await fan.page.wait_for_url("**/shows/**")
    await fan.choose(["D-5"])
    await fan.page.click("#hold")
    await fan.wait_for_the_ticket()
    await expect(fan.page.locator("#notice")).to_contain_text("The price is the same")
    assert sorted(seat.seat for seat in (await house.admin.booking(booking)).seats) == ["D-3", "D-5"]
    await fan.page.get_by_role("button", name="4 of 5").click()
    await expect(fan.page.locator("#rated", has_text="Thank you")).to_be_visible()
    await fan.page.reload()
    await expect(fan.page.get_by_role("button", name="4 of 5", pressed=True)).to_be_visible()
    await fan.page.click("#cancel")
    await fan.page.click("#cancel-sure")
    await expect(fan.page.locator("#state")).to_have_text("Cancelled")
    await expect(fan.page.locator("#rating")).to_be_hidden()
    assert (await house.admin.booking(booking)).status == "cancelled"
