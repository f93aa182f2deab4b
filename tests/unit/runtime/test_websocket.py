"""The short way of websockets, and where it ends: everything beside whole texts is the library's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.types import Receive, Scope, Send

from runtime.http import HttpServer, listen
from runtime.websocket import EXTENSION, SocketProtocol

pytestmark = pytest.mark.anyio

HEAD = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
TEXT, BINARY, CONT, CLOSE, PING, FIN = 1, 2, 0, 8, 9, 0x80


def said(payload: bytes, *, opcode: int = TEXT, fin: int = FIN, mask: bytes = b"\x11\x22\x33\x44") -> bytes:
    """A client's frame."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2)
    body = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return bytes([fin | opcode]) + length + mask + body


class Listening:
    """An application that notes what it hears, and by which way."""

    def __init__(self, *, direct: bool = True) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.direct = direct
        self.ended, self.asked, self.opens = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.opens.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        line: SocketProtocol = scope["extensions"][EXTENSION]
        self.asked.set()
        await self.opens.wait()
        await send({"type": "websocket.accept"})
        if self.direct:
            line.on_text = lambda text: self.note(line, "short", text)
        while (message := await receive())["type"] != "websocket.disconnect":
            text = message.get("text")
            self.note(line, "asgi", message["bytes"] if text is None else text.encode())
        self.ended.set()

    def note(self, line: SocketProtocol, way: str, text: bytes) -> None:
        self.heard.append((way, text))
        if text == b"end":
            line.write(b"\x81\x03end")


@asynccontextmanager
async def talking(app: Listening) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection that has been let in."""
    started = asyncio.Event()
    listener = listen("127.0.0.1", 0)
    server = HttpServer(app, listener, started.set)
    task = asyncio.create_task(server.run_until_told())
    await started.wait()
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.getsockname()[1])
    try:
        writer.write(HEAD)
        async with asyncio.timeout(5):
            await reader.readuntil(b"\r\n\r\n")
            yield reader, writer
    finally:
        writer.close()
        await server.stop(task)
        listener.close()


async def test_whole_texts_go_the_short_way_however_they_are_cut() -> None:
    texts = [b"", b"a", b"b" * 125, b"c" * 126, b"d" * 60_000, b"end"]
    stream = b"".join(said(text) for text in texts)
    for step in (len(stream), 1 << 14, 7_001):
        app = Listening()
        async with talking(app) as (reader, writer):
            for at in range(0, len(stream), step):
                writer.write(stream[at : at + step])
                await writer.drain()
            assert await reader.readexactly(5) == b"\x81\x03end"
        assert app.heard == [("short", text) for text in texts]


async def test_a_frame_that_comes_byte_by_byte_is_heard_once() -> None:
    app = Listening()
    async with talking(app) as (reader, writer):
        for byte in said(b"x" * 130) + said(b"end"):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        await reader.readexactly(5)
    assert app.heard == [("short", b"x" * 130), ("short", b"end")]


async def test_fragments_binaries_and_pings_are_the_librarys_and_order_is_kept() -> None:
    app = Listening()
    async with talking(app) as (reader, writer):
        writer.write(said(b"one") + said(b"ping", opcode=PING))
        assert await reader.readexactly(6) == b"\x8a\x04ping"
        writer.write(said(b"tw", fin=0) + said(b"o", opcode=CONT) + said(b"three", opcode=BINARY))
        writer.write(said(b"end"))
        assert await reader.readexactly(5) == b"\x81\x03end"
        writer.write(said(b"\x03\xe8", opcode=CLOSE))
        assert await reader.readexactly(4) == b"\x88\x02\x03\xe8"
        await app.ended.wait()
    assert sorted(app.heard) == [("asgi", b"three"), ("asgi", b"two"), ("short", b"end"), ("short", b"one")]


@pytest.mark.parametrize(
    ("mistake", "code"),
    [
        (b"\x81\x01a", 1002),
        (bytes([0xC1]) + said(b"reserved")[1:], 1002),
        (said(b"a", opcode=CONT), 1002),
        (said(b"a", opcode=3), 1002),
        (said(b"a", fin=0) + said(b"b"), 1002),
        (b"\x81\xff" + (1 << 40).to_bytes(8) + bytes(4), 1009),
    ],
)
async def test_a_mistake_closes_the_socket_as_the_library_does(mistake: bytes, code: int) -> None:
    for direct in (True, False):
        app = Listening(direct=direct)
        async with talking(app) as (reader, writer):
            writer.write(mistake + said(b"never heard"))
            answer = await reader.read()
            assert answer[0] == 0x88
            assert int.from_bytes(answer[2:4]) == code
            await app.ended.wait()
        assert app.heard == []


async def test_who_speaks_before_it_is_let_in_is_heard_by_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    spoke = asyncio.Event()
    receive = SocketProtocol.data_received

    def received(self: SocketProtocol, data: bytes) -> None:
        receive(self, data)
        if data == early[:3]:
            spoke.set()

    monkeypatch.setattr(SocketProtocol, "data_received", received)
    app = Listening()
    app.opens.clear()
    started = asyncio.Event()
    listener = listen("127.0.0.1", 0)
    server = HttpServer(app, listener, started.set)
    task = asyncio.create_task(server.run_until_told())
    await started.wait()
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.getsockname()[1])
    early = said(b"early")
    async with asyncio.timeout(5):
        writer.write(HEAD)
        await app.asked.wait()
        writer.write(early[:3])
        await spoke.wait()
        app.opens.set()
        await reader.readuntil(b"\r\n\r\n")
        writer.write(early[3:] + said(b"end"))
        await reader.readexactly(5)
    writer.close()
    await server.stop(task)
    listener.close()
    assert app.heard == [("asgi", b"early"), ("asgi", b"end")]
