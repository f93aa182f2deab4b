"""A small HTTP/1.1 client for crowds: keep-alive connections, one request at a time on each, parsed by httptools.

Two thousand fans share two cores with the servers that they try; here a request costs a tenth of what it costs with a
client made for comfort (`docs/decisions/0011`).
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, cast

import httptools
import msgspec

REQUEST_TIMEOUT_S = 30.0


class Unreachable(Exception):
    """No answer: refused, reset, or too late. Whether the server did what was asked is not known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body, which must be a JSON object; empty for anything else."""
        try:
            content = msgspec.json.decode(self.body)
        except msgspec.DecodeError:
            return {}
        return cast("dict[str, Any]", content) if isinstance(content, dict) else {}


class _Connection(asyncio.Protocol):
    """One connection, and the answer that is on its way."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.waiter: asyncio.Future[Answer] | None = None
        self.open = True
        self._begin()

    def _begin(self) -> None:
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)

    async def ask(self, request: bytes, timeout_s: float) -> Answer:
        assert self.transport is not None
        self.waiter = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        try:
            async with asyncio.timeout(timeout_s):
                return await self.waiter
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self.open = False
        if self.transport is not None:
            self.transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_exception(Unreachable("the connection was closed before the answer"))

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode().lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        answer = Answer(self._parser.get_status_code(), self._headers, b"".join(self._body))
        if not self._parser.should_keep_alive():
            self.close()
        self._begin()
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(answer)


@dataclass(slots=True)
class _Cached:
    answer: Answer
    until_s: float


@dataclass
class HttpClient:
    """Requests to one server over at most `connections_max` connections; more wait for a free one, in order."""

    host: str
    port: int
    connections_max: int = 64
    requests: int = 0
    _idle: list[_Connection] = field(default_factory=list)
    _count: int = 0
    _waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    _cache: dict[str, _Cached] = field(default_factory=dict)
    _fetching: dict[str, asyncio.Task[Answer]] = field(default_factory=dict)

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> Answer:
        """One request; `body` goes as JSON. Raises `Unreachable`."""
        request = self._encode(method, path, body, headers or {})
        connection = await self._acquire(timeout_s)
        self.requests += 1
        try:
            return await connection.ask(request, timeout_s)
        except TimeoutError:
            raise Unreachable(f"no answer within {timeout_s:.0f} s") from None
        finally:
            self._release(connection)

    async def get_shared(self, path: str) -> Answer:
        """GET through a cache that all fans share, as a CDN before the server would be (RFC 9111: max-age, ETag).

        Raises `Unreachable`.
        """
        cached = self._cache.get(path)
        if cached is not None and time.monotonic() < cached.until_s:
            return cached.answer
        fetching = self._fetching.get(path)
        if fetching is None:
            fetching = self._fetching[path] = asyncio.create_task(self._refresh(path, cached))
            fetching.add_done_callback(lambda _: self._fetching.pop(path, None))
        return await asyncio.shield(fetching)

    async def _refresh(self, path: str, cached: _Cached | None) -> Answer:
        etag = cached.answer.headers.get("etag") if cached else None
        answer = await self.request("GET", path, headers={"if-none-match": etag} if etag else None)
        fresh_s = max_age_s(answer.headers.get("cache-control", ""))
        if answer.status == 304 and cached is not None:
            answer = cached.answer
        if answer.status == 200 and fresh_s:
            self._cache[path] = _Cached(answer, time.monotonic() + fresh_s)
        return answer

    def close(self) -> None:
        """Close every idle connection."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    def _encode(self, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str]) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"host: {self.host}:{self.port}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        content = b""
        if body is not None:
            content = msgspec.json.encode(body)
            lines += ["content-type: application/json", f"content-length: {len(content)}"]
        elif method in {"POST", "PUT", "PATCH"}:
            lines.append("content-length: 0")
        return "\r\n".join([*lines, "", ""]).encode() + content

    async def _acquire(self, timeout_s: float) -> _Connection:
        while True:
            while self._idle:
                connection = self._idle.pop()
                if connection.open:
                    return connection
                self._count -= 1
            if self._count < self.connections_max:
                self._count += 1
                try:
                    async with asyncio.timeout(timeout_s):
                        _, connection = await asyncio.get_running_loop().create_connection(
                            _Connection, self.host, self.port
                        )
                except (OSError, TimeoutError) as error:
                    self._count -= 1
                    self._wake()
                    raise Unreachable(str(error)) from None
                return connection
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                self._wake()
                raise

    def _release(self, connection: _Connection) -> None:
        if connection.open:
            self._idle.append(connection)
        else:
            self._count -= 1
        self._wake()

    def _wake(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return


def max_age_s(cache_control: str) -> float:
    """How long a shared cache may keep an answer: `s-maxage`, else `max-age`, else 0."""
    directives = dict(
        (name.strip().lower(), value.strip())
        for name, _, value in (part.partition("=") for part in cache_control.split(","))
    )
    if "no-store" in directives or "private" in directives:
        return 0.0
    value = directives.get("s-maxage") or directives.get("max-age") or "0"
    return float(value) if value.isdigit() else 0.0
