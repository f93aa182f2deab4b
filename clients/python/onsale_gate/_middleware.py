"""The middleware: finds the pass of a request, and answers for the site where there is none that is good."""

import json
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from onsale_gate._passes import Admitted, PassWrong, read_keys, read_pass

COOKIE = "__Host-onsale-pass"
FIELD = "onsale_pass"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Gate:
    """Guards `paths` (with everything below them) of `app` for one show.

    The pass comes as `Authorization: Bearer`, in the cookie `__Host-onsale-pass`, or in the query as `onsale_pass`;
    from there it is moved into the cookie. Whoever has none is sent to the room (browsers: 303) or told so (others: 401
    and a problem document with the room's address). The site finds the bearer in `scope["onsale"]`, an `Admitted`.
    """

    def __init__(
        self,
        app: App,
        *,
        room_url: str,
        show: str,
        keys: Sequence[str],
        paths: Iterable[str] = ("/",),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._app = app
        self._show = show
        self._keys = read_keys(keys)
        self._paths = tuple(path.rstrip("/") for path in paths)
        self._room = f"{room_url.rstrip('/')}/room/{quote(show, safe='')}"
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the request through, or answers it."""
        if scope["type"] not in {"http", "websocket"} or not self._is_guarded(scope["path"]):
            await self._app(scope, receive, send)
            return
        in_query = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"))).get(FIELD)
        token = in_query or _bearer(scope) or _in_cookie(scope)
        try:
            if token is None:
                raise PassWrong("pass_missing")
            admitted = read_pass(token, self._keys, self._show, self._clock())
        except PassWrong as wrong:
            await self._turn_away(scope, send, wrong.code)
            return
        if in_query is not None and scope["type"] == "http" and scope["method"] == "GET":
            await _answer(
                send, 303, [(b"location", _without_pass(scope)), (b"set-cookie", self._cookie(token, admitted))]
            )
            return
        scope["onsale"] = admitted
        await self._app(scope, receive, send)

    def _is_guarded(self, path: str) -> bool:
        return any(path == guarded or path.startswith(f"{guarded}/") for guarded in self._paths)

    def _cookie(self, token: str, admitted: Admitted) -> bytes:
        left_s = max(0, int(admitted.expires_at_s - self._clock()))
        return f"{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={left_s}".encode()

    async def _turn_away(self, scope: Scope, send: Send, code: str) -> None:
        if scope["type"] == "websocket":
            # Before it was accepted, a close is answered with 403.
            await send({"type": "websocket.close", "code": 4401, "reason": code})
            return
        if b"text/html" in _header(scope, b"accept"):
            await _answer(send, 303, [(b"location", self._room.encode())])
            return
        problem = {
            "type": "about:blank",
            "title": "Wait your turn first",
            "status": 401,
            "detail": f"join the line at {self._room}",
            "code": code,
            "room": self._room,
        }
        headers = [(b"content-type", b"application/problem+json"), (b"www-authenticate", b"Bearer")]
        await _answer(send, 401, headers, json.dumps(problem).encode())


def _header(scope: Scope, name: bytes) -> bytes:
    return b", ".join(value for key, value in scope["headers"] if key.lower() == name)


def _bearer(scope: Scope) -> str | None:
    scheme, _, token = _header(scope, b"authorization").decode("latin-1").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _in_cookie(scope: Scope) -> str | None:
    try:
        kept = SimpleCookie(_header(scope, b"cookie").decode("latin-1")).get(COOKIE)
    except CookieError:
        return None
    return None if kept is None else kept.value


def _without_pass(scope: Scope) -> bytes:
    rest = [
        pair for pair in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True) if pair[0] != FIELD
    ]
    path = quote(scope["path"])
    return f"{path}?{urlencode(rest)}".encode() if rest else path.encode()


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes = b"") -> None:
    length = (b"content-length", b"%d" % len(body))
    # What is said depends on who asks: nobody on the way may keep it.
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, length, (b"cache-control", b"no-store")],
        }
    )
    await send({"type": "http.response.body", "body": body})
