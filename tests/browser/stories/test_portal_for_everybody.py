"""Each part of the portal in each language, small and with large letters, and its dialogs."""

from runtime.localised import LANGUAGES
from tests.browser.busy import LONG_URL, busy
from tests.browser.checks import look
from tests.browser.desk import Desk, Open
from tests.browser.languages import in_each_language
from tests.unit.ingress.tales import VENUE

PARTS = ("keys", "webhooks", "usage", "log", "allocations", "bookings", "letters", "venues", "shows")


async def look_at_dialog(one: Desk, opened_by: str, found: list[str]) -> None:
    await one.page.locator(opened_by).first.click()
    await one.page.wait_for_selector("#dialog[open]")
    await look(found, one.page, f"dialog of {opened_by}")
    await one.page.click("#form-not")


@in_each_language
async def test_every_part_fits_and_axe_has_nothing_to_say(language: str, desk: Open) -> None:
    dark = LANGUAGES.index(language) % 2 == 1
    one = await desk(
        busy(), "admin", locale=language, color_scheme="dark" if dark else "light", reduced_motion="reduce"
    )
    found: list[str] = []
    for part in PARTS:
        await one.open(f"?part={part}")
        await one.page.wait_for_load_state("networkidle")
        await look(found, one.page, part)
    await one.open("?part=webhooks")
    await one.page.locator(".thing", has_text=LONG_URL).locator("button").first.click()
    await one.page.wait_for_selector("#deliveries .thing")
    await look(found, one.page, "deliveries")
    await look_at_dialog(one, "#webhooks-new", found)
    await one.open("?part=allocations")
    await look_at_dialog(one, "#allocations-new", found)
    await one.open(f"?part=venues&venue={VENUE}")
    await one.page.select_option("#editor-begin", "whole")
    await one.page.wait_for_selector("#plan:visible")
    await look(found, one.page, "editor")
    await one.page.fill("#editor-text", '{"capacity": 500, "tables": [{"label": "T1"}], "colour": "red"}')
    await one.page.click("#editor-check")
    await one.page.wait_for_selector("#editor-problems li")
    await look(found, one.page, "wrong layout")
    await one.open("?part=shows")
    await look_at_dialog(one, "#shows-new", found)
    await one.page.locator("#shows .actions button").first.click()
    await one.page.fill("#field-price-0", "61")
    await one.page.click("#form-go")
    await one.page.wait_for_selector("#form-review:visible")
    await look(found, one.page, "review")
    await one.open("?part=letters")
    await one.page.locator("#letters summary").last.click()
    await look(found, one.page, "a letter")
    one.fails["GET /api/admin/logs"] = None
    await one.open("?part=log")
    await one.page.wait_for_selector(".trouble")
    await look(found, one.page, "trouble")
    await one.open("?part=keys")
    await look_at_dialog(one, "#keys-new", found)
    await one.page.click("#keys-new")
    await one.page.fill("#field-name", "box office")
    await one.page.click("#form-go")
    await one.page.wait_for_selector("#secret-dialog[open]")
    await look(found, one.page, "secret")
    assert not found, "\n".join(found)
    assert await one.page.evaluate("document.documentElement.lang") == language
