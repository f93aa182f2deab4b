"""The client's side of a websocket, for thousands of them in one process.

Written out (RFC 6455, what our server sends and no more): websockets' own costs about ten times as much a frame, and
five thousand of these share two cores with the sale that they watch.
"""

import asyncio
import base64
import random
from collections.abc import Callable
from typing import cast

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Socket(asyncio.Protocol):
    """One connection. `opened` is called once frames may be sent, `heard` with each text that comes."""

    def __init__(self, path: str, opened: Callable[["Socket"], None], heard: Callable[[bytes], None]) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None
        self._path = path
        self._opened = opened
        self._heard = heard
        self._rest = b""
        self._is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(random.randbytes(16)).decode()
        lines = [
            f"GET {self._path} HTTP/1.1", "host: 127.0.0.1", "upgrade: websocket", "connection: upgrade",
            f"sec-websocket-key: {key}", "sec-websocket-version: 13", "", "",
        ]  # fmt: skip
        self.transport.write("\r\n".join(lines).encode())

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        if not self._is_open:
            head, ends, data = data.partition(b"\r\n\r\n")
            if not ends:
                self._rest = head
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.close()
                return
            self._is_open = True
            self._opened(self)
        at = 0
        while (found := _frame(data, at)) is not None:
            opcode, first, at = found
            self._hear(opcode, data[first:at])
        self._rest = data[at:]

    def say(self, payload: bytes, opcode: int = TEXT) -> None:
        """A frame to the server, masked with zeros: nothing stands between the two that could be misled."""
        assert self.transport is not None
        length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2)
        self.transport.write(bytes([0x80 | opcode]) + length + bytes(4) + payload)

    def close(self) -> None:
        """Leave."""
        if self.transport is not None:
            self.transport.abort()

    def _hear(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT:
            self._heard(payload)
        elif opcode == PING:
            self.say(payload, PONG)
        elif opcode == CLOSE:
            self.close()


def _frame(data: bytes, at: int) -> tuple[int, int, int] | None:
    """`(opcode, where its payload begins, where it ends)` of the frame at `at`; None: it is not whole yet."""
    if len(data) < at + 2:
        return None
    length, first = data[at + 1], at + 2
    if length == 126:
        length, first = int.from_bytes(data[at + 2 : at + 4]), at + 4
    elif length == 127:
        length, first = int.from_bytes(data[at + 2 : at + 10]), at + 10
    return (data[at] & 0x0F, first, first + length) if len(data) >= first + length and first <= len(data) else None
