"""What happens to a demo when the server dies under it, and to the fans when the sale is over."""

import asyncio
import gc
import signal
import sys
from typing import Any

import pytest

from onsale.crowd import director
from onsale.crowd.director import LineWatch, send_in
from onsale.crowd.fan import Fan
from onsale.crowd.habits import draw_plans
from onsale.crowd.http import HttpClient
from onsale.crowd.sale import Sale
from onsale.server_process import Announced, ServerProcess, UpFailed

pytestmark = pytest.mark.anyio


async def test_a_server_that_dies_ends_what_needed_it() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE)
    server = ServerProcess(Announced(process.pid, "", "", "", "", ""), process)
    ended = asyncio.Event()

    async def work() -> None:
        try:
            process.send_signal(signal.SIGKILL)
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(UpFailed, match="ended"):
        await server.during(work())
    assert ended.is_set()


async def test_what_comes_of_work_is_given_while_the_server_runs() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE)
    server = ServerProcess(Announced(process.pid, "", "", "", "", ""), process)
    try:
        assert await server.during(asyncio.sleep(0, "sold")) == "sold"
    finally:
        process.kill()
        await process.wait()


async def test_fans_who_stay_too_long_are_sent_home_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))

    async def stays(self: Fan) -> None:
        await asyncio.Event().wait()

    async def watches(sale: Sale, line: LineWatch) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Fan, "visit", stays)
    monkeypatch.setattr(director, "_watch", watches)
    monkeypatch.setattr(director, "LEAVE_S", 0.0)
    sale = Sale(http=HttpClient("127.0.0.1", 1), show="shw_1", venue="ven_1", places=20, seed=1)
    sale.over.set()
    await send_in(sale, draw_plans(1, 3, 0.0), LineWatch(), timeout_s=10.0)
    gc.collect()
    assert complaints == []
