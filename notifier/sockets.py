"""`/ws/venues/{venue}/shows/{show}`: one task a socket, which reads; frames go out by whoever has something to say."""

import asyncio
import re
from collections import deque
from collections.abc import Coroutine
from functools import partial
from typing import Any, Protocol

import msgspec
import structlog
from starlette.types import Message, Receive, Scope, Send

from notifier.hall import Hall
from notifier.ports import Facts, NotNow, StoreAway
from notifier.reception import Reception
from notifier.watcher import Watcher
from notifier.wire import Line, SocketWire
from runtime.addresses import FORWARDED, ClientAddresses
from runtime.websocket import EXTENSION
from ticketing.problems import PROBLEMS
from ticketing.socket_frames import FULL, POLICY_VIOLATION, SUBPROTOCOL, TOO_MANY
from ticketing.vocabulary import Malformed, parse_show

log = structlog.get_logger("notifier")

BEHIND_MAX = 50
"""Frames of one socket that wait for what it said before."""
PATH = re.compile(r"/ws/venues/([^/]+)/shows/([^/]+)")


class Catalogue(Protocol):
    """Which shows there are. Raises `StoreAway`."""

    async def facts(self, show: int) -> Facts | None: ...


class SocketApp:
    """An ASGI application for everything below `/ws`."""

    def __init__(self, reception: Reception, catalogue: Catalogue, addresses: ClientAddresses) -> None:
        self._reception = reception
        self._catalogue = catalogue
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it is gone; refuse anything else."""
        if scope["type"] != "websocket":
            await _problem(scope, send, "not_found")
            return
        if (await receive())["type"] != "websocket.connect":
            return
        try:
            facts = await self._facts(scope["path"])
        except StoreAway as exc:
            log.warning("socket.refused", error=repr(exc))
            await _problem(scope, send, "busy")
            return
        if facts is None:
            await _problem(scope, send, "show_not_found")
            return
        accept: Message = {"type": "websocket.accept"}
        if SUBPROTOCOL in scope.get("subprotocols", ()):
            accept["subprotocol"] = SUBPROTOCOL
        await send(accept)
        await self._serve(facts, scope, receive, send)

    async def _facts(self, path: str) -> Facts | None:
        found = PATH.fullmatch(path)
        if found is None:
            return None
        try:
            facts = await self._catalogue.facts(parse_show(found[2]))
        except Malformed:
            return None
        return facts if facts is not None and facts.venue == found[1] else None

    def _address(self, scope: Scope) -> str:
        peer = scope["client"]
        forwarded = next((value for name, value in scope["headers"] if name.lower() == FORWARDED), None)
        return self._addresses.of(peer[0], forwarded) if peer else ""

    async def _serve(self, facts: Facts, scope: Scope, receive: Receive, send: Send) -> None:
        line: Line = scope["extensions"][EXTENSION]
        wire = SocketWire(line, send)
        try:
            entered = await self._reception.enter(facts, wire, self._address(scope))
        except (NotNow, StoreAway) as exc:
            log.warning("socket.not_now", show=facts.show, error=repr(exc))
            wire.close(FULL, "come again")
            return
        if entered is None:
            return
        hall, watcher = entered
        heard = _Heard(self._reception, hall, watcher)
        line.on_takes = partial(self._reception.settle, hall, watcher)
        line.on_text = heard.take
        # It may have changed while the hall was being loaded.
        watcher.settle()
        try:
            while (message := await receive())["type"] != "websocket.disconnect":
                text: str | None = message.get("text")
                heard.take(text.encode() if text is not None else message["bytes"])
        finally:
            line.on_text = line.on_takes = None
            heard.stop()
            self._reception.leave(hall, watcher)


class _Heard:
    """What one socket says, one after the other: what must be waited for holds back what was said after it."""

    __slots__ = ("_behind", "_hall", "_reception", "_task", "_watcher")

    def __init__(self, reception: Reception, hall: Hall, watcher: Watcher) -> None:
        self._reception = reception
        self._hall = hall
        self._watcher = watcher
        self._task: asyncio.Task[None] | None = None
        self._behind: deque[bytes] = deque()

    def take(self, raw: bytes) -> None:
        """A frame has come."""
        if self._watcher.closed:
            return
        if self._task is not None:
            self._behind.append(raw)
            if len(self._behind) > BEHIND_MAX:
                self._watcher.close(TOO_MANY, "too many frames")
            return
        rest = self._reception.hear(self._hall, self._watcher, raw)
        if rest is not None:
            self._task = asyncio.get_running_loop().create_task(self._finish(rest))

    def stop(self) -> None:
        """Nobody is there any more."""
        self._behind.clear()
        if self._task is not None:
            self._task.cancel()

    async def _finish(self, rest: Coroutine[Any, Any, None]) -> None:
        try:
            await rest
        finally:
            self._task = None
        while self._behind and self._task is None:
            self.take(self._behind.popleft())


async def _problem(scope: Scope, send: Send, code: str) -> None:
    """A problem document; a socket is refused with one where the server can send it, and simply closed where not."""
    prefix = "http"
    if scope["type"] == "websocket":
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return
        prefix = "websocket.http"
    problem = PROBLEMS[code]
    document = {
        "type": f"/api/problems/{code}",
        "title": problem.title,
        "status": problem.status,
        "code": code,
        "retryable": problem.retryable,
    }
    body = msgspec.json.encode(document)
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", b"%d" % len(body))]
    await send({"type": f"{prefix}.response.start", "status": problem.status, "headers": headers})
    await send({"type": f"{prefix}.response.body", "body": body})
