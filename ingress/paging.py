"""Pages: an opaque cursor says behind what the next one begins; the Link header names it (RFC 8288)."""

import base64
import binascii
from typing import Annotated, TypeVar
from urllib.parse import urlencode

import msgspec
from pydantic import Field

from ingress.operations import Call
from ingress.refusals import FieldError, Refused

T = TypeVar("T")
After = Annotated[str, Field(max_length=4_000, description="the `next_cursor` of the page before")]


def write_cursor(place: object) -> str:
    """A place as text that needs no escaping."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def read_cursor(text: str | None, kind: type[T], first: T) -> T:
    """The place in a cursor, of its own kind; without one the `first`. Raises `Refused`."""
    if text is None:
        return first
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=kind)
    except (binascii.Error, ValueError) as error:
        raise Refused("invalid_request", errors=[FieldError(pointer="?after", code="not_a_cursor")]) from error


def next_link(call: Call, cursor: str | None) -> list[tuple[str, str]]:
    """The header that names the next page; nothing where there is none."""
    if cursor is None:
        return []
    following = urlencode({**call.request.query(), "after": cursor})
    return [("link", f'<{call.request.path}?{following}>; rel="next"')]
