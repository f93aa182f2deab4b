"""The form of a call: what its operation asks of headers, query and body, before anything is done."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from pydantic import BaseModel, ValidationError

from ingress.asgi import Request
from ingress.callers import Identity, require_admin
from ingress.operations import Call, KeyUse, Operation, Who
from ingress.pages import FOR_PARTNERS
from ingress.refusals import Refused, field_errors, from_not_taken
from ticketing.clock import Clock
from ticketing.intake import Sent

IDEMPOTENCY_KEY_CHARS_MAX = 200
WAIT_S_MAX = 10.0
_WAIT = re.compile(r"wait\s*=\s*\"?(\d{1,6})\"?")


class Head(NamedTuple):
    """What was read of a call before its body."""

    identity: Identity | None
    key: str | None
    query: BaseModel | None


def require_room(operation: Operation) -> None:
    """The operation is not turned away at the door, which is asked before anything is spent. Raises `Refused`."""
    if operation.turned_away is not None and (refused := operation.turned_away()) is not None:
        raise from_not_taken(refused)


def check_head(operation: Operation, request: Request, identity: Identity | None) -> Head:
    """Whether the caller may call at all, the Idempotency-Key and the query. Raises `Refused`."""
    if operation.who is Who.ADMIN and identity is not None and not _is_of_partners(operation, identity):
        require_admin(identity)
    key = None if operation.key is KeyUse.NONE else _idempotency_key(request, operation.key)
    query = None if operation.query is None else _parse_query(operation.query, request)
    return Head(identity, key, query)


def check_body(operation: Operation, kind: type[BaseModel], request: Request, raw: bytes) -> BaseModel:
    """The body as its model. Raises `Refused`."""
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
        if any(detail["type"] == "int_type" for detail in error.errors(include_url=False, include_input=False)):
            return _with_whole_numbers(kind, raw)
        raise refuse_form(error) from error


def _with_whole_numbers(kind: type[BaseModel], raw: bytes) -> BaseModel:
    """The body, where 2.0 is the whole number that it is in JSON Schema. Raises `Refused`."""

    def number(said: str) -> float | int:
        value = float(said)
        return int(value) if value.is_integer() and abs(value) < 2**53 else value

    try:
        return kind.model_validate_json(json.dumps(json.loads(raw, parse_float=number)), strict=True)
    except ValidationError as error:
        raise refuse_form(error) from error


@dataclass(frozen=True, slots=True)
class Forms:
    """Makes calls of what was checked. `entropy(n)` gives n random bytes."""

    clock: Clock
    entropy: Callable[[int], bytes]
    wait_default_s: float

    def request_id(self) -> str:
        """A new one, for a request that brought none."""
        return self.entropy(16).hex()

    def call(
        self,
        operation: Operation,
        request: Request,
        params: Mapping[str, str],
        head: Head,
        body: BaseModel | None,
        *,
        raw: bytes = b"",
    ) -> Call:
        """A call whose form is right, as of now."""
        sent = Sent(
            method=operation.method,
            path_template=operation.path,
            key=head.key,
            nonce=self.entropy(16) if head.key is None else b"",
            at_ms=self.clock.now_ms(),
        )
        wait_s = preferred_wait_s(request.header("prefer"), self.wait_default_s) if operation.waits else 0.0
        return Call(request, params, head.identity, head.query, body, sent, wait_s, raw)


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


@lru_cache(maxsize=128)
def preferred_wait_s(prefer: str | None, default_s: float) -> float:
    """Seconds to wait for the verdict, by the Prefer header (RFC 7240); what cannot be understood is ignored."""
    if prefer is None:
        return default_s
    if any(token.strip().lower() == "respond-async" for token in prefer.replace(";", ",").split(",")):
        return 0.0
    found = _WAIT.search(prefer.lower())
    return default_s if found is None else min(float(found[1]), WAIT_S_MAX)


def _is_of_partners(operation: Operation, identity: Identity) -> bool:
    """A partner's person calls what partners may do at our pages, with what is their own."""
    return bool(identity.partner) and operation.name in FOR_PARTNERS


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
