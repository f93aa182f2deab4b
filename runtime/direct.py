"""Requests answered without an ASGI cycle: uvicorn's protocol with a short cut for a few routes.

What uvicorn does for a request before an application sees it (a scope, a cycle, a task, an event, two writes) costs
more than a hold's own work. A direct route gets the request as a call and answers it with one write. Only the plain
case goes this way: a request that arrived whole in one read, alone on its connection, without `Expect` or `Upgrade`.
Most are so plain that the parser is spared, too (`plain.py`); of the others it tells where they end. Everything else
(slow and large bodies, pipelined requests, a client that does not read) is handed to uvicorn's own way. Keep-alive,
parse errors, the orderly stop and the bounds of `http_bounds.py` are the same in all cases.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from runtime.http_limits import HttpLimits
from runtime.plain import read_plain

Take = Callable[["Exchange"], bool]
"""Takes a request: True, and it is or will be answered by it; False, and it has done nothing: it is for the
application."""
DirectRoutes = Mapping[tuple[bytes, bytes], Take]
"""By method and request target. A `{name}` in the target stands for one word of letters, digits and underscores, which
`Exchange.words` has; only the plainest requests for such a target are found, all others are for the application."""


class DirectLookup:
    """Direct routes as connections look them up: made once, for all of them.

    `exact`: those without names in their target, as the parser tells what was asked for. `lines`: all, by a request's
    first line: it begins with these bytes, or, where there is a pattern, like that.
    """

    def __init__(self, routes: DirectRoutes) -> None:
        self.exact = {route: take for route, take in routes.items() if b"{" not in route[1]}
        lines = {b"%b %b HTTP/1.1\r\n" % route: take for route, take in routes.items()}
        self.lines = [(line, _like(line) if b"{" in line else None, take) for line, take in lines.items()]


def _like(line: bytes) -> re.Pattern[bytes]:
    return re.compile(re.sub(rb"\\{(\w+)\\}", rb"(?P<\1>\\w{1,100})", re.escape(line)))


class _NobodyWaits:
    """In place of the event at which uvicorn wakes an application that waits for a body."""

    def set(self) -> None:
        """Nobody does."""


_NOBODY_WAITS: Any = _NobodyWaits()


class Exchange(RequestResponseCycle):
    """A request and its answer, in the place of uvicorn's own cycle (whose attributes it has, and nothing else).

    `headers`: by lower-case names, of one sent twice the last. `body` is whole once the request is taken. `method`,
    `target`, `words`: of a route with names in it, and what stood for them. `on_gone` is called if the connection ends
    before the answer.
    """

    # What nearly all of them have to the end stands here once.
    more_body = False
    disconnected = False
    response_started = False
    response_complete = False
    message_event = _NOBODY_WAITS
    on_gone: Callable[[], None] | None = None
    method = target = b""
    words: Mapping[str, bytes] = MappingProxyType({})

    def __init__(
        self, protocol: "DirectProtocol", headers: dict[bytes, bytes], body: bytes | bytearray, *, keep_alive: bool
    ) -> None:
        self.protocol = protocol
        self.headers = headers
        self.body = body  # type: ignore[assignment]  # uvicorn types it by what it adds to; nobody adds to a whole one
        self.keep_alive = keep_alive

    @property
    def peer(self) -> str:
        """The address of whoever sits at the other end of the connection; empty where it has none."""
        client = self.protocol.client
        return "" if client is None else client[0]

    def answer(self, status: int, head: bytes, body: bytes) -> None:
        """Write the answer. `head`: header lines, each with its end, `content-length` among them. Called once."""
        if self.disconnected:
            return
        end = b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n"
        transport = self.protocol.transport
        transport.write(b"".join((STATUS_LINE[status], head, end, body)))
        self.response_complete = True
        self.on_gone = None
        if not self.keep_alive:
            transport.close()
        self.protocol.on_answered()


class DirectProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol; what `direct` names is answered by it."""

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
        super().__init__(config, server_state, app_state, _loop)
        self._limits = limits
        self._direct = direct
        self._parsing: tuple[Exchange, Take] | None = None
        self._declined = False
        self._idle_since_s: float | None = None
        self._idle_end: asyncio.TimerHandle | None = None

    def take_plain(self, data: bytes) -> bool:
        """Take the plain request that `data` is; False: it is to be parsed. To be called where a request may begin."""
        for line, like, take in self._direct.lines:
            if like is None:
                if data.startswith(line):
                    return self._take_plain(data, len(line) - 2, take)
            elif (found := like.match(data)) is not None:
                return self._take_plain(data, found.end() - 2, take, found)
        return False

    def _take_plain(self, data: bytes, line_bytes: int, take: Take, like: re.Match[bytes] | None = None) -> bool:
        limits = self._limits
        found = read_plain(data, line_bytes, headers_max=limits.headers_max, head_bytes_max=limits.head_bytes_max)
        if found is None:
            return False
        before = self.cycle
        self.cycle = exchange = Exchange(self, *found, keep_alive=True)
        if like is not None:
            exchange.method, exchange.target, _ = like[0].split(b" ", 2)
            exchange.words = like.groupdict()
        self._idle_since_s = None
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        if take(exchange):
            return True
        self.cycle = before
        self._declined = True
        return False

    def settle_rest(self) -> None:
        """To be called when what has been read is parsed: a request that is not whole by now is for the application."""
        if self._parsing is not None:
            self._hand_over(self._parsing[0])

    def on_answered(self) -> None:
        """An exchange has its answer: go on with the next request, or wait for it."""
        if self.pipeline or self.flow.read_paused:
            self.on_response_complete()
        else:
            self.server_state.total_requests += 1
            self.begin_idle()

    def begin_idle(self) -> None:
        """The connection ends unless a request begins in time.

        uvicorn sets a timer behind each answer and takes it back at each request; here one timer rings on, and looks.
        """
        self._idle_since_s = self.loop.time()
        if self._idle_end is None:
            self._idle_end = self.loop.call_later(self.timeout_keep_alive, self._look_if_idle)

    def _look_if_idle(self) -> None:
        self._idle_end = None
        if self._idle_since_s is None:
            return  # a request is under way, and its answer begins anew
        left_s = self._idle_since_s + self.timeout_keep_alive - self.loop.time()
        if left_s > 0:
            self._idle_end = self.loop.call_later(left_s, self._look_if_idle)
        else:
            self.timeout_keep_alive_handler()

    def _unset_keepalive_if_required(self) -> None:
        self._idle_since_s = None
        super()._unset_keepalive_if_required()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever is working for the client, and forget it."""
        open_cycle = self.cycle
        if isinstance(open_cycle, Exchange) and not open_cycle.response_complete:
            open_cycle.disconnected = True
            if open_cycle.on_gone is not None:
                open_cycle.on_gone()
        if self._idle_end is not None:
            self._idle_end.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request begins. Its scope is made when it turns out to be needed."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        """The head is there: is this a plain request for one of ours?"""
        if self.transport.is_closing():
            # It came behind a request that asked for the connection to be closed; that one was answered.
            return
        take = self._direct.exact.get((self.parser.get_method(), self.url))
        if take is None or self._declined or not self._is_plain():
            self._begin_cycle()
        else:
            exchange = Exchange(self, {}, bytearray(), keep_alive=self.parser.should_keep_alive())
            exchange.more_body = True
            self.cycle, self._parsing = exchange, (exchange, take)

    def on_message_complete(self) -> None:
        """The request is whole."""
        super().on_message_complete()
        self._declined = False
        if self._parsing is not None and self._parsing[0] is self.cycle:
            (exchange, take), self._parsing = self._parsing, None
            exchange.headers = dict(self.headers)
            if not take(exchange):
                self._hand_over(exchange)

    def _is_plain(self) -> bool:
        # uvicorn types it by what it is once there was a first request
        before = cast("RequestResponseCycle | None", self.cycle)
        return (
            (before is None or before.response_complete)
            and not self.expect_100_continue
            and not self.flow.write_paused
            and not self.parser.should_upgrade()
            and self.parser.get_http_version() == "1.1"
        )

    def _begin_cycle(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)  # the scope has this very list
        super().on_headers_complete()

    def _hand_over(self, exchange: Exchange) -> None:
        """Let the application have the request, as far as it has come. The parser still stands in it."""
        self._parsing = None
        self.cycle = None  # type: ignore[assignment]  # uvicorn's own state before a connection's first request
        self._begin_cycle()
        if exchange.body:
            self.on_body(bytes(exchange.body))
        if not exchange.more_body:
            super().on_message_complete()
