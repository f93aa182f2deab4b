"""The sending side of one socket: prebuilt frames written straight to its transport.

A send by ASGI costs more than the frame itself (a coroutine, a frame object, three copies: 25 us each here, against 8
us of a bare `transport.write`). So a frame is packed once, however many hear it, and written as it is
(`runtime/websocket.py`). Nothing waits: a peer that does not read makes its transport's buffer grow up to the
high-water mark, then the socket counts as busy until the buffer is empty again.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import structlog
from starlette.types import Send

log = structlog.get_logger("notifier")

GONE = (OSError, RuntimeError)
"""What a send raises when the peer has left, or when the server has closed the socket by itself (no answer to its
pings) and finds a message unexpected. The socket's own task hears of it by a disconnect."""


class Line(Protocol):
    """The connection: `runtime.websocket.SocketProtocol`."""

    on_text: Callable[[bytes], None] | None
    on_takes: Callable[[], None] | None
    takes: bool
    write: Callable[[bytes], None]

    def abort(self) -> None: ...


class SocketWire:
    """`notifier.watcher.Wire` on an accepted websocket. `send` is its ASGI way out, for what is no frame of ours."""

    __slots__ = ("_gone", "_line", "_send", "write")

    def __init__(self, line: Line, send: Send) -> None:
        self._line = line
        self._send = send
        self._gone = False
        self.write = line.write

    @property
    def busy(self) -> bool:
        """Whether the peer does not read, or nobody is there any more."""
        return self._gone or not self._line.takes

    def close(self, code: int, reason: str) -> None:
        """Close with a code, or cut the connection where the peer would not even read that."""
        if self._gone:
            return
        if self._line.takes:
            self._gone = True
            self._say_close(code, reason)
        else:
            self.cut()

    def cut(self) -> None:
        """Drop the connection and whatever waits for it: an orderly end would wait for a peer that never reads."""
        self._gone = True
        self._line.abort()

    def _say_close(self, code: int, reason: str) -> None:
        # A socket that takes frames takes its end without waiting, so one step is all of it.
        sending = self._send({"type": "websocket.close", "code": code, "reason": reason})
        assert isinstance(sending, Coroutine)
        try:
            _only_step(sending)
        except GONE as exc:
            log.info("socket.gone", error=repr(exc))


def _only_step(sending: Coroutine[Any, Any, None]) -> None:
    try:
        sending.send(None)
    except StopIteration:
        return
    sending.close()
    raise RuntimeError("the server makes a close wait")
