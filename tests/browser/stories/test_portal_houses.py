"""The portal for whoever makes venues and shows: layouts checked, drawn and kept; sales made, changed, ended."""

import asyncio
import json

from playwright.async_api import Page, expect

from ingress.shows import NewLayout
from tests.browser.busy import busy
from tests.browser.desk import Desk, Open
from tests.browser.stories.test_portal import press
from tests.unit.ingress.stage import SHOW_TEXT, Stage
from tests.unit.ingress.tales import SECOND, SHOW, T0, VENUE
from ticketing import messages
from ticketing.layout import LayoutBody, build_layout, encode_layout
from ticketing.messages import AnyCommand, AnyOutcome

STADIUM = "lay_" + "3" * 32
LAYOUT = f"/api/admin/venues/{VENUE}/layout"
ODD = {
    "categories": [{"name": "front", "price": 6500}],
    "sections": [
        {
            "name": "stalls",
            "rows": [
                {
                    "label": "A",
                    "category": "front",
                    "seats": [{"label": f"A-{n}", "x": 40 + 30 * n, "y": 60} for n in range(1, 12)],
                }
            ],
        }
    ],
}


def carry_out(command: AnyCommand, offset: int) -> list[AnyOutcome]:
    """As an allocator would."""
    head = {"show": command.show, "seq": offset + 1, "at_ms": T0, "offset": offset, "key": command.key, "account": ""}
    match command:
        case messages.OpenShow():
            terms = {"layout": command.layout, "currency": command.currency, "policy": command.policy}
            return [messages.ShowOpened(**head, **terms)]  # type: ignore[arg-type]
        case messages.ChangeShow():
            return [messages.ShowChanged(**head, policy=command.policy, prices=command.prices)]  # type: ignore[arg-type]
        case messages.CloseShow():
            return [messages.ShowClosed(**head, reason=command.reason)]  # type: ignore[arg-type]
        case _:
            assert isinstance(command, messages.CancelShow)
            return [messages.ShowCancelled(**head, reason=command.reason)]  # type: ignore[arg-type]


async def at_work(desk: Open, part: str, stage: Stage | None = None) -> Desk:
    stage = stage or busy()
    stage.decide = carry_out
    one = await desk(stage, "admin", viewport={"width": 1280, "height": 900}, is_mobile=False, has_touch=False)
    await one.open(f"?part={part}")
    return one


async def write(page: Page, text: str) -> None:
    await page.fill("#editor-text", text)
    await page.click("#editor-check")


async def chosen_text(page: Page) -> str:
    return str(await page.evaluate("getSelection().toString()"))


async def test_a_venue_is_made_and_gets_a_layout_that_was_checked_and_drawn(desk: Open) -> None:
    one = await at_work(desk, "venues")
    page = one.page
    await page.click("#venues-new")
    await page.fill("#field-name", "The Barn")
    await page.click("#form-go")
    await expect(page.locator("#editor-title")).to_have_text("Layout of The Barn")
    # It begins with rows in short, which is drawn as it would be kept.
    await expect(page.locator("#editor-result")).to_contain_text("240 places")
    await expect(page.locator("#plan canvas")).to_be_visible()
    await page.select_option("#editor-begin", "whole")
    await expect(page.locator("#editor-result")).to_contain_text("162 places: 42 seats, 2 tables, 1 areas")
    await page.focus("#plan canvas")
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("#plan-seat")).to_contain_text("A-1 · stalls · front")
    await page.click("#editor-keep")
    await expect(page.locator("#notice")).to_contain_text("The Barn has version 1")
    made = page.locator("#venues .thing", has_text="The Barn")
    await expect(made).to_contain_text("162")
    # What was kept is where the next one begins, and nothing about it is wrong.
    await made.get_by_role("button").click()
    await expect(page.locator("#editor-result")).to_contain_text("162 places")
    assert json.loads(await page.input_value("#editor-text"))["tables"][0]["label"] == "T1"
    await page.click("#editor-keep")
    await expect(page.locator("#notice")).to_contain_text("version 2")
    first, again = list(one.stage.catalogue.layouts.values())[-2:]
    assert again.sha256 == first.sha256


async def test_a_layout_that_comes_late_does_not_take_the_place_of_another_beginning(desk: Open) -> None:
    one = await at_work(desk, "venues")
    page, newest = one.page, f"GET /api/venues/{VENUE}/seat-map"
    one.waits[newest] = asyncio.Event()
    await press(page, "Layout", "The Hall")
    await page.select_option("#editor-begin", "capacity")
    await expect(page.locator("#editor-result")).to_contain_text("500 places")
    async with page.expect_event("requestfinished", lambda it: it.url.endswith("/seat-map")):
        one.waits[newest].set()
    await page.click("#editor-check")
    await expect(page.locator("#editor-result")).to_contain_text("500 places")
    assert "capacity" in json.loads(await page.input_value("#editor-text"))


async def test_a_stadium_is_drawn_and_not_written_down(desk: Open) -> None:
    stage = busy()
    layout = build_layout(LayoutBody.model_validate({"rows": 150, "seats_per_row": 150}))
    document, sha256 = encode_layout(layout)
    await stage.catalogue.add_layout(VENUE, NewLayout(STADIUM, document, sha256, layout.places), T0)
    one = await at_work(desk, "venues", stage)
    await press(one.page, "Layout", "The Hall")
    await expect(one.page.locator("#editor-result")).to_contain_text("22,500 seats are too many")
    await expect(one.page.locator("#plan canvas")).to_be_visible()
    assert await one.page.input_value("#editor-text") == ""
    await expect(one.page.locator("#editor-keep")).to_be_disabled()


async def test_what_is_wrong_with_a_layout_is_led_to_and_nothing_is_kept(desk: Open) -> None:
    one = await at_work(desk, "venues")
    page = one.page
    await press(page, "Layout", "The Hall")
    await expect(page.locator("#editor-result")).to_contain_text("35 places")
    await write(page, '{"rows": 3,\n "seats_per_row": }')
    await expect(page.locator("#editor-result")).to_contain_text("line 2")
    await expect(page.locator("#editor-keep")).to_be_disabled()
    wrong = json.loads(json.dumps(ODD))
    seats = wrong["sections"][0]["rows"][0]["seats"]
    seats[3]["label"] = "A-3"
    seats[5]["category"] = "gold"
    await write(page, json.dumps(wrong, indent=1))
    problems = page.locator("#editor-problems li")
    await expect(problems).to_have_count(2)
    await expect(problems.last).to_contain_text("A-6 · category")
    await problems.filter(has_text="there is no such category").get_by_role("button").click()
    assert await chosen_text(page) == '"gold"'
    await expect(page.locator("#plan")).to_be_hidden()
    await expect(page.locator("#editor-keep")).to_be_disabled()
    assert len(one.stage.catalogue.layouts) == 1


async def test_what_is_odd_is_told_and_shown_and_can_be_kept(desk: Open) -> None:
    one = await at_work(desk, "venues")
    page = one.page
    await press(page, "Layout", "The Hall")
    odd = json.loads(json.dumps(ODD))
    odd["sections"][0]["rows"][0]["seats"][4]["x"] = 165
    await write(page, json.dumps(odd, indent=1))
    problems = page.locator("#editor-problems li")
    await expect(problems).to_have_count(1)
    await expect(problems).to_contain_text("A-5")
    await problems.get_by_role("button").click()
    assert '"label": "A-5"' in await chosen_text(page)
    # What was written since has not been checked, and is not kept.
    await page.locator("#editor-text").press("End")
    await page.keyboard.type(" ")
    await expect(page.locator("#editor-keep")).to_be_disabled()
    await page.click("#editor-check")
    one.fails[f"PUT {LAYOUT}"] = None
    await page.click("#editor-keep")
    await expect(page.locator("#editor-result")).to_contain_text("cannot be reached")
    one.fails.clear()
    await page.click("#editor-keep")
    await expect(page.locator("#notice")).to_contain_text("version 2")


async def test_a_show_is_made_on_a_venue_with_rules_of_its_own(desk: Open) -> None:
    one = await at_work(desk, "shows")
    page = one.page
    await page.click("#shows-new")
    await page.fill("#field-name", "A Second Night")
    await page.fill("#field-starts_at", "2020-02-01T19:30")
    await page.fill("#field-hold_s", "5")
    await page.click("#form-go")
    await expect(page.locator("#wrong-starts_at")).to_have_text("This is in the past.")
    await page.fill("#field-starts_at", "2027-02-20T19:30")
    await page.click("#form-go")
    await expect(page.locator("#wrong-hold_s")).to_contain_text("60 to 900")
    await page.fill("#field-hold_s", "120")
    await page.select_option("#field-payment", "optional")
    # The room remembers its list for a second.
    one.stage.clock.advance(2 * SECOND)
    await page.click("#form-go")
    await expect(page.locator("#notice")).to_contain_text("A Second Night is on sale: 35 places")
    (opened,) = one.stage.commands
    assert isinstance(opened, messages.OpenShow)
    assert (opened.policy.hold_s, opened.policy.payment_required, opened.policy.hold_max_s) == (120, False, 900)
    await expect(page.locator("#shows .thing")).to_have_count(2)


async def test_a_show_that_was_made_is_seen_though_the_list_was_looked_through_for_others(desk: Open) -> None:
    one = await at_work(desk, "shows&status=closed")
    page = one.page
    await expect(page.locator("#shows-none")).to_be_visible()
    await page.click("#shows-new")
    await page.fill("#field-name", "A Second Night")
    await page.fill("#field-starts_at", "2027-02-20T19:30")
    await page.click("#form-go")
    await expect(page.locator("#shows .thing")).to_have_count(1)
    await expect(page.locator("#shows .thing")).to_contain_text("A Second Night")
    await expect(page.locator("#shows-q")).to_have_value("A Second Night")
    await expect(page.locator("#shows-status")).to_have_value("")


async def test_a_show_is_changed_in_mid_sale_after_a_look_at_what_will_be_different(desk: Open) -> None:
    one = await at_work(desk, "shows")
    page = one.page
    await press(page, "Change", "A Night")
    await page.click("#form-go")
    await expect(page.locator("#form-error")).to_have_text("Nothing is different yet.")
    await page.fill("#field-price-0", "55.50")
    await page.fill("#field-seats_per_hold", "4")
    await page.click("#form-go")
    changes = page.locator("#form-review .changes > div")
    await expect(changes).to_have_count(2)
    await expect(changes.first).to_contain_text("€50 → €55.50")
    await expect(changes.last).to_contain_text("10 → 4")
    assert one.stage.commands == []
    await page.click("#form-back")
    await page.fill("#field-seats_per_hold", "6")
    await page.click("#form-go")
    await expect(changes.last).to_contain_text("10 → 6")
    await page.click("#form-go")
    await expect(page.locator("#notice")).to_contain_text("A Night was changed")
    (changed,) = one.stage.commands
    assert isinstance(changed, messages.ChangeShow) and changed.policy is not None
    assert (changed.prices, changed.policy.seats_per_hold_max, changed.show) == ({"front": 5550}, 6, SHOW)


async def test_a_sale_is_ended_only_by_somebody_who_says_that_they_know(desk: Open) -> None:
    one = await at_work(desk, "shows")
    page = one.page
    await press(page, "Close the sale", "A Night")
    await page.click("#form-go")
    assert await page.locator("#field-sure:invalid").count() == 1
    assert one.stage.commands == []
    await page.fill("#field-reason", "the house is full")
    await page.check("#field-sure")
    await page.click("#form-go")
    await expect(page.locator("#notice")).to_contain_text("is over")
    await press(page, "Call it off", "A Night")
    await page.check("#field-sure")
    await page.click("#form-go")
    await expect(page.locator("#notice")).to_contain_text("is called off")
    closed, cancelled = one.stage.commands
    assert isinstance(closed, messages.CloseShow) and closed.reason == "the house is full"
    assert isinstance(cancelled, messages.CancelShow)
    assert f"POST /api/admin/shows/{SHOW_TEXT}/cancel" in one.asked
