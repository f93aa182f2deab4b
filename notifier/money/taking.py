"""From outcomes to what is to be done about money. Values in, values out."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from payments.words import attempt_text
from ticketing.messages import AnyOutcome, BookingConfirmed, PaymentBegun, PaymentFailed, RefundDue
from ticketing.vocabulary import event_text

KINDS = (b"PaymentBegun", b"PaymentFailed", b"RefundDue", b"BookingConfirmed")
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


@dataclass(slots=True)
class Taken:
    """What some batches say. `ended`: attempts of which no more news are expected."""

    begun: list[Begun] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    refunds: list[WantedRefund] = field(default_factory=list)


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
            case PaymentFailed() | BookingConfirmed():
                # The version before was that of the attempt, if one was under way.
                hold = outcome.reservation
                into.ended.append(attempt_text(outcome.show, hold.id, hold.version - 1))
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
