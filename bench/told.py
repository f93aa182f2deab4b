"""What the clients of a bench asked and were told, in the form that `onsale verify --history` reads."""

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from onsale.histories import Ids, Operation, Result, encode_operation

Exchange = tuple[float, float, bytes, bytes]
"""When a request was sent and when its answer was there (s), and both as they went over the wire; the answer may be
empty: none came."""
OPS = {"/api/reservations": "hold", "/api/bookings": "confirm"}
HEAD_END = b"\r\n\r\n"
STATUS = slice(9, 12)


def history(exchanges: Iterable[Exchange]) -> bytes:
    """A line for each."""
    return b"".join(encode_operation(_operation(*exchange)) for exchange in exchanges)


def _operation(sent_s: float, ended_s: float, request: bytes, answer: bytes) -> Operation:
    head, asked = _parts(request)
    _, said = _parts(answer)
    status = int(answer[STATUS] or 0)
    path = head[0].split(" ")[1]
    headers = dict(line.split(": ", 1) for line in head[1:])
    names = {name: said.get(name) or asked.get(name) or "" for name in ("show", "reservation", "booking", "request")}
    return Operation(
        client=hashlib.blake2b(headers.get("authorization", "").encode(), digest_size=6).hexdigest(),
        op=OPS.get(path, path),
        invoke_ms=sent_s * 1000,
        end_ms=ended_s * 1000,
        result=_result(status),
        key=headers.get("idempotency-key", ""),
        status=status,
        code=said.get("code") or "",
        ids=Ids(**names),
    )


def _result(status: int) -> Result:
    if status in {200, 201}:
        return Result.OK
    return Result.FAIL if 400 <= status < 500 else Result.UNKNOWN  # noqa: PLR2004 -- what HTTP calls the caller's fault


def _parts(message: bytes) -> tuple[list[str], dict[str, Any]]:
    """The lines of the head, and what the body says where it is a JSON object."""
    head, _, body = message.partition(HEAD_END)
    said: dict[str, Any] = msgspec.json.decode(body) if body.startswith(b"{") else {}
    return head.decode().split("\r\n"), said
