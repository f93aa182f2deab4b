"""A websocket with a short way for whole text frames, out and in.

What uvicorn and websockets do for one message (a frame object, an event, a queue, a task that wakes) costs more than
the message itself. Here a frame that was made beforehand is written as it is, and a text that came whole in one frame
is handed over as a call. Handshake, pings, fragments, closing and every mistake of the peer's remain the library's.
"""

import asyncio
from asyncio.transports import BaseTransport
from collections.abc import Callable
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import Frame
from websockets.http11 import Request

try:
    from websockets.speedups import apply_mask
except ImportError:  # the library's own way without its C part
    from websockets.utils import apply_mask

EXTENSION = "onsale.line"
"""Where an application finds the line to its peer: `scope["extensions"][EXTENSION]` is the `SocketProtocol`."""

MASKED, SIZE = 0x80, 0x7F
SIZE_IN_TWO, SIZE_IN_EIGHT = 126, 127
WHOLE_TEXT = 0x81
MASK_BYTES = 4


class SocketProtocol(WebSocketsSansIOProtocol):
    """One connection. To be set by the application once it has accepted:

    `on_text` is called with the payload of each text that came whole in one frame, in order; it must not raise. All
    other messages arrive by `receive`, and so do all of them while `on_text` is None. `on_takes` is called when `takes`
    has changed.

    `takes`: whether a frame may be written now. No: the peer leaves unread what was written before, beyond the
    transport's high-water mark, or the connection ends. An application that has sent `websocket.close` knows the rest.
    `write` takes a whole frame of the server's, as it goes over the line.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.on_text: Callable[[bytes], None] | None = None
        self.on_takes: Callable[[], None] | None = None
        self.write: Callable[[bytes], None]
        self.takes = True
        self._ends = False
        self._splits = True
        self._rest = b""

    def connection_made(self, transport: BaseTransport) -> None:
        """The connection is the transport's from here on."""
        super().connection_made(transport)
        self.write = self.transport.write

    def abort(self) -> None:
        """Drop the connection and whatever waits to be written."""
        self.transport.abort()

    def pause_writing(self) -> None:
        """The peer does not read, and the transport's buffer is full."""
        super().pause_writing()
        self._now_takes(False)

    def resume_writing(self) -> None:
        """The peer reads again."""
        super().resume_writing()
        self._now_takes(not self._ends)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is called after this."""
        self._end()
        self.on_text = self.on_takes = None
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The server stops."""
        self._end()
        super().shutdown()

    def keepalive_timeout(self) -> None:
        """The peer has not answered a ping."""
        self._end()
        super().keepalive_timeout()

    def handle_close(self, event: Frame) -> None:
        """The peer wants to end, or agrees to."""
        self._end()
        super().handle_close(event)

    def handle_parser_exception(self) -> None:
        """The peer breaks the protocol."""
        self._end()
        super().handle_parser_exception()

    def _end(self) -> None:
        self._ends = True
        self._now_takes(False)

    def _now_takes(self, takes: bool) -> None:
        if takes != self.takes:
            self.takes = takes
            if self.on_takes is not None:
                self.on_takes()

    def handle_connect(self, event: Request) -> None:
        """The application's task has not run yet: it will find the line in its scope."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            cast(dict[str, object], self.scope["extensions"])[EXTENSION] = self

    def data_received(self, data: bytes) -> None:
        """Split into frames; what is not a plain text is the library's."""
        if self._splits and self.handshake_complete and not self.close_sent:
            self._split(self._rest + data if self._rest else data)
            return
        if self.handshake_initiated:
            # It speaks before it was let in, or after it was told to go: where a frame begins is not known here.
            data, self._rest, self._splits = self._rest + data, b"", False
        super().data_received(data)

    def _split(self, data: bytes) -> None:
        at, end = 0, len(data)
        while end - at >= 2:
            size, start = data[at + 1] & SIZE, at + 2 + MASK_BYTES
            if not data[at + 1] & MASKED or size == SIZE_IN_EIGHT:
                # A mistake, or more than may be said at once: the library knows what to answer.
                self._splits = False
                break
            if size == SIZE_IN_TWO:
                start += 2
                if end < start:
                    break
                size = int.from_bytes(data[at + 2 : at + 4])
            stop = start + size
            if end < stop:
                break
            if data[at] == WHOLE_TEXT and self.on_text is not None and self.conn.current_size is None:
                if not self.close_sent:
                    self.on_text(apply_mask(data[start:stop], data[start - MASK_BYTES : start]))
            else:
                super().data_received(data[at:stop])
                if self.conn.parser_exc is not None:
                    return
            at = stop
        self._rest = data[at:]
        if not self._splits:
            self._rest, rest = b"", self._rest
            super().data_received(rest)
