"""A browser in which scripts are switched off: led to the page that needs none, and through the whole line there."""

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Request, Route, expect

from runtime.localised import LANGUAGES
from tests.browser.checks import look, look_whether_it_fits
from tests.browser.web_room import ORIGIN, from_web_room
from tests.unit.waiting_room.hall import PATH, Hall, open_hall


async def test_without_scripts_one_is_led_to_a_page_that_needs_none_and_gets_in(browser: Browser) -> None:
    async with open_hall() as hall:
        for client in range(30):
            await hall.join(1_000 + client)
        context = await browser.new_context(
            java_script_enabled=False, viewport={"width": 360, "height": 740}, locale="en-GB"
        )
        await context.route("**/*", lambda route, request: _answer(hall, route, request))
        page = await context.new_page()
        await page.goto(f"{ORIGIN}{PATH}")
        await page.wait_for_url(f"{ORIGIN}{PATH}/plain")
        await page.get_by_role("button", name="Join the line").click()
        await expect(page.locator("#place")).to_have_text("31")
        await page.reload()
        await expect(page.locator("#place")).to_have_text("31")
        kept = {cookie["name"]: cookie for cookie in await context.cookies(f"{ORIGIN}{PATH}/plain")}
        assert kept["onsale_place"]["httpOnly"]
        await page.locator("summary").click()
        await page.get_by_role("button", name="10 people", exact=True).click()
        # Nobody has come later, so the last place is where it stays.
        await expect(page.locator("#place")).to_have_text("31")
        await hall.pass_time(4_000)
        # The page looks by itself, as often as the status says.
        await expect(page.get_by_role("button", name="Go in")).to_be_visible(timeout=15_000)
        await page.get_by_role("button", name="Go in").click()
        await expect(page.locator("#seats")).to_be_visible()
        assert (await page.locator("#pass").text_content() or "").count(".") == 2
        await context.close()


async def test_the_page_without_scripts_is_accessible_and_fits_a_phone(browser: Browser) -> None:
    # Scripts are on here, for axe: the page itself has none.
    async with open_hall() as hall:
        context = await browser.new_context(viewport={"width": 360, "height": 740}, locale="en-GB")
        await context.route("**/*", lambda route, request: _answer(hall, route, request))
        page = await context.new_page()
        found: list[str] = []
        for language in LANGUAGES:
            await page.goto(f"{ORIGIN}{PATH}/plain?lang={language}")
            await look(found, page, f"joining, {language}")
        await page.locator("form button").click()
        await page.wait_for_selector("#place")
        for language in LANGUAGES:
            await page.goto(f"{ORIGIN}{PATH}/plain?lang={language}")
            await look_whether_it_fits(found, page, f"waiting, {language}")
        assert not found, "\n".join(found)
        # Without scripts a line can only move by a page that is loaded anew; it says so, and how often.
        looked = await Axe().run(page, options={"rules": {"meta-refresh": {"enabled": False}}})
        assert looked.response["violations"] == []
        await context.close()


async def _answer(hall: Hall, route: Route, request: Request) -> None:
    """What the room answers, or the web room for a file."""
    path = request.url.removeprefix(ORIGIN)
    headers = {name: value for name, value in (await request.all_headers()).items() if not name.startswith(":")}
    headers.pop("accept-encoding", None)
    if path.startswith("/static/"):
        answer = await from_web_room(path, {"accept-encoding": "identity"})
    else:
        hall.http.cookies.clear()
        answer = await hall.http.request(request.method, path, headers=headers, content=request.post_data)
    told = {name: value for name, value in answer.headers.items() if name not in {"set-cookie", "content-length"}}
    if cookies := answer.headers.get_list("set-cookie"):
        told["set-cookie"] = "\n".join(cookies)
    await route.fulfill(status=answer.status_code, headers=told, body=answer.content)
