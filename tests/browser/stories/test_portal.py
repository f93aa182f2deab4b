"""The portal's parts: webhooks and what became of each event, usage, the log of requests."""

from playwright.async_api import Page, expect

from tests.browser.busy import HOOK, LONG_URL, busy
from tests.browser.desk import Open

HOOKS = "/api/admin/webhooks"
SHOWN_OF_THE_LOG = 50


async def press(page: Page, act: str, what: str = "") -> None:
    await page.get_by_role("button", name=f"{act}: {what}" if what else act, exact=True).click()


async def test_a_webhook_is_made_rotated_switched_off_and_removed(desk: Open) -> None:
    one = await desk(busy(), "partner", partner="acme")
    await one.open("?part=webhooks")
    page, url = one.page, "https://partner.example/in"
    await page.click("#webhooks-new")
    await page.fill("#field-url", "http://partner.example/in")
    await page.click("#form-go")
    await expect(page.locator("#wrong-url")).to_have_text("Events are sent over https only.")
    await page.fill("#field-url", url)
    await page.check("#field-events-booking_confirmed")
    await page.click("#form-go")
    await expect(page.locator("#secret-text")).to_contain_text("whsec_")
    first = await page.inner_text("#secret-text")
    await page.click("#secret-close")
    made = page.locator("#webhooks .thing", has_text=url)
    await expect(made).to_contain_text("a booking was made")
    await press(page, "Rotate", url)
    await page.select_option("#field-overlap_s", "0")
    await page.click("#form-go")
    await expect(page.locator("#secret-text")).to_contain_text("whsec_")
    assert await page.inner_text("#secret-text") != first
    await page.click("#secret-close")
    await press(page, "Switch off", url)
    await page.click("#form-go")
    await expect(made.locator(".state")).to_have_text("Off")
    await press(page, "Remove", url)
    await page.click("#form-go")
    await expect(page.locator("#notice")).to_contain_text("was removed")
    await expect(page.locator("#webhooks .thing")).to_have_count(2)


async def test_deliveries_say_what_became_of_them_and_one_is_sent_again(desk: Open) -> None:
    one = await desk(busy(), "partner", partner="acme")
    await one.open("?part=webhooks")
    page = one.page
    await press(page, "Deliveries", LONG_URL)
    lines = page.locator("#deliveries .thing")
    await expect(lines).to_have_count(3)
    await page.select_option("#deliveries-state", "failed")
    await expect(lines).to_have_count(1)
    await expect(lines).to_contain_text("500 · Internal Server Error")
    await expect(lines).to_contain_text("12")
    # A link and a reload show the same.
    await page.reload()
    await expect(lines).to_have_count(1)
    one.fails[f"POST {HOOKS}/{HOOK}/deliveries/evt_1/resend"] = None
    await lines.get_by_role("button").click()
    await expect(page.locator("#notice")).to_contain_text("cannot be reached")
    one.fails.clear()
    await lines.get_by_role("button").click()
    await expect(page.locator("#notice")).to_contain_text("evt_1 is sent once more")
    assert one.stage.webhooks.sent[HOOK][0].state == "due"
    await expect(lines).to_have_count(0)
    await expect(page.locator("#deliveries-none")).to_be_visible()


async def test_usage_is_summed_by_call_and_drawn_over_time(desk: Open) -> None:
    one = await desk(busy(), "partner", partner="acme")
    one.fails["GET /api/admin/usage"] = None
    await one.open("?part=usage")
    await one.page.locator("#part-usage .trouble").get_by_role("button", name="Try again").wait_for()
    one.fails.clear()
    await one.page.locator("#part-usage .trouble").get_by_role("button").click()
    calls = one.page.locator("#usage-calls .thing")
    await expect(calls).to_have_count(4)
    sums = [line for line in one.stage.requests.sums if line.operation == "logs"]
    await expect(calls.first).to_contain_text("logs")
    await expect(calls.first).to_contain_text(f"{sum(line.requests for line in sums):,}")
    await expect(one.page.locator("#usage-bars rect.all")).to_have_count(7)
    await one.page.select_option("#usage-days", "1")
    await expect(one.page.locator("#usage-bars rect.all")).to_have_count(24)
    assert "days=1" in one.page.url


async def test_the_log_is_filtered_and_goes_on(desk: Open) -> None:
    one = await desk(busy(), "admin")
    await one.open("?part=log")
    lines = one.page.locator("#log .thing")
    await expect(lines).to_have_count(SHOWN_OF_THE_LOG)
    await one.page.click("#log-more")
    await expect(lines).to_have_count(len(one.stage.requests.written))
    await expect(one.page.locator("#log-more")).to_be_hidden()
    await one.page.fill("#log-operation", "hold")
    await one.page.fill("#log-status", "409")
    await one.page.keyboard.press("Enter")
    held = [line for line in one.stage.requests.written if line.operation == "hold"]
    await expect(lines).to_have_count(len(held))
    await one.page.fill("#log-status", "200")
    await one.page.keyboard.press("Enter")
    await expect(one.page.locator("#log-none")).to_be_visible()
    await one.page.select_option("#key", "key_partner")
    assert "key=key_partner" in one.page.url and "operation=hold" in one.page.url
