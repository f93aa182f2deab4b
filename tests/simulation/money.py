"""Where the money is: every payment that a provider told of paid for one booking or goes back, and never twice."""

from dataclasses import dataclass

from tests.simulation.world import World
from ticketing import messages
from ticketing.messages import AnyOutcome
from ticketing.vocabulary import ReservationStatus, is_provider

NO_MONEY = {"payment_missing", "payment_reused", "malformed", "data_refused", "show_not_found"}
"""With which a provider's word may be refused: there is no payment in it, or none that is new."""

Name = tuple[int, str, str]


@dataclass
class _Life:
    amount: int
    booking: tuple[int, bytes] | None
    back: int = 0


def payments(world: World) -> list[str]:
    """Judged from commands and outcomes, and then compared with the table."""
    lives: dict[Name, _Life] = {}
    cancelled: set[tuple[int, bytes]] = set()
    found = []
    for committed in world.committed:
        commands = {record.offset: it for record, it in zip(committed.records, committed.commands, strict=True)}
        for outcome in committed.outcomes:
            found += _unheard(commands.get(outcome.offset), outcome)
            if outcome.repeat:
                continue
            if isinstance(outcome, messages.BookingCancelled):
                cancelled.add((outcome.show, outcome.reservation.id))
            found += _move(lives, outcome)
    for name, life in lives.items():
        if life.booking in cancelled and life.back != life.amount:
            found.append(f"payment {name}: {life.back} of {life.amount} goes back for a cancelled booking")
    rows = {
        (row["show_id"], row["provider"], row["reference"]): (row["amount"], row["refund_due"], row["accepted"])
        for row in world.tables.payment.values()
    }
    if rows != {name: (life.amount, life.back, life.booking is not None) for name, life in lives.items()}:
        found.append("payment is not what the outcomes say")
    return found


def _unheard(command: messages.AnyCommand | None, outcome: AnyOutcome) -> list[str]:
    """What a provider says is never just refused: the money is there."""
    if not isinstance(command, messages.ConfirmBooking) or not is_provider(command.account):
        return []
    code = getattr(outcome, "code", "")
    kept = isinstance(outcome, messages.BookingConfirmed | messages.RefundDue) or code in NO_MONEY
    return [] if kept else [f"offset {outcome.offset}: a payment was made, and answered with {code}"]


def _move(lives: dict[Name, _Life], outcome: AnyOutcome) -> list[str]:
    if isinstance(outcome, messages.BookingConfirmed) and outcome.payment is not None:
        paid, reservation = outcome.payment, outcome.reservation
        name = outcome.show, paid.provider, paid.reference
        found = [f"payment {name} was used before"] if name in lives else []
        if reservation.amount != paid.amount or reservation.status != ReservationStatus.BOOKED:
            found.append(f"payment {name} of {paid.amount} booked what costs {reservation.amount}")
        lives[name] = _Life(paid.amount, (outcome.show, reservation.id))
        return found
    if isinstance(outcome, messages.RefundDue):
        name = outcome.show, outcome.provider, outcome.reference
        life = lives.setdefault(name, _Life(outcome.amount, None))
        life.back += outcome.amount
        return [f"payment {name}: {life.back} of {life.amount} goes back"] if life.back > life.amount else []
    return []
