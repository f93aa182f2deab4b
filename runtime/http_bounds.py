"""What one connection may cost the server: uvicorn's HTTP protocol with the bounds that it has not.

uvicorn waits for ever for a connection's first request, for the rest of a head, for the rest of a body, and for a
client that does not read its answer; and it takes a head of any size. Here each of these ends. A request that arrives
whole, in one piece, costs no timer.
"""

import asyncio
from enum import Enum, auto
from typing import Any

import httptools
from prometheus_client import Counter
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from runtime.direct import DirectLookup, DirectProtocol
from runtime.http_limits import Fault, HttpLimits

REFUSED = Counter("runtime_http_refused_total", "Connections ended for what they cost or how they spoke.", ["why"])
REFUSED.labels(Fault.TOO_MANY.code)  # there from the start, as an alert looks for its rise


class Phase(Enum):
    """What has arrived of the request that is being received."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()
    WHOLE = auto()


# Looked at for each request; by way of its class a member is found in an eighth of a microsecond.
_NOTHING, _WHOLE = Phase.NOTHING, Phase.WHOLE


class _Refused(Exception):
    """Raised through the parser, which goes no further."""


class BoundedHttpProtocol(DirectProtocol):
    """One connection. What it may cost is in `limits`."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: HttpLimits,
        direct: DirectLookup,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop, limits=limits, direct=direct)
        self._phase = Phase.NOTHING
        self._heard = False
        self._mute_bytes = self._url_bytes = self._head_bytes = self._headers = 0
        self._fault = Fault.MALFORMED
        self._late: asyncio.TimerHandle | None = None
        self._late_for = Phase.NOTHING
        self._unread: asyncio.TimerHandle | None = None
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The clock runs from the first moment: a connection that never says anything ends, too."""
        super().connection_made(transport)
        if len(self.connections) > self._limits.connections_max:
            # Not counted from here on: it must not cost those who are inside their answer.
            self.connections.discard(self)
            self._refuse(Fault.TOO_MANY)
        else:
            self._expect(Phase.HEAD, self._limits.head_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """No timer outlives its connection."""
        self._expect_nothing()
        self._forget_unread()
        super().connection_lost(exc)

    def take_plain(self, data: bytes) -> bool:
        """As `DirectProtocol`; then the request is whole."""
        if not super().take_plain(data):
            return False
        self._phase = _WHOLE
        if self._late is not None:
            self._expect_nothing()
        return True

    def data_received(self, data: bytes) -> None:
        """As uvicorn does, without its line in the log for each bad request, and with an eye on what is missing."""
        if self._refused:
            return
        self._unset_keepalive_if_required()
        self._heard = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self._expect_nothing()
                self._forget_unread()
                self.handle_websocket_upgrade()
            return
        except httptools.HttpParserError:
            self._refuse(self._fault)
            return
        if not self._heard:
            # Part of one endless line: the parser keeps it, and no callback will ever say how long it is.
            self._mute_bytes += len(data)
            if self._mute_bytes > self._limits.head_bytes_max:
                self._refuse(Fault.HEAD_LARGE)
                return
        self.settle_rest()
        self._expect_what_is_missing()

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._heard, self._phase = True, Phase.HEAD
        self._mute_bytes = self._url_bytes = self._head_bytes = self._headers = 0

    def on_url(self, url: bytes) -> None:
        """A piece of the request's target."""
        self._url_bytes += len(url)
        if self._url_bytes > self._limits.url_bytes_max:
            self._fault = Fault.URL_LONG
            raise _Refused
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer."""
        self._headers += 1
        self._head_bytes += len(name) + len(value)
        if self._headers > self._limits.headers_max or self._head_bytes > self._limits.head_bytes_max:
            self._fault = Fault.HEAD_LARGE
            raise _Refused
        self._heard = True
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The end of the head."""
        self._heard, self._phase = True, Phase.BODY
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._heard = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole: from here on the server is the one who takes time."""
        self._heard, self._phase = True, Phase.WHOLE
        self._expect_nothing()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Answered. What the client still has to say of that request is not waited for as long as if it mattered."""
        super().on_response_complete()
        if self._phase is Phase.BODY and self.cycle.more_body and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self._expect(Phase.BODY, self._limits.head_s)

    def pause_writing(self) -> None:
        """The client does not read."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self._limits.unread_s, self._end_unread)

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        self._forget_unread()

    def timeout_keep_alive_handler(self) -> None:
        """Idle for too long. A close would wait for the client to read what is left; it had its time."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    def awaits_request(self) -> bool:
        """Whether what is read next begins a request, and its answer could be written at once."""
        begins = self._phase is _NOTHING or (self._phase is _WHOLE and not self._answering())
        return begins and not (self._mute_bytes or self.flow.write_paused or self.transport.is_closing())

    def _answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _expect_what_is_missing(self) -> None:
        # Empty lines between requests are no request: they start the clock, and do not set it back.
        noise = not self._heard and not self._answering()
        if self._phase is Phase.BODY:
            if self._late_for is not Phase.BODY:
                self._expect(Phase.BODY, self._limits.body_s)
        elif (self._phase is not Phase.WHOLE or noise) and self._late_for is not Phase.HEAD:
            self._expect(Phase.HEAD, self._limits.head_s)

    def _expect(self, phase: Phase, within_s: float) -> None:
        self._expect_nothing()
        self._late, self._late_for = self.loop.call_later(within_s, self._end_late), phase

    def _expect_nothing(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late, self._late_for = None, Phase.NOTHING

    def _end_late(self) -> None:
        self._refuse(Fault.BODY_SLOW if self._late_for is Phase.BODY else Fault.HEAD_SLOW)

    def _refuse(self, fault: Fault) -> None:
        """Say why, where that does not fall into the middle of an answer, and close."""
        self._expect_nothing()
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        REFUSED.labels(fault.code).inc()
        # A connection that has said nothing yet, or nothing new, ends without a word; so does one that has its answer.
        speaks = self._phase is Phase.HEAD or (self._phase is not Phase.BODY and fault is not Fault.HEAD_SLOW)
        if self._awaiting_body() and not self.cycle.response_started:
            # The room waits for the rest of the body; whatever it will say comes too late.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._say_last(fault)
        elif speaks and not self._answering():
            self._say_last(fault)
        else:
            self.transport.close()

    def _say_last(self, fault: Fault) -> None:
        """A close at once, with something of the client's unread, would take the answer back (RFC 9112 section 9.6)."""
        self.transport.write(fault.answer())
        if fault is Fault.TOO_MANY or not self.transport.can_write_eof():
            self.transport.close()
            return
        self.transport.write_eof()
        self._late = self.loop.call_later(self._limits.linger_s, self.transport.abort)

    def _awaiting_body(self) -> bool:
        return self._phase is Phase.BODY and self._answering() and not self.pipeline

    def _end_unread(self) -> None:
        REFUSED.labels("unread").inc()
        self.transport.abort()

    def _forget_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
