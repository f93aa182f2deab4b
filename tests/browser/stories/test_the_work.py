"""The work that a rush asks of a join is done by the page itself, and the room's own check takes it."""

import json
from typing import Any
from uuid import UUID

from playwright.async_api import Browser, Error, Page, Request, Route

from tests.browser.web_room import ORIGIN, from_web_room
from tests.unit.waiting_room.hall import open_hall
from ticketing.vocabulary import show_text
from waiting_room.pages import read_room_page
from waiting_room.pressure import CLEARING_STEP
from waiting_room.proofs import Proofs

SHOW = 0xAB
NOW_MS = 1_800_000_000_000
PROOFS = Proofs(["a secret of the server"])


class Rush:
    """The room's answers without its servers: the real page, the real modules, the real challenges and checks."""

    def __init__(self, status: dict[str, Any]) -> None:
        self.status = status
        self.shown: list[int] = []
        self.challenged = 0

    async def answer(self, route: Route, request: Request) -> None:
        path = request.url.removeprefix(ORIGIN)
        if request.method == "POST" and path.endswith("/entries"):
            await self._join(route, json.loads(request.post_data or "{}"))
        elif path.endswith("/status"):
            await route.fulfill(json=self.status)
        elif path == f"/room/{show_text(SHOW)}":
            await route.fulfill(body=read_room_page().render(show_text(SHOW), "en"), content_type="text/html")
        elif path.startswith("/static/"):
            file = await from_web_room(path, {})
            await route.fulfill(body=file.content, content_type=file.headers["content-type"])
        else:
            await route.fulfill(status=404, json={"code": "not_found"})

    async def _join(self, route: Route, body: dict[str, Any]) -> None:
        client = UUID(body["client_id"])
        step = PROOFS.step_shown(body.get("proof", ""), SHOW, client, NOW_MS)
        self.shown.append(step)
        if step < CLEARING_STEP:
            self.challenged += 1
            challenge = PROOFS.challenge(SHOW, client, CLEARING_STEP, NOW_MS)
            told = {"code": "work_needed", "title": "Work", "challenge": challenge, "retry_after_s": 5}
            await route.fulfill(status=429, json=told)
            return
        place = {"entry": "ent_" + "0" * 32, "n": 7, "place": 7, "line": "general", "ticket": "a.b.c"}
        await route.fulfill(status=201, json=place)


async def rush(page: Page) -> Rush:
    async with open_hall() as hall:
        for client in range(20):
            await hall.join(client)
        found = Rush(await hall.status())
    await page.route("**/*", found.answer)
    return found


async def test_the_page_does_the_work_that_a_join_is_asked_for(browser: Browser) -> None:
    page = await browser.new_page()
    errors: list[str] = []

    def went_wrong(error: Error) -> None:
        errors.append(str(error))

    page.on("pageerror", went_wrong)
    found = await rush(page)
    await page.goto(f"{ORIGIN}/room/{show_text(SHOW)}")
    await page.click("#join-now:enabled")
    await page.wait_for_selector("#waiting:visible")
    assert await page.inner_text("#place") == "7"
    # Once without, once with what was asked for; and that much and no less.
    assert found.shown == [0, CLEARING_STEP]
    assert errors == []
    await page.close()


async def test_a_solved_challenge_is_for_one_client_and_one_show(browser: Browser) -> None:
    page = await browser.new_page()
    await rush(page)
    await page.goto(f"{ORIGIN}/room/{show_text(SHOW)}")
    own, other = UUID(int=1), UUID(int=2)
    challenge = PROOFS.challenge(SHOW, own, 1, NOW_MS)
    proof = await page.evaluate("async (it) => (await import('/static/room/work.js')).solve(it)", challenge)
    assert PROOFS.step_shown(proof, SHOW, own, NOW_MS) == 1
    assert PROOFS.step_shown(proof, SHOW, other, NOW_MS) == 0
    assert PROOFS.step_shown(proof, SHOW + 1, own, NOW_MS) == 0
    await page.close()
