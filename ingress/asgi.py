"""HTTP as this room needs it, on ASGI or below: a request whose body is bounded, and an answer in one piece."""

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from ingress.refusals import Refused

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

JSON = "application/json"
QUERY_FIELDS_MAX = 50
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class ClientGone(Exception):
    """The client closed the connection before its request was whole."""


def request_id_of(headers: Mapping[bytes, bytes], new: Callable[[], str]) -> str:
    """The id that the request brought, if it is one; else a new one."""
    given = headers.get(b"x-request-id")
    if given is not None and _REQUEST_ID.fullmatch(text := given.decode("latin-1").strip()):
        return text
    return new()


class Request:
    """One request without its body. Headers are looked up by lower-case name; `query_string` is as it was sent;
    `address` is the client's, empty where it has none; `trace_id` is empty where it is not traced."""

    __slots__ = ("address", "headers", "method", "path", "query_string", "request_id", "trace_id")

    def __init__(  # noqa: PLR0917 -- one is made for each request, and by position is quickest
        self,
        method: str,
        path: str,
        headers: dict[bytes, bytes],
        request_id: str,
        query_string: bytes = b"",
        address: str = "",
        trace_id: str = "",
    ) -> None:
        self.address = address
        self.trace_id = trace_id
        self.method = method
        self.path = path
        self.headers = headers
        self.query_string = query_string
        self.request_id = request_id

    @property
    def ids(self) -> dict[str, str]:
        """What a line of the log about it carries."""
        return {"request_id": self.request_id} | ({"trace_id": self.trace_id} if self.trace_id else {})

    def header(self, name: str) -> str | None:
        """A header's value, or None where it is absent."""
        raw = self.headers.get(name.encode())
        return None if raw is None else raw.decode("latin-1").strip()

    def query(self) -> dict[str, str]:
        """The query's fields; of one named twice the last. Raises `Refused`."""
        try:
            pairs = parse_qsl(
                self.query_string.decode("latin-1"), keep_blank_values=True, max_num_fields=QUERY_FIELDS_MAX
            )
        except ValueError as error:
            raise Refused("invalid_request", f"more than {QUERY_FIELDS_MAX} fields in the query") from error
        return dict(pairs)


async def read_body(
    request: Request, receive: Receive, *, bytes_max: int, deadline_s: float, gzip_allowed: bool = False
) -> bytes:
    """The whole body, inflated where that is allowed. Raises `Refused`, `ClientGone`."""
    announced = request.header("content-length")
    if announced is not None and announced.isdecimal() and int(announced) > bytes_max:
        raise Refused("body_too_large", f"at most {bytes_max} bytes")
    encoding = (request.header("content-encoding") or "identity").lower()
    if encoding not in (("identity", "gzip") if gzip_allowed else ("identity",)):
        raise Refused("unsupported_media_type", f"the content encoding {encoding[:40]!r} is not taken here")
    raw = await _read(receive, bytes_max, deadline_s)
    return _inflate(raw, bytes_max) if encoding == "gzip" else raw


async def _read(receive: Receive, bytes_max: int, deadline_s: float) -> bytes:
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        # Most requests come in one piece, and need no timer.
        whole: bytes = message.get("body", b"")
        _check_size(len(whole), bytes_max)
        return whole
    pieces = bytearray()
    try:
        async with asyncio.timeout(deadline_s):
            while True:
                if message["type"] != "http.request":
                    raise ClientGone
                pieces += message.get("body", b"")
                _check_size(len(pieces), bytes_max)
                if not message.get("more_body"):
                    return bytes(pieces)
                message = await receive()
    except TimeoutError as error:
        raise Refused("body_too_slow", f"the body did not arrive within {deadline_s:g} seconds") from error


class Response:
    """An answer in one piece."""

    __slots__ = ("body", "headers", "status")

    def __init__(
        self, status: int, body: bytes, *, media_type: str = JSON, headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        self.status = status
        self.body = body
        self.headers = [("content-type", media_type), *headers]

    def head(self, request_id: str) -> bytes:
        """The headers as they go over the wire, each line with its end."""
        lines = "".join([f"{name}: {value}\r\n" for name, value in self.headers])
        lines += f"x-request-id: {request_id}\r\ncontent-length: {len(self.body)}\r\n"
        return lines.encode("latin-1", "replace")

    async def send(self, send: Send, *, request_id: str, head_only: bool) -> None:
        """Write the answer; with `head_only` without its body."""
        headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in self.headers]
        headers.append((b"x-request-id", request_id.encode()))
        if self.status != 304:
            headers.append((b"content-length", str(len(self.body)).encode()))
        start: Message = {"type": "http.response.start", "status": self.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": b"" if head_only else self.body})


class StreamedResponse(Response):
    """An answer in pieces, whose length nobody knows before its end. What breaks in the middle cuts it off: the client
    sees that it is not whole."""

    __slots__ = ("_pieces",)

    def __init__(
        self, pieces: AsyncIterator[bytes], *, media_type: str, headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        super().__init__(200, b"", media_type=media_type, headers=headers)
        self._pieces = pieces

    async def send(self, send: Send, *, request_id: str, head_only: bool) -> None:
        """Write it piece by piece, as fast as the client reads."""
        headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in self.headers]
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [*headers, (b"x-request-id", request_id.encode())],
            }
        )
        if not head_only:
            async for piece in self._pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def cached(
    request: Request, body: bytes, *, etag: str, max_age_s: int, immutable: bool = False, media_type: str = JSON
) -> Response:
    """A cacheable answer; 304 where the client has it already (RFC 9110, If-None-Match, weak comparison)."""
    lifetime = f"public, max-age={max_age_s}" + (", immutable" if immutable else "")
    headers = [("etag", etag), ("cache-control", lifetime)]
    asked = request.header("if-none-match") or ""
    known = {tag.strip().removeprefix("W/") for tag in asked.split(",")}
    if "*" in known or etag.removeprefix("W/") in known:
        return Response(304, b"", media_type=media_type, headers=headers)
    return Response(200, body, media_type=media_type, headers=headers)


def _check_size(bytes_read: int, bytes_max: int) -> None:
    if bytes_read > bytes_max:
        raise Refused("body_too_large", f"at most {bytes_max} bytes")


def _inflate(raw: bytes, bytes_max: int) -> bytes:
    inflater: Any = zlib.decompressobj(wbits=31)
    try:
        body: bytes = inflater.decompress(raw, bytes_max + 1)
    except zlib.error as error:
        raise Refused("malformed_json", "the body is not gzip") from error
    if len(body) > bytes_max:
        raise Refused("body_too_large", f"at most {bytes_max} bytes once inflated")
    if not inflater.eof:
        raise Refused("malformed_json", "the gzip body is cut off")
    return body
