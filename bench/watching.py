"""Many websockets that listen, cheaply: `python -m bench.watching PORT PATH SOCKETS LISTEN_S FILE`.

Opens the sockets, says hello on each, prints a line when all were welcomed, listens, and writes what was heard of
`seat_status_changed` to FILE: each frame's text, and when each socket that heard it did.
"""

import asyncio
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import msgspec
import uvloop

from bench.load import BEGUN, HEAD_END
from ticketing.clock import SystemClock

OPEN_AT_ONCE = 200
PATIENCE_S = 60.0
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
HELLO = b'{"type":"hello"}'
CHANGED, WELCOME = b'"seat_status_changed"', b'"welcome"'
SHORT, LONG = struct.Struct(">H"), struct.Struct(">Q")
LENGTH_IN_TWO, LENGTH_IN_EIGHT = 126, 127


class Heard(msgspec.Struct, frozen=True):
    """One public frame, and the moments (ms since 1970) at which sockets heard it."""

    text: bytes
    at_ms: list[int]


def masked(opcode: int, payload: bytes) -> bytes:
    """A client's frame of at most 65535 bytes; its mask is zero, which leaves the payload as it is."""
    size = len(payload)
    if size < LENGTH_IN_TWO:
        return bytes([0x80 | opcode, 0x80 | size, 0, 0, 0, 0]) + payload
    return bytes([0x80 | opcode, 0x80 | LENGTH_IN_TWO]) + SHORT.pack(size) + bytes(4) + payload


def upgrade(path: str) -> bytes:
    """The request for a websocket."""
    return (
        f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
        "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "sec-websocket-protocol: onsale.v1+json\r\n\r\n"
    ).encode()


class Listeners:
    """What all sockets share."""

    def __init__(self, path: str, sockets: int) -> None:
        self.greeting = upgrade(path)
        self._sockets = sockets
        self._welcomed = 0
        self._clock = SystemClock()
        self.all_welcomed = asyncio.Event()
        self.heard: dict[bytes, list[int]] = {}
        self.closed = 0

    def new_socket(self) -> "Socket":
        """One more of them."""
        return Socket(self.greeting, self.on_text, self.on_lost)

    def on_lost(self) -> None:
        """Counted: nobody should be sent away."""
        self.closed += 1

    def on_text(self, text: bytes) -> None:
        """A frame has come."""
        if CHANGED in text:
            self.heard.setdefault(text, []).append(self._clock.now_ms())
        elif WELCOME in text:
            self._welcomed += 1
            if self._welcomed == self._sockets:
                self.all_welcomed.set()


class Socket(asyncio.Protocol):
    """One websocket: `hello` is what it says first, `on_text` is called with each text, `on_lost` at its end."""

    def __init__(
        self, greeting: bytes, on_text: Callable[[bytes], None], on_lost: Callable[[], None], hello: bytes = HELLO
    ) -> None:
        self._greeting = greeting
        self._on_text = on_text
        self._on_lost = on_lost
        self._hello = hello
        self._transport: asyncio.WriteTransport | None = None
        self._rest = b""
        self._is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a websocket."""
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's are of no class of asyncio's
        self._transport.write(self._greeting)

    def data_received(self, data: bytes) -> None:
        """Take whole frames; keep part of one."""
        data = self._rest + data if self._rest else data
        if not self._is_open:
            end = data.find(HEAD_END)
            if end < 0:
                self._rest = data
                return
            self._is_open = True
            self.say(TEXT, self._hello)
            data = data[end + len(HEAD_END) :]
        self._rest = self._take_frames(data)

    def connection_lost(self, error: Exception | None) -> None:
        """It is over."""
        self._on_lost()

    def _take_frames(self, data: bytes) -> bytes:
        at = 0
        while len(data) >= at + 2:
            size, start = data[at + 1], at + 2
            if size == LENGTH_IN_TWO and len(data) >= at + 4:
                (size,), start = SHORT.unpack_from(data, at + 2), at + 4
            elif size == LENGTH_IN_EIGHT and len(data) >= at + 10:
                (size,), start = LONG.unpack_from(data, at + 2), at + 10
            elif size >= LENGTH_IN_TWO:
                break
            if len(data) < start + size:
                break
            self._on_frame(data[at] & 0x0F, data[start : start + size])
            at = start + size
        return data[at:]

    def _on_frame(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT:
            self._on_text(payload)
        elif opcode == PING:
            self.say(PONG, payload)

    def say(self, opcode: int, payload: bytes) -> None:
        """Send a frame."""
        if self._transport is not None:
            self._transport.write(masked(opcode, payload))


async def listen(port: int, path: str, sockets: int, listen_s: float, begun: Callable[[], None]) -> list[Heard]:
    """All sockets for `listen_s` seconds from the last welcome on. Raises TimeoutError, ConnectionError."""
    loop = asyncio.get_running_loop()
    listeners = Listeners(path, sockets)
    async with asyncio.timeout(PATIENCE_S):
        for first in range(0, sockets, OPEN_AT_ONCE):
            count = min(OPEN_AT_ONCE, sockets - first)
            opening = [loop.create_connection(listeners.new_socket, "127.0.0.1", port) for _ in range(count)]
            await asyncio.gather(*opening)
        await listeners.all_welcomed.wait()
    begun()
    await asyncio.sleep(listen_s)
    if listeners.closed:
        raise ConnectionError(f"the server closed {listeners.closed} sockets")
    return [Heard(text, at_ms) for text, at_ms in listeners.heard.items()]


def _say_begun() -> None:
    sys.stdout.buffer.write(BEGUN)
    sys.stdout.buffer.flush()


def main() -> int:
    """The exit code."""
    port, path, sockets, listen_s, file = sys.argv[1:]
    heard = uvloop.run(listen(int(port), path, int(sockets), float(listen_s), _say_begun))
    Path(file).write_bytes(msgspec.msgpack.encode(heard))
    return 0


if __name__ == "__main__":
    sys.exit(main())
