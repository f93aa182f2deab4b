"""From what somebody asks to the command that asks it of the allocator, or to the reason why not.

Shared by every door (HTTP, websocket), so that a request means the same through each. Only what needs no stock is
judged here: form, names, whose token it is. What a place's state decides is the allocator's alone.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import msgspec

from ticketing import messages
from ticketing.asks import CheckoutBody, ConfirmBody, ContactBody, ExtendBody, PaymentBody, ReleasedSeats
from ticketing.layout import Body, Layout
from ticketing.vocabulary import command_key, fingerprint


class Caller(msgspec.Struct, frozen=True, gc=False):
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
