"""What goes wrong at the portal is said, stays to be read, and can be tried again; no secret is lost on the way."""

import asyncio

from playwright.async_api import Page, expect

from tests.browser.desk import Open
from tests.unit.ingress.at_pages import two_partners
from tests.unit.ingress.stage import Stage

KEYS = "/api/admin/keys"
AWAY = (503, {"code": "sales_paused", "title": "Sales are paused"})
PAUSED = "Sales are paused for the moment"


async def make_a_key(page: Page, name: str = "box office") -> None:
    await page.click("#keys-new")
    await page.fill("#field-name", name)
    await page.click("#form-go")


async def press(page: Page, act: str, key: str = "house") -> None:
    await page.get_by_role("button", name=f"{act}: {key}").click()


async def test_keys_that_cannot_be_read_are_said_so_and_read_again(desk: Open) -> None:
    one = await desk(Stage(), "admin")
    one.fails[f"GET {KEYS}"] = AWAY
    await one.open()
    trouble = one.page.locator("#part-keys .trouble")
    await expect(trouble).to_contain_text(PAUSED)
    await expect(one.page.locator("#keys-none")).to_be_hidden()
    del one.fails[f"GET {KEYS}"]
    await trouble.get_by_role("button").click()
    await expect(one.page.locator("#keys .thing")).to_have_count(4)
    await expect(trouble).to_have_count(0)


async def test_a_part_that_is_looked_at_for_a_key_waits_until_there_are_keys(desk: Open) -> None:
    one = await desk(two_partners(), "partner", partner="acme")
    one.fails[f"GET {KEYS}"] = None
    await one.open("?part=log")
    trouble = one.page.locator("main > .trouble")
    await expect(trouble).to_contain_text("cannot be reached")
    del one.fails[f"GET {KEYS}"]
    await trouble.get_by_role("button").click()
    await expect(one.page.locator("#log-none")).to_be_visible()
    await expect(trouble).to_have_count(0)
    assert "key=key_partner" in one.page.url and "part=log" in one.page.url


async def test_whoever_cannot_be_asked_for_is_asked_for_again(desk: Open) -> None:
    one = await desk(Stage(), "admin")
    one.fails["GET /sign-in/me"] = None
    await one.open()
    trouble = one.page.locator(".trouble")
    await expect(trouble).to_contain_text("cannot be reached")
    del one.fails["GET /sign-in/me"]
    await trouble.get_by_role("button").click()
    await expect(one.page.locator("#keys .thing")).to_have_count(4)


async def test_escape_does_not_lose_a_secret_and_what_was_kept_is_gone_from_the_page(desk: Open) -> None:
    one = await desk(Stage(), "admin")
    await one.open()
    await make_a_key(one.page)
    await expect(one.page.locator("#secret-text")).to_contain_text("osk_live_")
    secret = await one.page.inner_text("#secret-text")
    for _ in range(3):
        await one.page.keyboard.press("Escape")
        await expect(one.page.locator("#secret-text")).to_have_text(secret)
        await expect(one.page.locator("#secret-dialog")).to_be_visible()
    await one.page.click("#secret-close")
    await expect(one.page.locator("#secret-dialog")).to_be_hidden()
    assert secret not in await one.page.content()


async def test_what_was_done_is_said_although_the_list_cannot_be_read_again(desk: Open) -> None:
    one = await desk(Stage(), "admin")
    await one.open()
    await press(one.page, "Revoke", "key_partner")
    one.fails[f"GET {KEYS}"] = AWAY
    await one.page.click("#form-go")
    await expect(one.page.locator("#notice")).to_contain_text("works no more")
    trouble = one.page.locator("#part-keys .trouble")
    await expect(trouble).to_contain_text(PAUSED)
    del one.fails[f"GET {KEYS}"]
    await trouble.get_by_role("button").click()
    await expect(one.page.locator("#keys .thing")).to_have_count(3)


async def test_what_comes_back_to_a_dialog_that_was_closed_is_said_all_the_same(desk: Open) -> None:
    one = await desk(Stage(), "admin")
    await one.open()
    rotation = f"POST {KEYS}/key_partner/rotate"
    one.waits[rotation] = asyncio.Event()
    one.fails[rotation] = AWAY
    await press(one.page, "Rotate", "key_partner")
    await one.page.click("#form-go")
    await one.page.click("#form-not")
    await press(one.page, "Change", "key_reader")
    one.waits[rotation].set()
    await expect(one.page.locator("#notice")).to_contain_text(PAUSED)
    # The other dialog has nothing to do with it, and works.
    await expect(one.page.locator("#form-error")).to_be_hidden()
    await expect(one.page.locator("#form-go")).to_be_enabled()


async def test_a_secret_that_comes_after_the_dialog_was_closed_is_shown(desk: Open) -> None:
    one = await desk(Stage(), "admin")
    await one.open()
    rotation = f"POST {KEYS}/key_partner/rotate"
    one.waits[rotation] = asyncio.Event()
    await press(one.page, "Rotate", "key_partner")
    await one.page.click("#form-go")
    await one.page.keyboard.press("Escape")
    await expect(one.page.locator("#dialog")).to_be_hidden()
    one.waits[rotation].set()
    await expect(one.page.locator("#secret-text")).to_contain_text("osk_live_")


async def test_what_is_wrong_with_a_rotation_stands_at_its_field(desk: Open) -> None:
    one = await desk(two_partners(), "partner", partner="acme")
    await one.open()
    await press(one.page, "Rotate", "key_partner")
    wrong = {"code": "invalid_request", "errors": [{"pointer": "/overlap_s", "code": "less_than_equal"}]}
    one.fails[f"POST {KEYS}/key_partner/rotate"] = (422, wrong)
    await one.page.click("#form-go")
    await expect(one.page.locator("#form-fields select")).to_have_attribute("aria-invalid", "true")
