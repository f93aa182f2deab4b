"""Everything up once, one browser, and as many phones as a story needs."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

from onsale.server_process import Announced, server_process
from tests.browser.finding import RUNNING, VARIABLE
from tests.servers import run_directory

# Without a browser there is nothing to tell; `python -m tests.browser` names the one that it found.
collect_ignore_glob = [] if VARIABLE in os.environ else ["*.py"]

if VARIABLE in os.environ:
    from playwright.async_api import Browser, async_playwright

    from tests.browser.desk import Desk
    from tests.browser.house import House, open_house
    from tests.browser.phone import Phone, new_phone
    from tests.unit.ingress.stage import Stage

    OPTIONS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
    ENVIRONMENT = {"ONSALE_ROOM_POLL_CEILING_S": "1", "ONSALE_ROOM_CHOOSING_S": "0"}

    WENT_WRONG = pytest.StashKey[bool]()
    SHOTS = Path(".onsale", "browser")
    """Pictures of what went wrong."""

    @pytest.fixture(scope="session")
    async def house(anyio_backend: str) -> AsyncIterator[House]:
        """`onsale up` in a directory of its own, or one that runs already, and its owner's key."""
        if RUNNING in os.environ:
            async with open_house(_announced(Path(os.environ[RUNNING]))) as opened:
                yield opened
            return
        with run_directory() as directory:
            async with (
                server_process(["--port", "0", "--data-dir", str(directory / "data")], ENVIRONMENT) as server,
                open_house(server.announced) as opened,
            ):
                yield opened

    def _announced(file: Path) -> Announced:
        return msgspec.json.decode(file.read_bytes(), type=Announced)

    @pytest.fixture(scope="session")
    async def browser(anyio_backend: str) -> AsyncIterator[Browser]:
        """The browser. As root it needs to be told that it may run without its own sandbox."""
        async with async_playwright() as playwright:
            started = await playwright.chromium.launch(executable_path=Path(os.environ[VARIABLE]), args=OPTIONS)
            yield started
            await started.close()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """What the phones showed when a story went wrong is asked for by their fixture."""
        report = yield
        if report.when == "call":
            item.stash[WENT_WRONG] = report.failed
        return report

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
            if request.node.stash.get(WENT_WRONG, True):
                for number, one in enumerate(phones):
                    await one.page.screenshot(path=SHOTS / f"{request.node.name}-{number}.png", full_page=True)
            assert [error for one in phones for error in one.errors] == []

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
            if request.node.stash.get(WENT_WRONG, True):
                for number, one in enumerate(phones):
                    await one.page.screenshot(path=SHOTS / f"{request.node.name}-{number}.png", full_page=True)
            assert [error for one in phones for error in one.errors] == []
