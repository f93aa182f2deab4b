"""What may be asked of a sale, as it is sent: the bodies of calls and frames, their form and nothing else.

Shared by every door (HTTP, websocket), so that the same words are right, or wrong, through each.
"""

import json
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, JsonValue

from ticketing.layout import Body

PLACES_PER_REQUEST_MAX = 200

SOMETHING = r"^[^\x00]*[^\x00-\x20\x7f-\xa0\s][^\x00]*$"
"""For schemas: blanks at the ends are taken away, and something must be left."""
Name = Annotated[
    str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]+$", json_schema_extra={"pattern": SOMETHING})
]
# Told in the schema alone: an id of another form is answered as what it is, and not as a wrong form of the body.
ShowName = Annotated[Name, Field(json_schema_extra={"pattern": "^shw_[0-9a-f]{10}$"})]
ONCE: dict[str, Any] = {"uniqueItems": True}
ReservationName = Annotated[Name, Field(json_schema_extra={"pattern": "^rsv_[0-9a-f]{42}$"})]


METADATA_CHARS_MAX = 4_000


def _written(metadata: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Raises ValueError for what is too long, or no JSON although Python reads it as such (`NaN`)."""
    chars = len(json.dumps(metadata, allow_nan=False))
    if chars > METADATA_CHARS_MAX:
        raise ValueError(f"{chars} characters of JSON; there may be {METADATA_CHARS_MAX}")
    return metadata


Metadata = Annotated[
    dict[str, JsonValue],
    AfterValidator(_written),
    Field(description="a JSON object of the caller's own, up to 4,000 characters; told when the reservation is read"),
]


class AreaAsk(Body):
    area: Name
    quantity: Annotated[int, Field(ge=1, le=PLACES_PER_REQUEST_MAX)]


class BestAsk(Body):
    quantity: Annotated[int, Field(ge=1, le=PLACES_PER_REQUEST_MAX)]
    category: Name | None = None
    section: Name | None = None
    adjacent: bool = True
    accessible: bool = False


class HoldBody(Body):
    """What to hold: named seats, whole tables, areas by count, the best available, or any mix of them."""

    show: ShowName
    seats: Annotated[list[Name], Field(json_schema_extra=ONCE)] = []
    tables: Annotated[
        list[Name],
        Field(max_length=PLACES_PER_REQUEST_MAX, description="each with all its seats", json_schema_extra=ONCE),
    ] = []
    areas: Annotated[list[AreaAsk], Field(max_length=50)] = []
    best: BestAsk | None = None
    partial: Annotated[
        bool, Field(description="hold what can be had of the places named; `best` comes all or not at all")
    ] = False
    hold_s: Annotated[int, Field(ge=1, le=86400)] | None = None
    reason: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] | None = None
    external_id: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] | None = None
    metadata: Metadata | None = None
    on_behalf_of: Name | None = None


class ExtendBody(Body):
    by_s: Annotated[int, Field(ge=1, le=86400)] | None = None


class ReleasedSeats(Body):
    """What is given back, by number: the body that a call with seats in its query would have had."""

    seats: tuple[int, ...]


_WORD = r"[^@\s\x00-\x20\x7f-\xa0]+"
EMAIL = rf"^{_WORD}@{_WORD}\.{_WORD}$"


class ContactBody(Body):
    name: Name
    email: Annotated[str, Field(max_length=254, pattern=EMAIL)]
    phone: Annotated[str, Field(max_length=40, pattern=r"^[^\x00]*$")] | None = None
    language: Annotated[
        str,
        Field(
            max_length=35,
            pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
            description="in which letters are written (BCP 47); English where there are no words for it",
        ),
    ] | None = None  # fmt: skip


class PaymentBody(Body):
    provider: Name
    reference: Name
    amount: Annotated[int, Field(ge=0, le=2**53 - 1)]
    method: Name | None = None
    payer: Annotated[
        Name | None,
        Field(description="what was paid with, the same for the same card: the limits of `on_behalf_of` bind it, too"),
    ] = None


class Buyer(Body):
    """Whom a booking is for."""

    contact: ContactBody | None = None
    notes: Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")] | None = None
    special_requests: Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")] | None = None


class CheckoutBody(Buyer):
    """Whom the booking is for, and where the payer goes afterwards."""

    return_to: Annotated[
        str,
        Field(
            max_length=500, pattern=r"^/([^/\\\s\x00][^\\\s\x00]*)?$", description="a path on this site, with its query"
        ),
    ] = "/"


_NONE: dict[str, Any] = {"maxItems": 0}
_NULL: dict[str, Any] = {"type": "null"}
_WAYS_TO_BOOK: dict[str, Any] = {
    "anyOf": [
        {
            "required": ["reservation"],
            "properties": {
                "reservation": {"type": "string"}, "reservations": _NONE, "seats": _NONE, "tables": _NONE,
                "areas": _NONE, "show": _NULL, "external_id": _NULL, "on_behalf_of": _NULL,
            },
        },
        {"required": ["show"], "properties": {"reservation": _NULL, "show": {"type": "string"}}},
        {"required": ["reservations"], "properties": {"reservation": _NULL, "reservations": {"minItems": 1}}},
    ]
}  # fmt: skip
"""One reservation, or the other ways, for the schema."""


class ConfirmBody(Buyer):
    """What to book, for whom, and how it was paid: one reservation; or several, seats and tables that the caller holds
    in `show`, places of areas that nobody holds, or any mix of these, as one booking."""

    model_config = ConfigDict(json_schema_extra=_WAYS_TO_BOOK)

    reservation: ReservationName | None = None
    reservations: Annotated[list[ReservationName], Field(max_length=50)] = []
    show: Annotated[ShowName | None, Field(description="where the seats, tables and areas are")] = None
    seats: Annotated[list[Name], Field(max_length=PLACES_PER_REQUEST_MAX)] = []
    tables: Annotated[list[Name], Field(max_length=50, description="each with all its seats")] = []
    areas: Annotated[list[AreaAsk], Field(max_length=50)] = []
    external_id: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] | None = None
    on_behalf_of: Name | None = None
    payment: PaymentBody | None = None


_WAYS_TO_CHANGE: dict[str, Any] = {
    "anyOf": [
        {"properties": {name: _NULL for name in ("contact", "notes", "special_requests")}},
        {"required": ["contact"], "properties": {"contact": {"type": "object"}, "give": _NONE, "take": _NONE}},
    ]
}
"""Seats, or the contact, for the schema."""


class ChangeBookingBody(Buyer):
    """Seats that a booking gives back, and those that it gets for them, in one step; or whom it is for from now on,
    with what has been noted (what is left out of it is forgotten)."""

    model_config = ConfigDict(json_schema_extra=_WAYS_TO_CHANGE)

    give: Annotated[list[Name], Field(max_length=PLACES_PER_REQUEST_MAX)] = []
    take: Annotated[list[Name], Field(max_length=PLACES_PER_REQUEST_MAX)] = []
