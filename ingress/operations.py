"""The one table of what this room answers: `Operation` says what a call needs and gives.

The dispatcher enforces it (who may call, which headers, the form of query and body) and the OpenAPI document is made
from it, so what is announced and what is done cannot differ.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

import msgspec
from pydantic import BaseModel

from ingress.asgi import Request, Response
from ingress.callers import Identity
from ingress.service import NotTaken
from ticketing.intake import Sent

BODY_BYTES_MAX = 64 * 1024
LAYOUT_BYTES_MAX = 32 * 1024 * 1024

ANY_CONNECTION = ("request_malformed", "headers_too_slow", "url_too_long", "headers_too_large", "busy")
"""What a connection is told before its request is looked at, whatever it asks for."""

Model = TypeVar("Model", bound=BaseModel)


class Who(StrEnum):
    """Who may call."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed_in"
    ADMIN = "admin"


class KeyUse(StrEnum):
    """What the call does with an Idempotency-Key."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Call(msgspec.Struct, frozen=True):
    """One call whose form has been checked against its operation."""

    request: Request
    params: Mapping[str, str]
    identity: Identity | None
    query: BaseModel | None
    body: BaseModel | None
    sent: Sent
    wait_s: float
    raw: bytes = b""
    """The body as it came, where the operation wants it so."""

    @property
    def caller(self) -> Identity:
        """Who calls; there is always one where the operation asks for one."""
        if self.identity is None:
            raise LookupError("this operation is open to anybody")
        return self.identity

    def read(self, kind: type[Model]) -> Model:
        """The body, of the operation's own kind."""
        if not isinstance(self.body, kind):
            raise LookupError(f"this operation has no body of kind {kind.__name__}")
        return self.body

    def asked(self, kind: type[Model]) -> Model:
        """The query, of the operation's own kind."""
        if not isinstance(self.query, kind):
            raise LookupError(f"this operation has no query of kind {kind.__name__}")
        return self.query


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One row: `path` as in OpenAPI (`{name}` is one segment), `answers` by HTTP status (None: no body), `refusals`
    the codes beside those that follow from the other columns."""

    name: str
    method: str
    path: str
    handler: Handler
    summary: str
    answers: Mapping[int, type[msgspec.Struct] | None]
    who: Who = Who.ANYBODY
    key: KeyUse = KeyUse.NONE
    waits: bool = False
    body: type[BaseModel] | None = None
    body_needed: bool = True
    body_bytes_max: int = BODY_BYTES_MAX
    body_raw: bool = False
    """The body is somebody else's, and taken as it comes."""
    gzip_allowed: bool = False
    query: type[BaseModel] | None = None
    turned_away: Callable[[], NotTaken | None] | None = None
    """Asked before anything is spent on the call: why it is not taken now."""
    holds: bool = False
    """An attempt to hold: a fan has few of them a minute."""
    limited: bool = True
    """Whether callers are limited in how often they may ask; not so those who must not be lost."""
    tells_own: bool = False
    """Anybody may call, and a token that is sent along is read: its bearer is told what is their own."""
    signs_in: bool = False
    """Takes a secret: an address has few tries a minute."""
    refusals: tuple[str, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)
    """Path parameter -> what it is."""
    page: str | None = None
    """The media type of a success that is no JSON."""
    also: str | None = None
    """Another media type in which a success can be had beside JSON."""

    @property
    def counted(self) -> bool:
        """Whether the call counts against a limit; what anybody may cache does not."""
        return self.limited and (self.who is not Who.ANYBODY or self.method != "GET")

    @property
    def codes(self) -> tuple[str, ...]:
        """Every problem code that this call can answer with."""
        codes = [*self.refusals, *ANY_CONNECTION, "internal_error"]
        if self.params:
            # What is put into the path may make another path of it, or hold what no table can be asked for.
            codes += ["not_found", "method_not_allowed", "data_refused"]
        if self.who is not Who.ANYBODY or self.tells_own:
            codes += ["unauthenticated", "token_invalid", "token_expired", "key_revoked", "insufficient_scope"]
            codes += ["sales_paused"]
        if self.counted or self.tells_own:
            codes.append("rate_limited")
        if self.waits:
            codes.append("too_many_at_once")
        if self.key is not KeyUse.NONE:
            codes += ["idempotency_key_invalid", "idempotency_key_reused"]
        if self.key is KeyUse.REQUIRED:
            codes.append("idempotency_key_missing")
        if self.body is not None:
            codes += ["malformed_json", "invalid_request", "body_too_large", "body_too_slow", "data_refused"]
            codes.append("unsupported_media_type")
            if self.body_needed:
                codes.append("body_missing")
        if self.query is not None:
            codes.append("invalid_request")
        if self.waits:
            codes += ["busy", "log_unavailable", "sales_paused", "malformed"]
        return tuple(dict.fromkeys(codes))


class Table:
    """Finds the operation for a method and a path."""

    def __init__(self, operations: list[Operation]) -> None:
        self.operations = tuple(operations)
        self._exact: dict[str, dict[str, Operation]] = {}
        self._patterns: list[tuple[tuple[str, ...], dict[str, Operation]]] = []
        for operation in operations:
            self._methods_for(operation.path)[operation.method] = operation

    def find(self, path: str) -> tuple[Mapping[str, Operation], dict[str, str]]:
        """`(operations by method, path parameters)` of a path; none of either: there is no such path."""
        exact = self._exact.get(path)
        if exact is not None:
            return exact, {}
        segments = path.split("/")
        for pattern, methods in self._patterns:
            if len(pattern) != len(segments):
                continue
            params: dict[str, str] = {}
            for wanted, given in zip(pattern, segments, strict=True):
                if wanted.startswith("{") and given:
                    params[wanted[1:-1]] = given
                elif wanted != given:
                    break
            else:
                return methods, params
        return {}, {}

    def _methods_for(self, path: str) -> dict[str, Operation]:
        if "{" not in path:
            return self._exact.setdefault(path, {})
        pattern = tuple(path.split("/"))
        for known, methods in self._patterns:
            if known == pattern:
                return methods
        methods = {}
        self._patterns.append((pattern, methods))
        return methods
