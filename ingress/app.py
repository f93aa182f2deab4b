"""The ASGI application: finds the operation, checks the form of the call, and answers every error as a problem."""

import structlog

from ingress import metrics
from ingress.asgi import ClientGone, Receive, Request, Response, Scope, Send, read_body, request_id_of
from ingress.callers import Callers, Identity
from ingress.current import TRACE
from ingress.forms import Forms, check_body, check_head, require_room
from ingress.limiter import UNCOUNTED, Limiter
from ingress.operations import Call, Operation, Table, Who
from ingress.recording import Recording
from ingress.refusals import MEDIA_TYPE, Refused, encode_problem
from ingress.sessions import Sessions
from ingress.stores import StoreAway, ValueRefused
from ingress.tracing import Tracing
from runtime.addresses import FORWARDED, ClientAddresses
from ticketing.staff import SAFE_METHODS

log = structlog.get_logger(__name__)

SERVER_ERROR = 500


class Api:
    """`/api/*` as an ASGI application."""

    def __init__(
        self,
        table: Table,
        *,
        callers: Callers,
        sessions: Sessions,
        limiter: Limiter,
        forms: Forms,
        addresses: ClientAddresses,
        body_deadline_s: float,
        recording: Recording,
        tracing: Tracing | None,
    ) -> None:
        self._tracing = tracing
        self._recording = recording
        self._limiter = limiter
        self._table = table
        self._addresses = addresses
        self._callers = callers
        self._sessions = sessions
        self._forms = forms
        self._body_deadline_s = body_deadline_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await _turn_socket_away(scope, receive, send, self._forms.request_id())
            return
        headers = dict(scope["headers"])
        span = None if self._tracing is None else self._tracing.begin(headers)
        peer = scope.get("client")
        request = Request(
            scope["method"],
            scope["path"],
            headers,
            request_id_of(headers, self._forms.request_id),
            scope["query_string"],
            self._addresses.of(peer[0], headers.get(FORWARDED)) if peer else "",
            "" if span is None else span.trace_id,
        )
        before = TRACE.set(b"" if span is None else span.trace)
        name, identity, began_ms = "none", None, self._forms.clock.now_ms()
        counted, status = UNCOUNTED, 0
        try:
            methods, params = self._table.find(request.path)
            operation = _choose(methods, request)
            name = operation.name
            require_room(operation)
            if operation.who is not Who.ANYBODY or (operation.tells_own and b"authorization" in headers):
                identity = await self._sessions.identify(request, operation) or await self._callers.identify(request)
            counted = self._limiter.check(operation, request.address, identity)
            response = await operation.handler(await self._check(operation, request, identity, params, receive))
            status = response.status
        except ClientGone:
            return
        except Exception as error:
            response = failed(error, name, request)
            status = response.status
        finally:
            counted.leave(status)
            TRACE.reset(before)
            if span is not None:
                span.end(name, failed=status >= SERVER_ERROR, status=status)
        metrics.requests(name, response.status).inc()
        took_ms = max(0, self._forms.clock.now_ms() - began_ms)
        metrics.request_seconds(name).observe(took_ms / 1000)
        if identity is not None and identity.person:
            _note_act(identity, name, request, response.status)
        elif identity is not None and identity.key is not None:
            self._recording.note(identity.key.key_id, name, request, response.status, began_ms)
        response.headers += counted.headers
        await response.send(send, request_id=request.request_id, head_only=request.method == "HEAD")

    async def _check(
        self,
        operation: Operation,
        request: Request,
        identity: Identity | None,
        params: dict[str, str],
        receive: Receive,
    ) -> Call:
        """The call, in the form that its operation asks for. Raises `Refused`, `ClientGone`."""
        head = check_head(operation, request, identity)
        body, raw = None, b""
        if operation.body is not None or operation.body_raw:
            raw = await read_body(
                request,
                receive,
                bytes_max=operation.body_bytes_max,
                deadline_s=self._body_deadline_s,
                gzip_allowed=operation.gzip_allowed,
            )
            if operation.body is not None:
                body = check_body(operation, operation.body, request, raw)
        return self._forms.call(operation, request, params, head, body, raw=raw if operation.body_raw else b"")


def failed(error: Exception, operation: str, request: Request) -> Response:
    """What is answered when an operation raised: the problem, and 500 for what should not have happened."""
    match error:
        case Refused():
            refused = error
        case StoreAway():
            log.warning("ingress.store_away", operation=operation, error=str(error), **request.ids)
            refused = Refused("sales_paused", "the database is away; nothing was changed")
        case ValueRefused():
            log.warning("ingress.value_refused", operation=operation, error=str(error), **request.ids)
            refused = Refused("data_refused")
        case _:
            metrics.BUGS.inc()
            log.error("ingress.bug", operation=operation, exc_info=error, **request.ids)
            refused = Refused("internal_error")
    headers = list(refused.headers)
    if refused.retry_after_s is not None:
        headers.append(("retry-after", str(refused.retry_after_s)))
    body = encode_problem(refused.body(instance=request.path, request_id=request.request_id))
    return Response(refused.status, body, media_type=MEDIA_TYPE, headers=[*headers, ("cache-control", "no-store")])


def _note_act(identity: Identity, operation: str, request: Request, status: int) -> None:
    """What somebody changed at our pages is said in our own log: it is no traffic of the key that they look after."""
    if request.method not in SAFE_METHODS:
        log.info(
            "ingress.done_by_hand", person=identity.person, key=identity.key and identity.key.key_id,
            operation=operation, path=request.path, status=status, **request.ids,
        )  # fmt: skip


def _choose(methods: "dict[str, Operation] | object", request: Request) -> Operation:
    if not isinstance(methods, dict) or not methods:
        raise Refused("not_found", "there is nothing at this path")
    operation = methods.get("GET" if request.method == "HEAD" else request.method)
    if operation is None:
        allowed = sorted(methods) + (["HEAD"] if "GET" in methods else [])
        raise Refused("method_not_allowed", f"it has {', '.join(allowed)}", headers=[("allow", ", ".join(allowed))])
    return operation


async def _turn_socket_away(scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
    """Nothing here is a websocket; say so in HTTP where the server can (ASGI, "Websocket Denial Response")."""
    await receive()
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1000})
        return
    refused = Refused("not_found", "there is no websocket at this path; they are under /ws/")
    body = encode_problem(refused.body(instance=scope["path"], request_id=request_id))
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"x-request-id", request_id.encode())]
    await send({"type": "websocket.http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
