"""`/ws/venues/{venue}/shows/{show}`: one task a socket, which reads; frames go out by whoever has something to say."""

import re
from typing import Protocol

import msgspec
import structlog
from starlette.types import Message, Receive, Scope, Send

from notifier.frames import FULL, POLICY_VIOLATION, SUBPROTOCOL
from notifier.ports import Facts, NotNow, StoreAway
from notifier.reception import Reception
from notifier.wire import AsgiWire
from ticketing.problems import PROBLEMS
from ticketing.vocabulary import Malformed, parse_show

log = structlog.get_logger("notifier")

PATH = re.compile(r"/ws/venues/([^/]+)/shows/([^/]+)")


class Catalogue(Protocol):
    """Which shows there are. Raises `StoreAway`."""

    async def facts(self, show: int) -> Facts | None: ...


class SocketApp:
    """An ASGI application for everything below `/ws`."""

    def __init__(self, reception: Reception, catalogue: Catalogue) -> None:
        self._reception = reception
        self._catalogue = catalogue

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
        await self._serve(facts, receive, send)

    async def _facts(self, path: str) -> Facts | None:
        found = PATH.fullmatch(path)
        if found is None:
            return None
        try:
            facts = await self._catalogue.facts(parse_show(found[2]))
        except Malformed:
            return None
        return facts if facts is not None and facts.venue == found[1] else None

    async def _serve(self, facts: Facts, receive: Receive, send: Send) -> None:
        wire = AsgiWire(send)
        try:
            entered = await self._reception.enter(facts, wire)
        except (NotNow, StoreAway) as exc:
            log.warning("socket.not_now", show=facts.show, error=repr(exc))
            wire.close(FULL, "come again")
            return
        if entered is None:
            return
        hall, watcher = entered
        wire.on_drained = lambda: self._reception.drained(hall, watcher)
        try:
            while (message := await receive())["type"] != "websocket.disconnect":
                if not watcher.closed:
                    text: str | None = message.get("text")
                    await self._reception.hear(hall, watcher, text if text is not None else message["bytes"])
        finally:
            self._reception.leave(hall, watcher)


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
