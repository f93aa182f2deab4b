"""Pages: an opaque cursor says behind what the next one begins; the Link header names it (RFC 8288).

A cursor is a few numbers and at most one id, written so that one pattern tells what is a cursor and what is not: what
the OpenAPI document announces as valid is never refused.
"""

from typing import Annotated
from urllib.parse import urlencode

from pydantic import Field

from ingress.operations import Call

SAID = "the `next_cursor` of the page before"
AfterNumber = Annotated[str, Field(pattern=r"^[0-9]{1,15}$", description=SAID)]
AfterNumbers = Annotated[str, Field(pattern=r"^[0-9]{1,15}\.[0-9]{1,15}$", description=SAID)]
AfterId = Annotated[str, Field(pattern=r"^[0-9]{1,15}\.[a-z]{3}_[0-9a-z]{1,48}$", description=SAID)]


def write_cursor(*place: int | str) -> str:
    """A place as text that needs no escaping."""
    return ".".join(str(part) for part in place)


def read_number(text: str | None, first: int) -> int:
    """The place in an `AfterNumber`; without one the `first`."""
    return first if text is None else int(text)


def read_numbers(text: str | None, first: tuple[int, int]) -> tuple[int, int]:
    """The place in an `AfterNumbers`; without one the `first`."""
    if text is None:
        return first
    one, _, other = text.partition(".")
    return int(one), int(other)


def read_id(text: str | None) -> tuple[int, str]:
    """The place in an `AfterId`; without one that before all."""
    if text is None:
        return -1, ""
    number, _, name = text.partition(".")
    return int(number), name


def next_link(call: Call, cursor: str | None) -> list[tuple[str, str]]:
    """The header that names the next page; nothing where there is none."""
    if cursor is None:
        return []
    following = urlencode({**call.request.query(), "after": cursor})
    return [("link", f'<{call.request.path}?{following}>; rel="next"')]
