"""The ASGI application: finds the operation, checks the form of the call, and answers every error as a problem."""

import re
from collections.abc import Callable

import structlog
from pydantic import BaseModel, ValidationError

from ingress import metrics
from ingress.asgi import ClientGone, Receive, Request, Response, Scope, Send
from ingress.callers import Callers, Identity, require_admin
from ingress.operations import Call, KeyUse, Operation, Table, Who
from ingress.refusals import MEDIA_TYPE, Refused, encode_problem, field_errors, from_not_taken
from ingress.stores import StoreAway, ValueRefused
from ticketing.clock import Clock
from ticketing.intake import Sent

log = structlog.get_logger(__name__)

IDEMPOTENCY_KEY_CHARS_MAX = 200
WAIT_S_MAX = 10.0
_WAIT = re.compile(r"wait\s*=\s*\"?(\d{1,6})\"?")


class Api:
    """`/api/*` as an ASGI application. `entropy(n)` gives n random bytes."""

    def __init__(
        self,
        table: Table,
        *,
        callers: Callers,
        clock: Clock,
        entropy: Callable[[int], bytes],
        wait_default_s: float,
        body_deadline_s: float,
    ) -> None:
        self._table = table
        self._callers = callers
        self._clock = clock
        self._entropy = entropy
        self._wait_default_s = wait_default_s
        self._body_deadline_s = body_deadline_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await _turn_socket_away(scope, receive, send, self._entropy(16).hex())
            return
        request = Request(scope, receive, self._entropy(16).hex())
        name = "none"
        try:
            methods, params = self._table.find(request.path)
            operation = _choose(methods, request)
            name = operation.name
            response = await operation.handler(await self._check(operation, request, params))
        except ClientGone:
            return
        except Refused as refused:
            response = _problem(refused, request)
        except StoreAway as error:
            log.warning("ingress.store_away", operation=name, error=str(error))
            response = _problem(Refused("sales_paused", "the database is away; nothing was changed"), request)
        except ValueRefused as error:
            log.warning("ingress.value_refused", operation=name, error=str(error))
            response = _problem(Refused("data_refused"), request)
        except Exception:
            log.exception("ingress.bug", operation=name, request_id=request.request_id)
            response = _problem(Refused("internal_error"), request)
        metrics.REQUESTS.labels(name, response.status).inc()
        await response.send(send, request_id=request.request_id, head_only=request.method == "HEAD")

    async def _check(self, operation: Operation, request: Request, params: dict[str, str]) -> Call:
        """The call, in the form that its operation asks for. Raises `Refused`, StoreAway, `ClientGone`."""
        if operation.turned_away is not None and (refused := operation.turned_away()) is not None:
            raise from_not_taken(refused)
        identity: Identity | None = None
        if operation.who is not Who.ANYBODY:
            identity = await self._callers.identify(request)
            if operation.who is Who.ADMIN:
                require_admin(identity)
        key = None if operation.key is KeyUse.NONE else _idempotency_key(request, operation.key)
        query = None if operation.query is None else _parse_query(operation.query, request)
        body = None if operation.body is None else await self._parse_body(operation, operation.body, request)
        sent = Sent(
            method=operation.method,
            path_template=operation.path,
            key=key,
            nonce=self._entropy(16),
            at_ms=self._clock.now_ms(),
        )
        wait_s = preferred_wait_s(request.header("prefer"), self._wait_default_s) if operation.waits else 0.0
        return Call(request, params, identity, query, body, sent, wait_s)

    async def _parse_body(self, operation: Operation, kind: type[BaseModel], request: Request) -> BaseModel:
        raw = await request.body(
            bytes_max=operation.body_bytes_max,
            deadline_s=self._body_deadline_s,
            gzip_allowed=operation.gzip_allowed,
        )
        if not raw.strip():
            if operation.body_needed:
                raise Refused("body_missing", "send a JSON object")
            raw = b"{}"
        else:
            media_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
            if media_type != "application/json":
                raise Refused("unsupported_media_type", "send Content-Type: application/json")
        try:
            # Strict: "5" is not 5. A caller who sends the wrong type is told, not guessed at.
            return kind.model_validate_json(raw, strict=True)
        except ValidationError as error:
            raise refuse_form(error) from error


def refuse_form(error: ValidationError) -> Refused:
    """What pydantic found wrong with a body."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    if any(detail["type"] == "json_invalid" for detail in details):
        return Refused("malformed_json", details[0]["msg"][:300])
    found = [("".join(f"/{_escaped(part)}" for part in detail["loc"]), detail["type"]) for detail in details]
    if found and all(pointer in SIZES and code in OUT_OF_RANGE for pointer, code in found):
        return Refused("layout_invalid", details[0]["msg"], errors=[*field_errors(found)])
    return Refused("invalid_request", f"{found[0][0] or 'the body'}: {details[0]['msg']}"[:300],
                   errors=field_errors(found))  # fmt: skip


SIZES = frozenset({"/capacity", "/rows", "/seats_per_row"})
OUT_OF_RANGE = frozenset({"greater_than_equal", "less_than_equal"})
"""A size that no show may have is a rule of the sale (422), not an error of form (400)."""


def preferred_wait_s(prefer: str | None, default_s: float) -> float:
    """Seconds to wait for the verdict, by the Prefer header (RFC 7240); what cannot be understood is ignored."""
    if prefer is None:
        return default_s
    if any(token.strip().lower() == "respond-async" for token in prefer.replace(";", ",").split(",")):
        return 0.0
    found = _WAIT.search(prefer.lower())
    return default_s if found is None else min(float(found[1]), WAIT_S_MAX)


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


def _problem(refused: Refused, request: Request) -> Response:
    headers = list(refused.headers)
    if refused.retry_after_s is not None:
        headers.append(("retry-after", str(refused.retry_after_s)))
    body = encode_problem(refused.body(instance=request.path, request_id=request.request_id))
    return Response(refused.status, body, media_type=MEDIA_TYPE, headers=[*headers, ("cache-control", "no-store")])


def _idempotency_key(request: Request, use: KeyUse) -> str | None:
    raw = request.header("idempotency-key")
    if raw is None:
        if use is KeyUse.REQUIRED:
            raise Refused("idempotency_key_missing", "a new random value for a new wish, the same one to repeat it")
        return None
    # The draft writes it as a structured string; the quotes are not part of the key.
    key = raw[1:-1] if len(raw) >= 2 and raw[0] == raw[-1] == '"' else raw
    if not 1 <= len(key) <= IDEMPOTENCY_KEY_CHARS_MAX:
        raise Refused("idempotency_key_invalid")
    return key


def _parse_query(kind: type[BaseModel], request: Request) -> BaseModel:
    try:
        return kind.model_validate_strings(request.query())
    except ValidationError as error:
        found = [
            ("?" + ".".join(str(part) for part in detail["loc"]), detail["type"])
            for detail in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise Refused("invalid_request", f"{found[0][0]}: {found[0][1]}", errors=field_errors(found)) from error


def _escaped(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")
