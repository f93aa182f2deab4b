"""A server with bounds, and clients who say what they like, byte for byte."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime.direct import DirectRoutes, Exchange
from runtime.http import HttpServer, listen
from runtime.http_limits import DEFAULTS, HttpLimits

LONG_S = 30.0


@dataclass
class Room:
    """Reads whole bodies and says how long they were; `/huge` answers more than any buffer takes."""

    bodies: list[int] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    unread: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await receive()
            return
        try:
            await self._answer(scope, receive, send)
        finally:
            self.ended.set()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        length, more = 0, not self.unread
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            length, more = length + len(message["body"]), message.get("more_body", False)
        self.bodies.append(length)
        body = b"z" * 50_000_000 if scope["path"] == "/huge" else b"fine"
        start: Message = {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-length", b"%d" % len(body))],
        }
        await send(start)
        await send({"type": "http.response.body", "body": body})


def take(exchange: Exchange) -> bool:
    """A route below the application, for whole requests."""
    exchange.answer(200, b"content-length: 6\r\n", b"direct")
    return True


DIRECT: DirectRoutes = {(b"POST", b"/direct"): take}


@asynccontextmanager
async def served(app: ASGIApp, direct: DirectRoutes | None = None, limits: HttpLimits = DEFAULTS) -> AsyncIterator[int]:
    """The port of a server."""
    listener, started = listen("127.0.0.1", 0), asyncio.Event()
    server = HttpServer(app, listener, started.set, limits, direct)
    task = asyncio.create_task(server.run_until_told())
    await started.wait()
    try:
        yield listener.getsockname()[1]
    finally:
        await server.stop(task)
        listener.close()


@asynccontextmanager
async def serving(room: Room, **limits: Any) -> AsyncIterator[int]:
    """The port of a server; every bound that is not named is far away."""
    far = {"head_s": LONG_S, "body_s": LONG_S, "unread_s": LONG_S, "idle_s": 30, "linger_s": 0.1}
    async with served(room, DIRECT, HttpLimits(**far | limits)) as port:
        yield port


@dataclass
class Client:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def answer(self) -> tuple[int, dict[bytes, bytes], bytes]:
        """One whole answer: status, headers, body."""
        async with asyncio.timeout(5):
            first, *lines = (await self.reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
            headers = dict(line.split(b": ", 1) for line in lines if line)
            return int(first.split()[1]), headers, await self.reader.readexactly(int(headers[b"content-length"]))

    async def rest(self) -> bytes:
        """All that comes until the server closes, however it does: without a word it does not wait to be heard out."""
        try:
            async with asyncio.timeout(5):
                return await self.reader.read()
        except ConnectionError:
            return b""


@asynccontextmanager
async def client(port: int) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
