"""From outcomes to what is to be done about money, and whom to write to. Values in, values out."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from payments.words import attempt_text
from ticketing.messages import (
    AnyOutcome,
    BookingCancelled,
    BookingChanged,
    BookingConfirmed,
    PaymentBegun,
    PaymentFailed,
    RefundDue,
    ReservationOutcome,
)
from ticketing.vocabulary import event_text

KINDS = (
    b"PaymentBegun",
    b"PaymentFailed",
    b"RefundDue",
    b"BookingConfirmed",
    b"BookingChanged",
    b"BookingCancelled",
)
"""Of outcomes that are looked at; a batch that names none of them is passed over unread."""


@dataclass(frozen=True, slots=True)
class Begun:
    """An attempt to pay of which news are expected until `lapses_at_ms`."""

    attempt: str
    part: int
    show: int
    reservation: bytes
    provider: str
    lapses_at_ms: int


@dataclass(frozen=True, slots=True)
class WantedRefund:
    """Money that is due back. `refund` is the id of the event that says so, and the refund's name at the provider."""

    refund: str
    part: int
    show: int
    reservation: bytes
    provider: str
    reference: str
    amount: int
    reason: str
    owner: str


@dataclass(frozen=True, slots=True)
class WantedMail:
    """A letter about a booking. `mail` is the id of the event that it is about."""

    mail: str
    part: int
    show: int
    reservation: bytes
    kind: str


@dataclass(slots=True)
class Taken:
    """What some batches say. `ended`: attempts of which no more news are expected."""

    begun: list[Begun] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    refunds: list[WantedRefund] = field(default_factory=list)
    mails: list[WantedMail] = field(default_factory=list)


def take(outcomes: Iterable[AnyOutcome], part: int, log_gen: int, into: Taken) -> None:
    """Note what a batch says. What happened in it first and ended in it is noted as both."""
    for outcome in outcomes:
        if outcome.repeat:
            continue
        match outcome:
            case PaymentBegun():
                hold = outcome.reservation
                attempt = attempt_text(outcome.show, hold.id, hold.version)
                into.begun.append(Begun(attempt, part, outcome.show, hold.id, outcome.provider, hold.expires_at_ms))
            case PaymentFailed():
                into.ended.append(_attempt_before(outcome))
            case BookingConfirmed():
                into.ended.append(_attempt_before(outcome))
                into.mails.append(_mail(outcome, part, log_gen, "confirmed"))
            case BookingChanged():
                into.mails.append(_mail(outcome, part, log_gen, "changed"))
            case BookingCancelled():
                into.mails.append(_mail(outcome, part, log_gen, "cancelled"))
            case RefundDue():
                into.refunds.append(
                    WantedRefund(
                        refund=event_text(part, log_gen, outcome.offset, outcome.index),
                        part=part,
                        show=outcome.show,
                        reservation=outcome.reservation_id,
                        provider=outcome.provider,
                        reference=outcome.reference,
                        amount=outcome.amount,
                        reason=outcome.reason,
                        owner=outcome.owner,
                    )
                )
            case _:
                pass


def _attempt_before(outcome: ReservationOutcome) -> str:
    """The version before was that of the attempt, if one was under way."""
    hold = outcome.reservation
    return attempt_text(outcome.show, hold.id, hold.version - 1)


def _mail(outcome: ReservationOutcome, part: int, log_gen: int, kind: str) -> WantedMail:
    event = event_text(part, log_gen, outcome.offset, outcome.index)
    return WantedMail(event, part, outcome.show, outcome.reservation.id, kind)
