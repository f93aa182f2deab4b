"""A Starlette endpoint that is asked without the application around it, for the few calls that a whole crowd makes.

uvicorn's cycle, a router that tries one pattern after the other and the layers that catch, count and add headers cost
more than a place in line itself. Here the endpoint gets the request that it would get by way of them, and its answer
goes out in one write (`direct.py`). Counted and said is the same. Whatever is not plain goes by way of the application.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from runtime.direct import Exchange
from runtime.metered import UNKNOWN, Meter

Endpoint = Callable[[Request], Awaitable[Response]]
"""Its answers have a body, they are no streams."""
Handler = Callable[[Request, Exception], Awaitable[Response]]


class DirectEndpoint:
    """`handlers`: what is said of what an endpoint raises, by the nearest class; `Exception` is among them, for bugs.
    `headers(request)`: those of every answer; it is asked before the endpoint.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        handlers: Mapping[type[Exception], Handler],
        headers: Callable[[Request], Mapping[str, str]],
        meter: Meter,
    ) -> None:
        self._endpoint = endpoint
        self._name: str = getattr(endpoint, "__name__", UNKNOWN)
        self._handlers = handlers
        self._headers = headers
        self._meter = meter
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, exchange: Exchange) -> bool:
        """See `direct.Take`."""
        task = asyncio.ensure_future(self._answer(exchange))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _answer(self, exchange: Exchange) -> None:
        began_s = perf_counter()
        request = _request(exchange)
        headers = self._headers(request)
        try:
            response = await self._endpoint(request)
        except Exception as error:
            kind = next(kind for kind in type(error).__mro__ if kind in self._handlers)
            if kind is Exception:
                self._meter.bug()
            response = await self._handlers[kind](request, error)
        response.headers.update(headers)
        lines = [b"%b: %b\r\n" % line for line in response.raw_headers]
        exchange.answer(response.status_code, b"".join(lines), bytes(response.body))
        self._meter.count(self._name, response.status_code, perf_counter() - began_s)


def _request(exchange: Exchange) -> Request:
    protocol = exchange.protocol
    target = exchange.target.decode("ascii")
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": exchange.method.decode("ascii"),
        "scheme": protocol.scheme,
        "path": target,
        "raw_path": exchange.target,
        "query_string": b"",
        "root_path": "",
        "headers": list(exchange.headers.items()),
        "client": protocol.client,
        "server": protocol.server,
        "path_params": {name: word.decode("ascii") for name, word in exchange.words.items()},
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": bytes(exchange.body), "more_body": False}

    return Request(scope, receive)
