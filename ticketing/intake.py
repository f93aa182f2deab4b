"""From what somebody asks to the command that asks it of the allocator, or to the reason why not.

Shared by every door (HTTP, websocket), so that a request means the same through each. Only what needs no stock is
judged here: form, names, whose token it is. What a place's state decides is the allocator's alone.
"""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from pydantic import Field

from ticketing import messages
from ticketing.layout import Body, Bookable, Layout, Table
from ticketing.vocabulary import command_key, fingerprint

PLACES_PER_REQUEST_MAX = 200
HOLD_S_LEAST = 60
"""The shortest hold that a caller may ask for, unless the show's own is shorter."""

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]+$")]


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

    show: Name
    seats: list[Name] = []
    tables: Annotated[list[Name], Field(max_length=PLACES_PER_REQUEST_MAX, description="each with all its seats")] = []
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


class ContactBody(Body):
    name: Name
    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s\x00]+@[^@\s\x00]+\.[^@\s\x00]+$")]
    phone: Annotated[str, Field(max_length=40, pattern=r"^[^\x00]*$")] | None = None


class PaymentBody(Body):
    provider: Name
    reference: Name
    amount: Annotated[int, Field(ge=0, le=2**53 - 1)]
    method: Name | None = None


class ConfirmBody(Body):
    """What to book: a reservation that is held, for whom, and how it was paid."""

    reservation: Name
    contact: ContactBody | None = None
    payment: PaymentBody | None = None
    notes: Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")] | None = None
    special_requests: Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")] | None = None


def hold(body: HoldBody, facts: ShowFacts, caller: Caller, sent: Sent) -> messages.HoldSeats | Rejection:
    """`HoldSeats` for what was asked."""
    layout = facts.layout
    seats = [layout.seat_numbers.get(label) for label in body.seats]
    areas = [(layout.area_numbers.get(ask.area), ask.quantity) for ask in body.areas]
    unknown = [label for label, seat in zip(body.seats, seats, strict=True) if seat is None]
    unknown += [ask.area for ask, (area, _) in zip(body.areas, areas, strict=True) if area is None]
    named = [seat for seat in seats if seat is not None]
    if body.tables:
        tables = _tables(body.tables, layout)
        if isinstance(tables, Rejection):
            return tables
        named += [seat for table in tables for seat in table.seats]
    refused = _refuse_hold(body, facts, caller, named, unknown)
    if refused is not None:
        return refused
    head = _head(body, facts.show, caller, sent)
    return messages.HoldSeats(
        **head,
        person=_person(body, caller),
        partner=caller.partner,
        seats=tuple(sorted(named)),
        areas=tuple(sorted((area, quantity) for area, quantity in areas if area is not None)),
        best=None if body.best is None else _best(body.best),
        partial=body.partial,
        hold_s=body.hold_s or 0,
        external_id=body.external_id or "",
    )


def extend(
    body: ExtendBody, facts: ShowFacts, reservation: bytes, caller: Caller, sent: Sent
) -> messages.ExtendHold | Rejection:
    """`ExtendHold` of one reservation."""
    head = _head(body, facts.show, caller, sent, item=reservation.hex())
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
        return _unknown(unknown)
    named = tuple(sorted(number for number in numbers if number is not None))
    # Without seats the fingerprint is that of no body at all.
    body = ReleasedSeats(seats=named) if named else None
    head = _head(body, facts.show, caller, sent, item=reservation.hex())
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
    head = _head(body, facts.show, caller, sent)
    contact = body.contact
    return messages.ConfirmBooking(
        **head,
        reservation=reservation,
        payment=None if payment is None else _payment(payment),
        contact_hash=b"" if contact is None else hashlib.sha256(contact.model_dump_json().encode()).digest(),
    )


def cancel(facts: ShowFacts, reservation: bytes, caller: Caller, sent: Sent) -> messages.CancelBooking:
    """`CancelBooking` of one booked reservation."""
    head = _head(None, facts.show, caller, sent, item=reservation.hex())
    return messages.CancelBooking(
        **head,
        reservation=reservation,
    )


def _best(ask: BestAsk) -> messages.Best:
    return messages.Best(ask.quantity, ask.category or "", ask.section or "", ask.adjacent, ask.accessible)


def _payment(body: PaymentBody) -> messages.Payment:
    return messages.Payment(body.provider, body.reference, body.amount, body.method or "")


def _tables(labels: list[str], layout: Layout) -> list[Table] | Rejection:
    numbers = [layout.table_numbers.get(label) for label in labels]
    unknown = [label for label, number in zip(labels, numbers, strict=True) if number is None]
    if unknown:
        return _unknown(unknown)
    tables = [layout.tables[number] for number in numbers if number is not None]
    for table in tables:
        if table.bookable == Bookable.SEATS:
            return Rejection("table_not_sold_so", f"table {table.label} is sold by the seat")
    return tables


def _refuse_hold(
    body: HoldBody, facts: ShowFacts, caller: Caller, seats: list[int], unknown: list[str]
) -> Rejection | None:
    if unknown:
        return _unknown(unknown)
    # A whole table is one unit, of which the allocator counts how many are too many.
    at_tables = sum(table.count for table in facts.layout.whole_tables(tuple(seats)))
    asked = len(seats) - at_tables + sum(ask.quantity for ask in body.areas) + (body.best.quantity if body.best else 0)
    if asked == 0 and not at_tables:
        return Rejection("nothing_asked_for", "name seats, areas or best")
    most = facts.policy.seats_per_hold_partner_max if caller.partner else facts.policy.seats_per_hold_max
    if asked > most:
        return Rejection("too_many_seats", f"{asked} places asked for; one hold may have {most}")
    if (len(seats) > 1 and len(set(seats)) < len(seats)) or _repeats([ask.area for ask in body.areas]):
        return Rejection("invalid_request", "a seat or an area is named twice")
    least = min(HOLD_S_LEAST, facts.policy.hold_s)
    if body.hold_s is not None and not least <= body.hold_s <= facts.policy.hold_max_s:
        return Rejection("hold_time_out_of_range", f"hold_s must be from {least} to {facts.policy.hold_max_s}")
    return None


def _unknown(labels: list[str]) -> Rejection:
    named = ", ".join(labels[:5])
    return Rejection("unknown_places", f"not in this show's layout: {named}", tuple(labels))


def _repeats(names: list[str]) -> bool:
    return len(names) > 1 and len(set(names)) < len(names)


def _person(body: HoldBody, caller: Caller) -> str:
    if not caller.partner:
        return caller.account
    if body.on_behalf_of is None:
        return ""
    # A partner's name for its customer may be personal data, so only a hash of it goes on the log.
    named = hashlib.blake2b(f"{caller.account}\0{body.on_behalf_of}".encode(), digest_size=12).hexdigest()
    return f"cus_{named}"


def _head(body: Body | None, show: int, caller: Caller, sent: Sent, *, item: str = "") -> dict[str, Any]:
    """What every command carries; without an Idempotency-Key the command's key is the nonce."""
    content = b"" if body is None else msgspec.json.encode(body.model_dump(mode="json", exclude_defaults=True))
    key = sent.nonce
    if sent.key is not None:
        key = command_key(
            account=caller.account,
            method=sent.method,
            path_template=sent.path_template,
            show=show,
            key=sent.key,
            item=item,
        )
    return {
        "show": show,
        "key": key,
        "fingerprint": fingerprint(content),
        "keyed": sent.key is not None,
        "sent_at_ms": sent.at_ms,
        "account": caller.account,
    }
