"""What we answer to those who buy and sell: the shape of every success (`shown.py` has the public ones).

One encoder writes them, and the OpenAPI document is made from them. Times are RFC 3339 in UTC, money is in minor units
of `currency`, places are named by their label.
"""

import msgspec
from msgspec import Struct


class Answer(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What every success carries."""

    message: str
    created_at: str


class SeatPrice(Struct, kw_only=True, omit_defaults=True):
    seat: str
    category: str
    price: int


class AreaPrice(Struct, kw_only=True, omit_defaults=True):
    area: str
    category: str
    quantity: int
    price: int
    """Of one place."""


class ReservationAnswer(Answer, kw_only=True):
    """A reservation as it stands."""

    reservation: str
    show: str
    venue: str
    status: str
    seats: list[SeatPrice]
    areas: list[AreaPrice]
    total_amount: int
    currency: str
    expires_at: str
    request: str | None = None
    reservation_token: str | None = None
    booking: str | None = None
    external_id: str | None = None
    held_by: str | None = None
    """For admins only."""


class Contact(Struct, kw_only=True, omit_defaults=True):
    name: str
    email: str
    phone: str = ""


class BookingAnswer(Answer, kw_only=True):
    """A booking as it stands; `created_at` is when it was booked."""

    booking: str
    reservation: str
    show: str
    venue: str
    status: str
    seats: list[SeatPrice]
    areas: list[AreaPrice]
    total_amount: int
    currency: str
    request: str | None = None
    contact: Contact | None = None
    notes: str | None = None
    special_requests: str | None = None
    external_id: str | None = None
    booked_by: str | None = None
    """For admins only."""


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
