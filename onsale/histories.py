"""One line of a client history: what a client asked, when, and what it was told (`docs/histories.md`).

Load drivers write it, `onsale verify --history` reads it; outsiders can do either, as it is plain JSON.
"""

from enum import StrEnum

import msgspec

LINE_BYTES_MAX = 64 * 1024
"""A longer line is read in pieces, none of which has the form of one."""


class Result(StrEnum):
    """What the client knows of its operation."""

    OK = "ok"
    FAIL = "fail"
    UNKNOWN = "unknown"


class Ids(msgspec.Struct, frozen=True, omit_defaults=True):
    """The ids in the request or in the answer, as the API writes them."""

    show: str = ""
    reservation: str = ""
    booking: str = ""
    request: str = ""


class Operation(msgspec.Struct, frozen=True, omit_defaults=True):
    """From sending (`invoke_ms`) to the last word about it (`end_ms`), both by the client's own clock."""

    client: str
    op: str
    invoke_ms: float
    end_ms: float
    result: Result
    key: str = ""
    """The Idempotency-Key that it was sent with."""
    status: int = 0
    """Of HTTP; 0 where there was no answer."""
    code: str = ""
    """Of the problem, where the answer is one."""
    ids: Ids = Ids()
    seq: int | None = None
    """The show's sequence number that a read was true for."""


_decoder = msgspec.json.Decoder(Operation)


def encode_operation(operation: Operation) -> bytes:
    """One line, with its end."""
    return msgspec.json.encode(operation) + b"\n"


def decode_operation(line: bytes) -> Operation:
    """Raises `msgspec.DecodeError`. Fields that are not known are ignored."""
    return _decoder.decode(line)
