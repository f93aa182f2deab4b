"""`/room/*` as an application, and the two calls of the crowd that do without it; what errors are answered with."""

import re
from collections.abc import Callable, Mapping

import structlog
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime.direct import DirectRoutes, Take
from runtime.direct_endpoint import DirectEndpoint, Endpoint, Handler
from runtime.metered import Meter
from waiting_room import metrics
from waiting_room.answers import Refused, problem
from waiting_room.ports import LedgerUnavailable, StoreUnavailable
from waiting_room.replies import Refusal
from waiting_room.routes import FanRoutes

log = structlog.get_logger("waiting_room")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    metrics.REFUSED.labels(error.code).inc()
    return problem(request, Refusal(error.code, error.detail), errors=error.errors)


async def _away(request: Request, error: Exception) -> Response:
    log.warning("room.store_away", path=request.url.path, error=str(error))
    metrics.REFUSED.labels("room_unavailable").inc()
    return problem(request, Refusal("room_unavailable", "ask again in a moment", 1))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    wrong_method = error.status_code == 405
    refusal = Refusal("method_not_allowed" if wrong_method else "not_found", error.detail)
    return problem(request, refusal, headers=dict(error.headers or {}))


async def _bug(request: Request, error: Exception) -> Response:
    log.error("room.bug", path=request.url.path, exc_info=error)
    return problem(request, Refusal("internal_error", "try again"))


_HANDLERS: Mapping[type[Exception], Handler] = {
    Refused: _refused,
    StoreUnavailable: _away,
    LedgerUnavailable: _away,
    HTTPException: _http_error,
    Exception: _bug,
}


def create_app(routes: list[BaseRoute], entropy: Callable[[int], bytes]) -> ASGIApp:
    """`/room/*` as an application. `entropy(n)` gives n random bytes, for the ids of requests."""
    return _with_headers(Starlette(routes=routes, exception_handlers=_HANDLERS), entropy)


def direct_routes(fans: FanRoutes, entropy: Callable[[int], bytes], meter: Meter) -> DirectRoutes:
    """What everybody asks for in the same minute: a place, and, at their turn, the pass."""

    def headers(request: Request) -> dict[str, str]:
        return _headers_of(request, entropy)

    def of(endpoint: Endpoint) -> Take:
        return DirectEndpoint(endpoint, handlers=_HANDLERS, headers=headers, meter=meter).take

    return {
        (b"POST", b"/room/{show}/entries"): of(fans.join),
        (b"POST", b"/room/{show}/entries/{entry}/claim"): of(fans.claim),
    }


def _headers_of(request: Request, entropy: Callable[[int], bytes]) -> dict[str, str]:
    """Those of every answer. The request gets its id: the caller's own, if it is one, or a new one."""
    given = request.headers.get("x-request-id", "")
    request_id = given if _REQUEST_ID.fullmatch(given) else entropy(16).hex()
    request.scope["request_id"] = request_id
    return {"x-request-id": request_id, "x-content-type-options": "nosniff"}


def _with_headers(app: ASGIApp, entropy: Callable[[int], bytes]) -> ASGIApp:
    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        headers = _headers_of(Request(scope), entropy)

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        await app(scope, receive, answered)

    return call
