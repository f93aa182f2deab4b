"""The least that telling many sockets can cost: `python -m bench.raw_fanout PERIOD_MS FRAME_BYTES`.

Takes any upgrade, welcomes, and writes one prebuilt frame to every socket each `PERIOD_MS`: a `transport.write` and
nothing else. On the port that `ONSALE_PORT` names, as a room would be; `/readyz` is answered.
"""

import asyncio
import os
import sys
from typing import cast

import uvloop

from bench.watching import SHORT, TEXT

READY = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n"
BODY = b'{"type":"seat_status_changed","id":"%08d","data":"'


def server_frame(payload: bytes) -> bytes:
    """A text frame of 126 to 65535 bytes."""
    return bytes([0x80 | TEXT, 126]) + SHORT.pack(len(payload)) + payload


class Socket(asyncio.Protocol):
    """One of those who are told."""

    def __init__(self, told: "set[asyncio.WriteTransport]") -> None:
        self._told = told
        self._transport: asyncio.WriteTransport | None = None
        self._asked = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the request."""
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's are of no class of asyncio's

    def data_received(self, data: bytes) -> None:
        """Open; what is said later is of no interest."""
        assert self._transport is not None
        if self._asked:
            return
        self._asked = True
        if b"upgrade: websocket" not in data:
            self._transport.write(READY)
            self._transport.close()
            return
        self._transport.write(SWITCH + server_frame(b'{"type":"welcome"}'.ljust(126)))
        self._told.add(self._transport)

    def connection_lost(self, error: Exception | None) -> None:
        """One less."""
        if self._transport is not None:
            self._told.discard(self._transport)


async def tell(port: int, period_s: float, frame_bytes: int) -> None:
    """For ever."""
    loop = asyncio.get_running_loop()
    told: set[asyncio.WriteTransport] = set()
    await loop.create_server(lambda: Socket(told), "127.0.0.1", port, backlog=4096)
    number = 0
    while True:
        await asyncio.sleep(period_s)
        number += 1
        frame = server_frame((BODY % number).ljust(frame_bytes - 2, b".") + b'"}')
        for transport in told:
            transport.write(frame)


def main() -> int:
    """Ends by a signal."""
    period_ms, frame_bytes = map(float, sys.argv[1:])
    uvloop.run(tell(int(os.environ["ONSALE_PORT"]), period_ms / 1000, int(frame_bytes)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
