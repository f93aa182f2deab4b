"""Requests answered without an ASGI cycle: uvicorn's protocol with a short cut for a few routes.

What uvicorn does for a request before an application sees it (a scope, a cycle, a task, an event, two writes) costs
more than a hold's own work. A direct route gets the request as a call and answers it with one write. Only the plain
case goes this way: a request that arrived whole in one read, alone on its connection, without `Expect` or `Upgrade`.
Everything else (slow and large bodies, pipelined requests, a client that does not read) is handed to uvicorn's own
way. Keep-alive, parse errors, the orderly stop and the bounds of `http_bounds.py` are the same in both cases.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

DirectRoutes = Mapping[tuple[bytes, bytes], Callable[["Exchange"], bool]]
"""(method, request target) -> takes the request: True, and it is or will be answered by it; False, and it has done
nothing: the request is for the application."""


class _NobodyWaits:
    """In place of the event at which uvicorn wakes an application that waits for a body."""

    def set(self) -> None:
        """Nobody does."""


_NOBODY_WAITS: Any = _NobodyWaits()


class Exchange(RequestResponseCycle):
    """A request and its answer, in the place of uvicorn's own cycle (whose attributes it has, and nothing else).

    `headers`: lower-case names. `body` is whole once the request is taken. `on_gone` is called if the connection ends
    before the answer.
    """

    def __init__(self, protocol: "DirectProtocol", take: Callable[["Exchange"], bool]) -> None:
        self.protocol = protocol
        self.take = take
        self.headers = protocol.headers
        self.keep_alive: bool = protocol.parser.should_keep_alive()
        self.body = bytearray()
        self.more_body = True
        self.disconnected = False
        self.response_started = False
        self.response_complete = False
        self.message_event = _NOBODY_WAITS
        self.on_gone: Callable[[], None] | None = None

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
        self.protocol.on_response_complete()


class DirectProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol; what `direct` names is answered by it."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        direct: DirectRoutes,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._direct = direct
        self._collecting: Exchange | None = None

    def settle_rest(self) -> None:
        """To be called when what has been read is parsed: a request that is not whole by now is for the application."""
        if self._collecting is not None:
            self._hand_over(self._collecting)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever is working for the client, and forget it."""
        open_cycle = self.cycle
        if isinstance(open_cycle, Exchange) and not open_cycle.response_complete:
            open_cycle.disconnected = True
            if open_cycle.on_gone is not None:
                open_cycle.on_gone()
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
        take = self._direct.get((self.parser.get_method(), self.url))
        if take is None or not self._is_plain():
            self._begin_cycle()
        else:
            self.cycle = self._collecting = Exchange(self, take)

    def on_message_complete(self) -> None:
        """The request is whole."""
        super().on_message_complete()
        exchange = self._collecting
        if exchange is not None and exchange is self.cycle:
            self._collecting = None
            if not exchange.take(exchange):
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
        self._collecting = None
        self.cycle = None  # type: ignore[assignment]  # uvicorn's own state before a connection's first request
        self._begin_cycle()
        if exchange.body:
            self.on_body(bytes(exchange.body))
        if not exchange.more_body:
            super().on_message_complete()
