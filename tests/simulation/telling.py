"""Commands, outcomes and batches in a line each: for the trace of a sale, and for what a checker finds."""

from collections.abc import Iterator

from tests.simulation.committed import Committed
from ticketing import messages
from ticketing.messages import AnyCommand, AnyOutcome, Reservation, ReservationOutcome

KEY_SHOWN = 4
"""So many bytes of a key tell one request of a sale from all others."""


def key_text(key: bytes) -> str:
    return key[:KEY_SHOWN].hex()


def command_text(command: AnyCommand | None) -> str:
    """What a command asks for, and under which key."""
    if command is None:
        return "nothing that can be read"
    words = [type(command).__name__, f"show {command.show}"]
    match command:
        case messages.HoldSeats():
            words += _places(command.seats, command.areas)
            if command.best is not None:
                words.append(f"best {command.best.quantity}")
        case messages.ExpireHolds():
            words.append(", ".join(f"{key_text(key)} v{version}" for key, version in command.holds))
        case messages.ConfirmBooking():
            words.append(f"of {key_text(command.reservation)}")
            if command.payment is not None:
                words.append(f"with {command.payment.amount} ({command.payment.reference[:12]})")
        case messages.ExtendHold() | messages.ReleaseHold() | messages.CancelBooking():
            words.append(f"of {key_text(command.reservation)}")
        case messages.BeginPayment() | messages.FailPayment():
            words.append(f"of {key_text(command.reservation)}")
    words += [f"by {command.account}", f"[{key_text(command.key)}]"]
    return " ".join(word for word in words if word)


def outcome_text(outcome: AnyOutcome) -> str:
    """What came of it."""
    words = [type(outcome).__name__, getattr(outcome, "code", "")]
    if isinstance(outcome, ReservationOutcome):
        words.append(_reservation(outcome.reservation))
    if outcome.repeat:
        words.append("(again)")
    return " ".join(word for word in words if word)


def batch_lines(committed: Committed) -> Iterator[str]:
    """A batch, and below it each record with what came of it."""
    at = committed.batch.at
    yield f"commits batch {at.batch_seq + 1} of partition {at.part} under epoch {at.epoch}"
    for record, command in zip(committed.records, committed.commands, strict=True):
        came = "; ".join(outcome_text(it) for it in committed.outcomes if it.offset == record.offset)
        yield f"    {record.offset:4}  {command_text(command)} -> {came or 'nothing'}"


def _reservation(it: Reservation) -> str:
    return " ".join([f"{key_text(it.id)} v{it.version}", it.status, *_places(it.seats, it.areas)])


def _places(seats: tuple[int, ...], areas: tuple[tuple[int, int], ...]) -> list[str]:
    named = [f"seats {','.join(map(str, seats))}"] if seats else []
    return named + [f"{quantity} of area {area}" for area, quantity in areas]
