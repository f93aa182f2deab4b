"""What callers were told: each command once, repeats the same again, and a confirmed booking for good."""

from collections import Counter
from dataclasses import dataclass

from allocator.cancelling import is_chunk
from allocator.sharing import is_word
from tests.simulation.world import World
from ticketing import messages
from ticketing.messages import AnyOutcome, ReservationOutcome, decode_outcomes
from ticketing.vocabulary import RECENT_KEYS_MAX, REFUSALS_REMEMBERED_MS, ReservationStatus

NOT_REMEMBERED = {"idempotency_key_reused", "malformed", "data_refused", "internal_error"}


def commands(world: World) -> list[str]:
    """Every record that is in a log was decided once, with one answer; but for what a lost log skipped."""
    found = []
    decided = set()
    for committed in world.committed:
        part = committed.batch.at.part
        answers = Counter(it.offset for it in committed.outcomes if it.index == 0)
        for record, command in zip(committed.records, committed.commands, strict=True):
            if (part, record) in decided:
                found.append(f"offset {record.offset} of partition {part} was decided twice")
            decided.add((part, record))
            nobodys = command is not None and (
                isinstance(command, messages.ExpireHolds) or is_chunk(command) or is_word(command)
            )
            if answers[record.offset] != 1 and not nobodys:
                found.append(f"offset {record.offset} of partition {part} has {answers[record.offset]} outcomes")
    for part, log in world.logs.items():
        goes_on_at = world.restarts[part][-1][1] if world.restarts[part] else 0
        waiting = [it.offset for it in log.records if it.offset >= goes_on_at and (part, it) not in decided]
        if waiting:
            found.append(f"never decided in partition {part}: {waiting[:5]}")
    return found


@dataclass
class _FirstAnswer:
    kind: str
    code: str
    fingerprint: bytes
    reservation: bytes
    at_ms: int


def repeats(world: World) -> list[str]:
    """A repeated key gets the first verdict; one with another body is told so; nothing else is called a repeat."""
    found: list[str] = []
    firsts: dict[bytes, _FirstAnswer] = {}
    changes: dict[bytes, list[bytes]] = {}
    for committed in world.committed:
        outcomes = {it.offset: it for it in committed.outcomes if it.index == 0}
        asides = [it for it in committed.outcomes if it.index > 0 and isinstance(it, ReservationOutcome)]
        for record, command in zip(committed.records, committed.commands, strict=True):
            outcome = outcomes.get(record.offset)
            if command is None or outcome is None or isinstance(command, messages.ExpireHolds):
                continue
            code = getattr(outcome, "code", "")
            reservation = outcome.reservation.id if isinstance(outcome, ReservationOutcome) else b""
            if command.keyed and code not in NOT_REMEMBERED - {"idempotency_key_reused"}:
                first = firsts.get(command.key)
                if first is None or _is_forgotten(first, outcome.at_ms, command.key, changes):
                    if code != "idempotency_key_reused":
                        firsts[command.key] = _FirstAnswer(
                            type(outcome).__name__, code, command.fingerprint, reservation, outcome.at_ms
                        )
                else:
                    found += _compare(first, command, outcome, code)
            if not outcome.repeat and not code and reservation:
                changes.setdefault(reservation, []).append(command.key)
            for aside in asides:
                if aside.offset == record.offset and command.keyed:
                    changes.setdefault(aside.reservation.id, []).append(command.key)
    return found


def _is_forgotten(first: _FirstAnswer, now_ms: int, key: bytes, changes: dict[bytes, list[bytes]]) -> bool:
    if first.code:
        return first.at_ms <= now_ms - REFUSALS_REMEMBERED_MS
    if not first.reservation or first.reservation == key:
        return False
    return key not in changes.get(first.reservation, [])[-RECENT_KEYS_MAX:]


def _compare(first: _FirstAnswer, command: messages.AnyCommand, outcome: AnyOutcome, code: str) -> list[str]:
    if command.fingerprint != first.fingerprint:
        if code == "idempotency_key_reused" or isinstance(command, messages.OpenShow):
            return []
        return [f"offset {outcome.offset}: another body under an old key got {type(outcome).__name__} {code}"]
    if not outcome.repeat or (type(outcome).__name__, code) != (first.kind, first.code):
        return [f"offset {outcome.offset}: a repeat of {first.kind} {first.code} got {type(outcome).__name__} {code}"]
    return []


def told(world: World) -> list[str]:
    """What was published is what the tables hold, also when they were restored since: no answer is taken back."""
    rows = world.tables.outcome_log.values()
    kept = {(row["part"], row["log_gen"], row["payload"]) for row in rows}
    others = [it for it in world.published if (it.part, it.log_gen, it.payload) not in kept]
    if not others:
        return []
    now = {
        (row["part"], row["log_gen"], outcome.offset, outcome.index): outcome
        for row in rows
        for outcome in decode_outcomes(row["payload"])
    }
    return [
        f"offset {outcome.offset} of partition {it.part}: {type(outcome).__name__} was told, and is not so"
        for it in others
        for outcome in decode_outcomes(it.payload)
        if now.get((it.part, it.log_gen, outcome.offset, outcome.index)) != outcome
    ]


def bookings(world: World) -> list[str]:
    """Whoever heard of a confirmed booking has it, or had it cancelled: also when the database was restored since."""
    told = {
        (outcome.show, outcome.reservation.id)
        for publication in world.published
        for outcome in decode_outcomes(publication.payload)
        if isinstance(outcome, messages.BookingConfirmed)
    }
    kept = {
        (row["show_id"], row["reservation_id"])
        for row in world.tables.reservation.values()
        if row["status"] in {ReservationStatus.BOOKED, ReservationStatus.CANCELLED}
    }
    return [f"booking {id.hex()} of show {show} was confirmed, and is lost" for show, id in sorted(told - kept)]
