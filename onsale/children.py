"""The rooms that run as processes of their own: started, started again when they die, gone when we are."""

import asyncio
import importlib.util
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import structlog

from infra.embedded import processes
from infra.embedded.processes import Commands
from runtime.process import RunningRoom

STEADY_S = 10.0
"""A child that lived this long died of something new: it is started again at once."""
BACKOFF_FIRST_S = 0.2
BACKOFF_MAX_S = 5.0
STOP_TIMEOUT_S = 10.0

log = structlog.get_logger(__name__)


class Children:
    """The processes of `rooms`, each a package with a `__main__`; a room named twice runs twice.

    They inherit this process's environment and the kernel kills them when it dies. `on_change` is called with the
    process ids by name and the number of restarts by name, `say` with a line for people when one has died.
    """

    def __init__(
        self,
        rooms: Sequence[str],
        log_dir: Path,
        on_change: Callable[[dict[str, int], dict[str, int]], None],
        say: Callable[[str], None],
    ) -> None:
        names = [
            f"{room}-{rooms[:at].count(room) + 1}" if rooms.count(room) > 1 else room for at, room in enumerate(rooms)
        ]
        self._rooms = dict(zip(names, rooms, strict=True))
        self._log_dir = log_dir
        self._on_change = on_change
        self._say = say
        self._stopping = asyncio.Event()
        self.pids: dict[str, int] = {}
        self.restarts = dict.fromkeys(names, 0)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[RunningRoom]:
        """As a part of the process, to be run along with the rooms."""
        yield RunningRoom(
            name="children",
            tasks=[partial(self._keep, name) for name in self._rooms],
            ready=lambda: [f"{name} does not run" for name in self._rooms if name not in self.pids],
            request_stop=self._stopping.set,
        )

    async def _keep(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        backoff_s = 0.0
        while not self._stopping.is_set():
            began_s = loop.time()
            code = await self._run(name)
            if self._stopping.is_set():
                return
            self.restarts[name] += 1
            if loop.time() - began_s > STEADY_S:
                backoff_s = 0.0
            log.warning("a child died and is started again", child=name, code=code, in_s=backoff_s)
            self._say(f"{name} ended with code {code} and is started again; its log is {self._log(name)}")
            await self._pause(backoff_s)
            backoff_s = min(max(2 * backoff_s, BACKOFF_FIRST_S), BACKOFF_MAX_S)

    async def _run(self, name: str) -> int | None:
        commands = command_of(self._rooms[name])
        process = await processes.start(commands, self._log(name))
        try:
            self.pids[name] = process.pid
            self._on_change(self.pids, self.restarts)
            ended = asyncio.ensure_future(process.wait())
            stopping = asyncio.ensure_future(self._stopping.wait())
            await asyncio.wait([ended, stopping], return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            return process.returncode
        finally:
            del self.pids[name]
            await processes.stop(process, commands)

    def _log(self, name: str) -> Path:
        return self._log_dir / f"{name}.log"

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return


def command_of(package: str) -> Commands:
    """How to run a package of ours as a process: from where it lies, so that it is found without an installation."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"{package} is not installed")
    return Commands(
        run=[sys.executable, "-m", package],
        stop_signal=signal.SIGTERM,
        stop_timeout_s=STOP_TIMEOUT_S,
        directory=Path(found.origin).parents[1],
    )
