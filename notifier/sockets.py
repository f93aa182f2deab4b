"""`/ws/venues/{venue}/shows/{show}` and `/ws/room/{show}`: one task a socket, which reads; frames go out by whoever has
something to say.
"""

import asyncio
import re
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Protocol

import msgspec
import structlog
from starlette.types import Message, Receive, Scope, Send

from notifier.lounge import Lounges
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
SHOW_PATH = re.compile(r"/ws/venues/([^/]+)/shows/([^/]+)")
ROOM_PATH = re.compile(r"/ws/room/([^/]+)")

Hears = Callable[[bytes], Coroutine[Any, Any, None] | None]


class Catalogue(Protocol):
    """Which shows there are. Raises `StoreAway`."""

    async def facts(self, show: int) -> Facts | None: ...


class SocketApp:
    """An ASGI application for everything below `/ws`."""

    def __init__(
        self, reception: Reception, lounges: Lounges, catalogue: Catalogue, addresses: ClientAddresses
    ) -> None:
        self._reception = reception
        self._lounges = lounges
        self._catalogue = catalogue
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it is gone; refuse anything else."""
        if scope["type"] != "websocket":
            await _problem(scope, send, "not_found")
            return
        if (await receive())["type"] != "websocket.connect":
            return
        path: str = scope["path"]
        try:
            facts = await self._facts(path)
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
        line: Line = scope["extensions"][EXTENSION]
        wire = SocketWire(line, send)
        if ROOM_PATH.fullmatch(path):
            await self._in_the_room(facts, line, wire, receive)
        else:
            await self._in_the_hall(facts, line, wire, receive, self._address(scope))

    async def _facts(self, path: str) -> Facts | None:
        room, show = ROOM_PATH.fullmatch(path), SHOW_PATH.fullmatch(path)
        if room is None and show is None:
            return None
        try:
            facts = await self._catalogue.facts(parse_show(room[1] if room is not None else path.rpartition("/")[2]))
        except Malformed:
            return None
        return facts if facts is not None and (show is None or facts.venue == show[1]) else None

    def _address(self, scope: Scope) -> str:
        peer = scope["client"]
        forwarded = next((value for name, value in scope["headers"] if name.lower() == FORWARDED), None)
        return self._addresses.of(peer[0], forwarded) if peer else ""

    async def _in_the_hall(self, facts: Facts, line: Line, wire: SocketWire, receive: Receive, address: str) -> None:
        reception = self._reception
        try:
            entered = await reception.enter(facts, wire, address)
        except (NotNow, StoreAway) as exc:
            log.warning("socket.not_now", show=facts.show, error=repr(exc))
            wire.close(FULL, "come again")
            return
        if entered is None:
            return
        hall, watcher = entered
        try:
            settle = partial(reception.settle, hall, watcher)
            await _attend(line, receive, watcher, partial(reception.hear, hall, watcher), settle)
        finally:
            reception.leave(hall, watcher)

    async def _in_the_room(self, facts: Facts, line: Line, wire: SocketWire, receive: Receive) -> None:
        lounges = self._lounges
        entered = lounges.enter(facts.show, facts.venue, wire)
        if entered is None:
            return
        lounge, watcher = entered
        try:
            settle = partial(lounges.settle, lounge, watcher)
            await _attend(line, receive, watcher, partial(lounges.hear, lounge, watcher), settle)
        finally:
            lounges.leave(lounge, watcher)


async def _attend(line: Line, receive: Receive, watcher: Watcher, hear: Hears, settle: Callable[[], None]) -> None:
    """Listen until the socket is gone."""
    heard = _Heard(hear, watcher)
    line.on_takes = settle
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


class _Heard:
    """What one socket says, one after the other: what must be waited for holds back what was said after it."""

    __slots__ = ("_behind", "_hear", "_task", "_watcher")

    def __init__(self, hear: Hears, watcher: Watcher) -> None:
        self._hear = hear
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
        rest = self._hear(raw)
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
