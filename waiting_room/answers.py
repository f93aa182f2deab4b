"""Bodies in, JSON and problems out."""

from typing import Annotated, TypeVar

import msgspec
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ticketing.problems import PROBLEMS
from waiting_room.replies import Refusal

LineName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
BODY_BYTES_MAX = 64 * 1024
NO_STORE = {"Cache-Control": "no-store"}

B = TypeVar("B", bound=BaseModel)


class Refused(Exception):
    """A request that goes no further."""

    def __init__(self, code: str, detail: str, *, errors: list[dict[str, str]] | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.errors = errors


async def read_body(request: Request, kind: type[B]) -> B:
    """The body in the form that the call asks for. Raises `Refused`."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Refused("unsupported_media_type", "send Content-Type: application/json")
    raw = bytearray()
    try:
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > BODY_BYTES_MAX:
                raise Refused("body_too_large", f"at most {BODY_BYTES_MAX} bytes")
    except ClientDisconnect as error:
        raise Refused("malformed_json", "the body ended early") from error
    if not raw.strip():
        raise Refused("body_missing", "send a JSON object")
    try:
        return kind.model_validate_json(bytes(raw), strict=True)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        if any(detail["type"] == "json_invalid" for detail in details):
            raise Refused("malformed_json", details[0]["msg"]) from error
        errors = [
            {"pointer": "".join(f"/{part}" for part in detail["loc"]), "code": detail["type"]} for detail in details
        ]
        first = errors[0]["pointer"] or "the body"
        raise Refused("invalid_request", f"{first}: {details[0]['msg']}", errors=errors[:20]) from error


def answer(body: dict[str, object], *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A success; nobody may keep it."""
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type="application/json",
        headers=NO_STORE | (headers or {}),
    )


def problem(
    request: Request,
    refusal: Refusal,
    *,
    errors: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """`application/problem+json` (RFC 9457) for one of the codes of `ticketing.problems`."""
    kind = PROBLEMS[refusal.code]
    body: dict[str, object] = {
        "type": f"/api/problems/{refusal.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": refusal.detail,
        "instance": request.url.path,
        "code": refusal.code,
        "request_id": request.scope.get("request_id", ""),
        "retryable": kind.retryable,
        **refusal.more,
    }
    if refusal.retry_after_s is not None:
        body["retry_after_s"] = refusal.retry_after_s
        headers = {"Retry-After": str(refusal.retry_after_s)} | (headers or {})
    if errors is not None:
        body["errors"] = errors
    return Response(
        msgspec.json.encode(body),
        status_code=kind.status,
        media_type="application/problem+json",
        headers=NO_STORE | (headers or {}),
    )
