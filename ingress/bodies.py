"""What we answer beside reservations and bookings (`ticketing/telling.py`); one encoder writes all of it. The OpenAPI
document is made from these shapes.
"""

import msgspec
from msgspec import Struct

from ticketing.telling import Answer


class PendingAnswer(Answer, kw_only=True):
    """202: the command is on the log; ask for its verdict at `/api/requests/{request}`."""

    request: str
    status: str


class RequestAnswer(Answer, kw_only=True):
    """What became of a request: `pending`, `granted` or `rejected`. `outcome` is the body that waiting would have got
    (with `rejected`, the problem), and `partition` and `offset` are its place in the log."""

    request: str
    status: str
    partition: int
    offset: int
    outcome: msgspec.Raw | None = None


class ShowChangedAnswer(Answer, kw_only=True):
    """An admin's command on a show, done."""

    show: str
    status: str
    request: str | None = None


def encode(answer: Struct) -> bytes:
    """An answer as JSON."""
    return _encoder.encode(answer)


_encoder = msgspec.json.Encoder()
