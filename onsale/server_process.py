"""`onsale up` as a child of a demo: told to end when we do, however we end."""

import asyncio
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from onsale.launching import end, launch
from onsale.running import RunningNow, read_state

STOP_TIMEOUT_S = 60.0

Result = TypeVar("Result")


class UpFailed(Exception):
    """`onsale up` ended before everything answered, where it has said why itself; or while somebody needed it."""


class Announced(msgspec.Struct, frozen=True):
    """The line that `onsale up --json` prints."""

    pid: int
    data_dir: str
    url: str
    admin_key: str
    sandbox_key: str
    show: str


@dataclass(frozen=True)
class ServerProcess:
    """A running `onsale up`."""

    announced: Announced
    process: Process

    def running(self) -> RunningNow | None:
        """Its children and their restarts, as it last wrote them down."""
        return read_state(Path(self.announced.data_dir))

    def child(self, name: str) -> int | None:
        """The process id of one of them; None when it does not run at the moment."""
        running = self.running()
        return None if running is None else running.children.get(name)

    async def ended(self) -> None:
        """Return once it has."""
        await self.process.wait()

    async def during(self, work: Coroutine[None, None, Result]) -> Result:
        """What `work` gives, as long as we run. Raises `UpFailed` as soon as we do not, and ends `work` then."""
        working, ending = asyncio.create_task(work), asyncio.create_task(self.process.wait())
        try:
            await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            raise UpFailed(f"onsale up ended (exit code {ending.result()}), and with it the sale")
        finally:
            for task in (working, ending):
                task.cancel()
            await asyncio.gather(working, ending, return_exceptions=True)


@asynccontextmanager
async def server_process(arguments: list[str], environment: Mapping[str, str]) -> AsyncIterator[ServerProcess]:
    """Everything up for as long as the context is open, and ended in order after it. Raises `UpFailed`."""
    process = await launch(
        ["-m", "onsale", "up", "--json", *arguments],
        # An orderly stop if we die: it takes its own children and the servers down with it.
        death_signal=signal.SIGTERM,
        stdout=PIPE,
        environment=environment,
    )
    try:
        assert process.stdout is not None
        line = await process.stdout.readline()
        if not line:
            raise UpFailed
        yield ServerProcess(msgspec.json.decode(line, type=Announced), process)
    finally:
        await end(process, STOP_TIMEOUT_S)
