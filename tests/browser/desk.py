"""The portal over the API itself, in memory: the real page and the real calls, and nothing that has to be started."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Page, Request, Route

from tests.browser.web_room import ORIGIN, from_web_room
from tests.unit.ingress.at_pages import HALF, Visitor
from tests.unit.ingress.stage import Stage

NOT_OURS = {"content-length", "transfer-encoding", "content-encoding"}


@dataclass
class Desk:
    """One browser page in front of a stage, with somebody signed in; and what goes wrong between the two.

    `fails`: calls (method and path) that are answered as it says, with a status and a problem, or not at all (None).
    `waits`: calls whose answer is kept back until the event is set. `asked`: what was asked for, in order.
    """

    page: Page
    stage: Stage
    roles: tuple[str, ...]
    partner: str
    fails: dict[str, tuple[int, Mapping[str, Any]] | None] = field(default_factory=dict)
    waits: dict[str, asyncio.Event] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.visitor = Visitor(self.stage, *self.roles, partner=self.partner)

    async def open(self, query: str = "") -> None:
        """The portal, or a part of it, at the moment in which the stage is."""
        await self.page.clock.set_fixed_time(self.stage.clock.now_ms() / 1000)
        await self.page.goto(f"{ORIGIN}/partners{query}")
        await self.page.wait_for_selector("#loading", state="hidden")

    async def answer(self, route: Route, request: Request) -> None:
        """Whatever the page asks for."""
        url = urlsplit(request.url)
        call = f"{request.method} {url.path}"
        if url.path.startswith(("/api/", "/sign-in/")):
            self.asked.append(call)
        if call in self.waits:
            await self.waits[call].wait()
        if call in self.fails:
            failure = self.fails[call]
            await (route.abort() if failure is None else route.fulfill(status=failure[0], json=dict(failure[1])))
        elif url.path == "/sign-in/me":
            known = {"name": "Ann Example", "roles": sorted(self.roles), "partner": self.partner, "csrf": HALF}
            await route.fulfill(json=known)
        elif url.path.startswith("/api/"):
            await self._ask(route, request, f"{url.path}?{url.query}" if url.query else url.path)
        else:
            file = await from_web_room(f"{url.path}?{url.query}", {"accept-language": "en"} | request.headers)
            await route.fulfill(status=file.status_code, body=file.content, headers=_passed_on(file.headers))

    async def _ask(self, route: Route, request: Request, target: str) -> None:
        given = {name: value for name, value in request.headers.items() if name in {"prefer", "accept"}}
        reply = await self.visitor.call(
            request.method,
            target,
            request.post_data_buffer,
            half=request.headers.get("x-csrf-token", ""),
            of=request.headers.get("x-onsale-key", ""),
            key=request.headers.get("idempotency-key"),
            headers=given,
        )
        await route.fulfill(status=reply.status, body=reply.raw, headers=_passed_on(reply.headers))


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in NOT_OURS}


Open = Callable[..., Awaitable[Desk]]
"""`open_desk(stage, *roles, partner=…, **options of a browser context)`."""
