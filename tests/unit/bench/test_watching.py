"""The cheap sockets read frames of every size, in whatever pieces they come."""

import asyncio

import pytest

from bench.raw_fanout import server_frame
from bench.watching import CHANGED, Listeners, listen

pytestmark = pytest.mark.anyio

UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
CHANGE = b"{" + CHANGED + b"}"


def small_frame(payload: bytes) -> bytes:
    return bytes([0x81, len(payload)]) + payload


def large_frame(payload: bytes) -> bytes:
    return bytes([0x81, 127]) + len(payload).to_bytes(8) + payload


@pytest.mark.parametrize("piece_bytes", [1, 7, 100_000])
def test_frames_of_every_size_are_heard_once(piece_bytes: int) -> None:
    listeners = Listeners("/", 1)
    socket = listeners.new_socket()
    texts = [CHANGE, CHANGE.ljust(300), CHANGE.ljust(70_000)]
    raw = UPGRADED + small_frame(texts[0]) + server_frame(texts[1]) + large_frame(texts[2])
    for first in range(0, len(raw), piece_bytes):
        socket.data_received(raw[first : first + piece_bytes])
    assert [(text, len(at_ms)) for text, at_ms in listeners.heard.items()] == [(text, 1) for text in texts]


async def test_a_socket_that_the_server_closes_is_no_result() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(UPGRADED + small_frame(b'{"type":"welcome"}'))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConnectionError):
            await listen(port, "/", 3, 0.2, lambda: None)
