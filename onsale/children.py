"""The rooms that run as processes of their own: started, started again when they die, gone when we are."""

import asyncio
import signal
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import structlog

from onsale.launching import end, home_of, launch
from runtime.process import RunningRoom

STEADY_S = 10.0
"""A child that lived this long died of something new: it is started again at once."""
BACKOFF_FIRST_S = 0.2
BACKOFF_MAX_S = 5.0
STOP_TIMEOUT_S = 10.0
STANDBY_AFTER_S = 3.0
"""A new child is left alone for so long before the next one gets ready beside it."""

log = structlog.get_logger(__name__)


class Children:
    """The processes of `rooms`, each a package with a `__main__`; a room named twice runs twice.

    They inherit this process's environment (with that of their room in `environments` on top), and the kernel kills
    them when it dies. Beside each another one stands ready to take over. `on_change` is called with the process ids by
    name and the number of restarts by name, `say` with a line for people when one has died.
    In `targets_dir` each says where its metrics are, in a file named for it.
    """

    def __init__(
        self,
        rooms: Sequence[str],
        log_dir: Path,
        on_change: Callable[[dict[str, int], dict[str, int]], None],
        say: Callable[[str], None],
        environments: Mapping[str, Mapping[str, str]] | None = None,
        *,
        targets_dir: Path | None = None,
    ) -> None:
        names = [
            f"{_short(room)}-{rooms[:at].count(room) + 1}" if rooms.count(room) > 1 else _short(room)
            for at, room in enumerate(rooms)
        ]
        self._rooms = dict(zip(names, rooms, strict=True))
        self._log_dir = log_dir
        self._on_change = on_change
        self._say = say
        self._environments = environments or {}
        self._targets_dir = targets_dir
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
        standby: Process | None = None
        try:
            while not self._stopping.is_set():
                began_s = loop.time()
                ready = standby is not None and standby.returncode is None
                process = standby if standby is not None and ready else await self._start(name)
                code, standby = await self._run(name, process)
                if self._stopping.is_set():
                    return
                self.restarts[name] += 1
                if loop.time() - began_s > STEADY_S:
                    backoff_s = 0.0
                log.warning("a child died and is started again", child=name, code=code, in_s=backoff_s)
                self._say(f"{name} ended with code {code} and is started again; its log is {self._log(name)}")
                await self._pause(backoff_s)
                backoff_s = min(max(2 * backoff_s, BACKOFF_FIRST_S), BACKOFF_MAX_S)
        finally:
            if standby is not None:
                await end(standby, STOP_TIMEOUT_S)

    async def _run(self, name: str, process: Process) -> tuple[int | None, Process | None]:
        """Its exit code once it has ended (None: we stop), and the one that stands ready by then."""
        getting_ready: asyncio.Task[Process | None] | None = None
        try:
            assert process.stdin is not None
            process.stdin.write(b"begin\n")
            self.pids[name] = process.pid
            self._on_change(self.pids, self.restarts)
            getting_ready = asyncio.create_task(self._get_ready(name))
            ended = asyncio.ensure_future(process.wait())
            stopping = asyncio.ensure_future(self._stopping.wait())
            await asyncio.wait([ended, stopping], return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            return process.returncode, getting_ready.result() if getting_ready.done() else None
        finally:
            del self.pids[name]
            await self._end_all(process, getting_ready)

    async def _end_all(self, process: Process, getting_ready: "asyncio.Task[Process | None] | None") -> None:
        await end(process, STOP_TIMEOUT_S)
        if getting_ready is None:
            return
        if not getting_ready.done():
            getting_ready.cancel()
            with suppress(asyncio.CancelledError):
                await getting_ready
        elif self._stopping.is_set() and (standby := getting_ready.result()) is not None:
            await end(standby, STOP_TIMEOUT_S)

    async def _get_ready(self, name: str) -> Process | None:
        await self._pause(STANDBY_AFTER_S)
        return None if self._stopping.is_set() else await self._start(name)

    async def _start(self, name: str) -> Process:
        room = self._rooms[name]
        path = self._log(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as output:
            return await launch(
                ["-m", "onsale.standby", room],
                death_signal=signal.SIGKILL,
                stdin=PIPE,
                stdout=output,
                stderr=STDOUT,
                environment={**self._environments.get(room, {}), **self._scraped(name)},
                directory=home_of(room),
            )

    def _scraped(self, name: str) -> dict[str, str]:
        if self._targets_dir is None:
            return {}
        return {"ONSALE_METRICS_TARGET": str(self._targets_dir / f"{name}.json"), "ONSALE_METRICS_PORT": "0"}

    def _log(self, name: str) -> Path:
        return self._log_dir / f"{name}.log"

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return


def _short(room: str) -> str:
    return room.rpartition(".")[2]
