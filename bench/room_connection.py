"""One connection of the crowd of `bench/room_crowd.py`."""

import asyncio
import time
from typing import Protocol, cast

from bench.load import is_whole


class Asks(Protocol):
    """Whoever sends by a connection."""

    def free(self, connection: "Connection") -> None:
        """The connection can take the next request."""
        ...

    def request(self, code: int) -> bytes:
        """What is sent for `code`."""
        ...

    def answered(self, code: int, due_s: float, sent_s: float, answer: bytes) -> None:
        """What came back."""
        ...

    def lost(self, connection: "Connection", code: int | None) -> None:
        """It was closed, in the middle of `code` or not."""
        ...


class Connection(asyncio.Protocol):
    """One connection: at most one request at a time."""

    def __init__(self, crowd: Asks, to: str, port: int) -> None:
        self._crowd = crowd
        self.to = to
        self.port = port
        self._transport: asyncio.WriteTransport | None = None
        self._rest = b""
        self._code: int | None = None
        self._due_s = self._sent_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready."""
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's are of no class of asyncio's
        self._crowd.free(self)

    def send(self, code: int, due_s: float) -> None:
        """Send what was due at `due_s`."""
        assert self._transport is not None
        self._code, self._due_s, self._sent_s = code, due_s, time.perf_counter()
        self._transport.write(self._crowd.request(code))

    def data_received(self, data: bytes) -> None:
        """Take a whole answer; keep part of one."""
        answer = self._rest + data if self._rest else data
        if not is_whole(answer):
            self._rest = answer
            return
        self._rest = b""
        code, self._code = self._code, None
        assert code is not None
        self._crowd.answered(code, self._due_s, self._sent_s, answer)
        self._crowd.free(self)

    def connection_lost(self, _error: Exception | None) -> None:
        """Tell the crowd."""
        self._transport = None
        self._crowd.lost(self, self._code)
