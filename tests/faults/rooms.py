"""Rooms as processes of a scenario, which may be killed, stopped and woken."""

import asyncio
import os
import signal
import ssl
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec

from infra.embedded.processes import LAUNCHER, free_port, log_tail

ROOT = Path(__file__).resolve().parents[2]
READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0
POLL_S = 0.03
TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""A client is made for each question, which is plain HTTP: reading the certificates of the world for it takes longer
than the answer."""

T = TypeVar("T")


async def until(condition: Callable[[], Awaitable[T | None]], timeout_s: float) -> T:
    """What the condition says once that is something. Raises TimeoutError.

    Asked again and again, because what is waited for happens in another process.
    """
    async with asyncio.timeout(timeout_s):
        while True:
            if found := await condition():
                return found
            await asyncio.sleep(POLL_S)


@dataclass(frozen=True)
class Place:
    """Where a process lives: its address there, and the words before its command line that take it there."""

    host: str = "127.0.0.1"
    within: tuple[str, ...] = ()


HERE = Place()
KEEP = "-1"


def ending_with_us(number: signal.Signals, place: Place = HERE) -> tuple[str, ...]:
    """The words before a command line by which it lives at `place`, and is sent this signal should we die."""
    return (*place.within, sys.executable, "-I", "-S", str(LAUNCHER), str(int(number)), str(os.getpid()), KEEP, KEEP)


class RoomFailed(Exception):
    """A room ended or did not become ready; the text ends with the tail of its log."""


@dataclass
class Room:
    """`python -m <module>`, answering HTTP on `port`."""

    module: str
    port: int
    process: asyncio.subprocess.Process
    log: Path
    host: str = HERE.host

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def is_running(self) -> bool:
        return self.process.returncode is None

    async def kill(self) -> None:
        """kill -9, and wait until the kernel has taken it away."""
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    def pause(self) -> None:
        """SIGSTOP: it keeps its connections and does nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)

    async def stop(self) -> None:
        """An orderly stop, or the other one when that takes too long."""
        if not self.is_running:
            return
        self.wake()
        self.process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self.process.wait()
        except TimeoutError:
            await self.kill()

    async def until_said(self, event: str, timeout_s: float, **content: Any) -> list[dict[str, Any]]:
        """`said`, once there is one; none after `timeout_s`."""

        async def found() -> list[dict[str, Any]]:
            return self.said(event, **content)

        with suppress(TimeoutError):
            return await until(found, timeout_s)
        return []

    def said(self, event: str, **content: Any) -> list[dict[str, Any]]:
        """The lines of its log with this event and this content."""
        found = []
        for raw in self.log.read_bytes().splitlines():
            with suppress(msgspec.DecodeError):
                line = msgspec.json.decode(raw)
                if isinstance(line, dict) and line.get("event") == event and content.items() <= line.items():
                    found.append(line)
        return found

    def tell(self, line: str) -> None:
        """A line on its standard input, if it still listens."""
        if self.process.stdin is not None and self.is_running:
            self.process.stdin.write(line.encode() + b"\n")

    async def is_ready(self) -> bool:
        """Whether `/readyz` says so."""
        return not await self.lacks()

    async def lacks(self) -> str:
        """What `/readyz` says that it lacks; nothing when it is ready."""
        try:
            async with httpx.AsyncClient(verify=TRUSTS_NOBODY) as client:
                answer = await client.get(f"{self.url}/readyz")
        except httpx.TransportError as error:
            return repr(error)
        return "" if answer.is_success else answer.text

    async def until_ready(self) -> None:
        """Until `/readyz` says so. Raises RoomFailed."""

        lacks = "was not asked"

        async def settled() -> bool:
            nonlocal lacks
            lacks = await self.lacks()
            return not self.is_running or not lacks

        with suppress(TimeoutError):
            await until(settled, READY_TIMEOUT_S)
        if lacks or not self.is_running:
            raise RoomFailed(f"{self.module} is not ready: {lacks}\n{log_tail(self.log)}")


async def start_room(
    module: str,
    arguments: tuple[str, ...],
    environment: Mapping[str, str],
    log: Path,
    *,
    talks: bool = False,
    port: int | None = None,
    root: Path = ROOT,
    place: Place = HERE,
) -> Room:
    """A room that dies with this process. `talks`: its standard input is a pipe of ours; `port`: a free one; `root`:
    where its code is."""
    port = port or free_port()
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *ending_with_us(signal.SIGKILL, place),
            sys.executable,
            "-m",
            module,
            *arguments,
            stdin=asyncio.subprocess.PIPE if talks else asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=root,
            env={**os.environ, **environment, "ONSALE_HOST": place.host, "ONSALE_PORT": str(port)},
        )
    return Room(module, port, process, log, place.host)
