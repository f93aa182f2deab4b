"""What one connection may cost the server: uvicorn's HTTP protocol with the bounds that it has not.

uvicorn waits for ever for a connection's first request, for the rest of a head, for the rest of a body, and for a
client that does not read its answer; and it takes a head of any size. Here each of these ends. A request that arrives
whole, in one piece, costs no timer.
"""

import asyncio
import json
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import httptools
from prometheus_client import Counter
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from runtime.direct import DirectProtocol, DirectRoutes

REFUSED = Counter("runtime_http_refused_total", "Connections ended for what they cost or how they spoke.", ["why"])


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What is granted to each connection; times in seconds."""

    connections_max: int = 50_000
    """Open at once, sockets among them; and requests that run at once."""
    head_s: float = 10.0
    """From a connection's first moment, or a request's first byte, to the end of its headers."""
    body_s: float = 60.0
    """From the end of the headers to the end of the body. A room may be stricter, never laxer."""
    unread_s: float = 60.0
    """How long a client may leave an answer unread once the buffers are full."""
    idle_s: int = 20
    """Between an answer and the next request."""
    url_bytes_max: int = 8 * 1024
    head_bytes_max: int = 32 * 1024
    """Names and values of all headers, trailers among them."""
    headers_max: int = 100


DEFAULTS = HttpLimits()


class Fault(Enum):
    """Why a connection is ended: the code and status of the problem that is answered."""

    MALFORMED = ("request_malformed", 400)
    HEAD_SLOW = ("headers_too_slow", 408)
    BODY_SLOW = ("body_too_slow", 408)
    URL_LONG = ("url_too_long", 414)
    HEAD_LARGE = ("headers_too_large", 431)
    TOO_MANY = ("busy", 503)

    @property
    def code(self) -> str:
        return self.value[0]

    @property
    def status(self) -> int:
        return self.value[1]

    def answer(self) -> bytes:
        """The whole answer, head and body: a problem document (RFC 9457)."""
        request_id, phrase = uuid4().hex, HTTPStatus(self.status).phrase
        problem = {
            "type": f"/api/problems/{self.code}",
            "title": phrase,
            "status": self.status,
            "code": self.code,
            "request_id": request_id,
            "retryable": self.status in (408, 503),
        }
        body = json.dumps(problem).encode()
        head = [
            f"HTTP/1.1 {self.status} {phrase}",
            "content-type: application/problem+json",
            f"content-length: {len(body)}",
            f"x-request-id: {request_id}",
            *(["retry-after: 1"] if self.status == 503 else []),
            "connection: close",
        ]
        return "\r\n".join([*head, "", ""]).encode() + body


class Phase(Enum):
    """What has arrived of the request that is being received."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()
    WHOLE = auto()


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
        direct: DirectRoutes,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop, direct=direct)
        self._limits = limits
        self._phase = Phase.NOTHING
        self._heard = False
        self._mute_bytes = self._url_bytes = self._head_bytes = self._headers = 0
        self._fault = Fault.MALFORMED
        self._late: asyncio.TimerHandle | None = None
        self._late_for = Phase.NOTHING
        self._unread: asyncio.TimerHandle | None = None

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

    def data_received(self, data: bytes) -> None:
        """As uvicorn does, without its line in the log for each bad request, and with an eye on what is missing."""
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
        begins = self._phase is Phase.NOTHING or (self._phase is Phase.WHOLE and not self._answering())
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
        if self.transport.is_closing():
            return
        REFUSED.labels(fault.code).inc()
        # A connection that has said nothing yet, or nothing new, ends without a word; so does one that has its answer.
        speaks = self._phase is Phase.HEAD or (self._phase is not Phase.BODY and fault is not Fault.HEAD_SLOW)
        if self._awaiting_body() and not self.cycle.response_started:
            # The room waits for the rest of the body; whatever it will say comes too late.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self.transport.write(fault.answer())
        elif speaks and not self._answering():
            self.transport.write(fault.answer())
        self.transport.close()

    def _awaiting_body(self) -> bool:
        return self._phase is Phase.BODY and self._answering() and not self.pipeline

    def _end_unread(self) -> None:
        REFUSED.labels("unread").inc()
        self.transport.abort()

    def _forget_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
