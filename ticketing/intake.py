"""From what somebody asks to the command that asks it of the allocator, or to the reason why not.

Shared by every door (HTTP, websocket), so that a request means the same through each. Only what needs no stock is
judged here: form, names, whose token it is. What a place's state decides is the allocator's alone.
"""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from pydantic import ConfigDict, Field

from ticketing import messages
from ticketing.layout import Body, Layout
from ticketing.vocabulary import command_key, fingerprint

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


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: `account` as in `messages.Command`; a fan's pass is good for one show only."""

    account: str
    partner: bool
    roles: frozenset[str]
    show: int | None = None


@dataclass(frozen=True, slots=True)
class ShowFacts:
    """What intake knows of a show: read from the catalogue, never from the stock."""

    show: int
    part: int
    venue: str
    layout: Layout
    policy: messages.Policy


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a request became no command: a code of `ticketing/problems.py`, and the places it is about."""

    code: str
    detail: str
    unknown: tuple[str, ...] = ()


class Sent(msgspec.Struct, frozen=True, gc=False):
    """How a request came: what its command key is made of (`key` None: no Idempotency-Key), and when."""

    method: str
    path_template: str
    key: str | None
    nonce: bytes
    """16 random bytes: the command's key where the caller gave none."""
    at_ms: int


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
    reason: Annotated[str, Field(max_length=200)] | None = None
    external_id: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] | None = None
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


class PaymentBody(Body):
    provider: Name
    reference: Name
    amount: Annotated[int, Field(ge=0, le=2**53 - 1)]
    method: Name | None = None


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


def key_of(show: int, caller: Caller, sent: Sent, *, item: str = "") -> bytes:
    """The command's key; without an Idempotency-Key it is the nonce."""
    if sent.key is None:
        return sent.nonce
    return command_key(
        account=caller.account,
        method=sent.method,
        path_template=sent.path_template,
        show=show,
        key=sent.key,
        item=item,
    )


def extend(
    body: ExtendBody, facts: ShowFacts, reservation: bytes, caller: Caller, sent: Sent
) -> messages.ExtendHold | Rejection:
    """`ExtendHold` of one reservation."""
    head = head_of(body, facts.show, caller, sent, item=reservation.hex())
    return messages.ExtendHold(
        **head,
        reservation=reservation,
        by_s=body.by_s or 0,
    )


def release(
    facts: ShowFacts, reservation: bytes, caller: Caller, sent: Sent, seats: list[str] | None = None
) -> messages.ReleaseHold | Rejection:
    """`ReleaseHold` of one reservation, or of some seats of it."""
    numbers = [facts.layout.seat_numbers.get(label) for label in seats or ()]
    unknown = [label for label, number in zip(seats or (), numbers, strict=True) if number is None]
    if unknown:
        return unknown_places(unknown)
    named = tuple(sorted(number for number in numbers if number is not None))
    # Without seats the fingerprint is that of no body at all.
    body = ReleasedSeats(seats=named) if named else None
    head = head_of(body, facts.show, caller, sent, item=reservation.hex())
    return messages.ReleaseHold(
        **head,
        reservation=reservation,
        seats=named,
    )


def confirm(
    body: ConfirmBody, facts: ShowFacts, reservation: bytes, caller: Caller, sent: Sent
) -> messages.ConfirmBooking | Rejection:
    """`ConfirmBooking` of one reservation. The contact stays behind: only its hash goes on the log."""
    payment = body.payment
    if payment is not None and not caller.partner:
        return Rejection("insufficient_scope", "a fan's payment is confirmed by the provider, not by the fan")
    head = head_of(body, facts.show, caller, sent)
    contact = body.contact
    return messages.ConfirmBooking(
        **head,
        reservation=reservation,
        payment=None if payment is None else payment_of(payment),
        contact_hash=hash_of(contact),
    )


def begin_payment(
    body: CheckoutBody, facts: ShowFacts, reservation: bytes, caller: Caller, sent: Sent, *, provider: str
) -> messages.BeginPayment:
    """`BeginPayment` of one reservation."""
    head = head_of(body, facts.show, caller, sent, item=reservation.hex())
    return messages.BeginPayment(**head, reservation=reservation, provider=provider)


def hash_of(contact: ContactBody | None) -> bytes:
    """What the log knows of a contact."""
    return b"" if contact is None else hashlib.sha256(contact.model_dump_json().encode()).digest()


def cancel(facts: ShowFacts, reservation: bytes, caller: Caller, sent: Sent) -> messages.CancelBooking:
    """`CancelBooking` of one booked reservation."""
    head = head_of(None, facts.show, caller, sent, item=reservation.hex())
    return messages.CancelBooking(
        **head,
        reservation=reservation,
    )


def payment_of(body: PaymentBody) -> messages.Payment:
    return messages.Payment(body.provider, body.reference, body.amount, body.method or "")


def head_of(body: Body | None, show: int, caller: Caller, sent: Sent, *, item: str = "") -> dict[str, Any]:
    """What every command carries."""
    return {
        "show": show,
        "key": key_of(show, caller, sent, item=item),
        "fingerprint": fingerprint_of(body),
        "keyed": sent.key is not None,
        "sent_at_ms": sent.at_ms,
        "account": caller.account,
    }


def fingerprint_of(body: Body | None) -> bytes:
    """Of a command: two requests with one key are the same if their bodies are."""
    return fingerprint(
        b"" if body is None else msgspec.json.encode(body.model_dump(mode="json", exclude_defaults=True))
    )


def unknown_places(labels: list[str]) -> Rejection:
    """Places that the show does not have."""
    named = ", ".join(labels[:5])
    return Rejection("unknown_places", f"not in this show's layout: {named}", tuple(labels))
