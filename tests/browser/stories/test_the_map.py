"""Choosing on the map itself: by keys alone, and by finger."""

from collections.abc import Awaitable, Callable
from typing import Any

from playwright.async_api import Position, expect

from tests.browser.halls import theatre
from tests.browser.house import House
from tests.browser.phone import Phone

BLOCK: dict[str, Any] = {
    "name": "block",
    "rows": 12,
    "seats_per_row": 12,
    "categories": [{"name": "all", "price": 5000}],
}
IN_SIGHT = """(selector) => {
  const one = document.querySelector(selector), { left, top, width, height } = one.getBoundingClientRect();
  return one.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}"""
DESK = {"width": 1280, "height": 800}


async def test_keys_alone_lead_to_the_checkout(house: House, phone: Callable[..., Awaitable[Phone]]) -> None:
    show = await house.add_show(theatre(), "A Night by Keys")
    fan = await phone(viewport=DESK, is_mobile=False, has_touch=False)
    await fan.come_in(show.show)
    await fan.page.focus("#canvas")
    await fan.page.keyboard.press("ArrowRight")
    first = (await fan.page.inner_text("#announcer")).partition(",")[0]
    await fan.page.keyboard.press("Enter")
    await fan.page.keyboard.press("ArrowRight")
    await fan.page.keyboard.press("Enter")
    chosen = await fan.page.locator("#chosen li").all_inner_texts()
    assert len(chosen) == 2
    assert chosen[0] == first
    await fan.page.focus("#hold")
    await fan.page.keyboard.press("Enter")
    held = await house.admin.reservation(await fan.wait_for_the_checkout())
    assert sorted(seat.seat for seat in held.seats) == sorted(chosen)


async def test_nothing_that_the_keys_reach_hides_behind_the_tray(
    house: House, phone: Callable[..., Awaitable[Phone]]
) -> None:
    show = await house.add_show(theatre(), "A Night behind a Tray")
    fan = await phone()
    await fan.open(f"/shows/{show.show}")
    await expect(fan.page.locator("#ready")).to_be_visible()
    for selector in (".legend > summary", "#zoom-in", "#quantity", "#together"):
        await fan.page.evaluate("scrollTo(0, 0)")
        await fan.page.focus(selector)
        assert await fan.page.evaluate(IN_SIGHT, selector), selector


async def test_a_finger_goes_nearer_and_then_takes_a_seat(house: House, phone: Callable[..., Awaitable[Phone]]) -> None:
    show = await house.add_show(BLOCK, "A Night by Hand")
    fan = await phone(reduced_motion="reduce")
    await fan.come_in(show.show)
    canvas = fan.page.locator("#canvas")
    box = await canvas.bounding_box()
    assert box is not None
    middle: Position = {"x": box["width"] / 2, "y": box["height"] / 2}
    chosen = fan.page.locator("#chosen li")
    # From far off a finger is wider than a seat: what it touches comes nearer first.
    for _ in range(3):
        if await chosen.count():
            break
        await canvas.tap(position=middle)
    await expect(chosen).to_have_count(1)
    label = await chosen.inner_text()
    await canvas.tap(position=middle)
    await expect(chosen).to_have_count(0)
    await canvas.tap(position=middle)
    await fan.page.tap("#hold")
    held = await house.admin.reservation(await fan.wait_for_the_checkout())
    assert [seat.seat for seat in held.seats] == [label]
