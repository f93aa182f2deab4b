"""Everything up once, one browser, and as many phones as a story needs."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bench.chromium import VARIABLE

# Without a browser there is nothing to tell; `python -m tests.browser` names the one that it found.
collect_ignore_glob = [] if VARIABLE in os.environ else ["*.py"]

if VARIABLE in os.environ:
    from playwright.async_api import Browser, expect

    from tests.browser.desk import Desk
    from tests.browser.house import House, running_house
    from tests.browser.phone import ANSWER_TIMEOUT_MS, Phone, new_phone, running_browser
    from tests.unit.ingress.stage import Stage

    # As patient as every other wait here: on a busy machine a page takes longer than the five seconds that are usual.
    expect.set_options(timeout=ANSWER_TIMEOUT_MS)
    WENT_WRONG = pytest.StashKey[bool]()
    SHOTS = Path(".onsale", "browser")
    """Pictures of what went wrong."""

    @pytest.fixture(scope="session")
    async def house(anyio_backend: str) -> AsyncIterator[House]:
        """Everything up, and its owner's keys."""
        async with running_house() as opened:
            yield opened

    @pytest.fixture(scope="session")
    async def browser(anyio_backend: str) -> AsyncIterator[Browser]:
        """One for all stories."""
        async with running_browser() as started:
            yield started

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """What the phones showed when a story went wrong is asked for by their fixture."""
        report = yield
        if report.when == "call":
            item.stash[WENT_WRONG] = report.failed
        return report

    async def _look_back(story: pytest.Item, phones: list[Phone]) -> None:
        """What the phones of a story that went wrong show at its end, as pictures and in words. None of them may have
        met an error that nobody caught."""
        if story.stash.get(WENT_WRONG, True):
            for number, one in enumerate(phones):
                # First in words: where pictures are not to be had, that is all there is.
                print(f"phone {number} at {one.page.url}:", await one.page.inner_text("body"), sep="\n")
                await one.page.screenshot(path=SHOTS / f"{story.name}-{number}.png", full_page=True)
        assert [error for one in phones for error in one.errors] == []

    @pytest.fixture
    async def phone(
        request: pytest.FixtureRequest, house: House, browser: Browser
    ) -> AsyncIterator[Callable[..., Awaitable[Phone]]]:
        """Hands out phones. At the end none of them may have met an error that nobody caught."""
        async with AsyncExitStack() as stack:
            phones: list[Phone] = []

            async def hand_out(**options: object) -> Phone:
                made = await new_phone(browser, house.url, **options)
                stack.push_async_callback(made.context.close)
                phones.append(made)
                return made

            yield hand_out
            await _look_back(request.node, phones)

    @pytest.fixture
    async def desk(request: pytest.FixtureRequest, browser: Browser) -> AsyncIterator[Callable[..., Awaitable[Desk]]]:
        """Hands out portals over the API in memory: `desk(stage, *roles, partner=…, **options)`."""
        async with AsyncExitStack() as stack:
            phones: list[Phone] = []

            async def hand_out(stage: Stage, *roles: str, partner: str = "", **options: object) -> Desk:
                phone = await new_phone(browser, "", **options)
                stack.push_async_callback(phone.context.close)
                phones.append(phone)
                made = Desk(phone.page, stage, roles, partner)
                await phone.page.route("**/*", made.answer)
                return made

            yield hand_out
            await _look_back(request.node, phones)
