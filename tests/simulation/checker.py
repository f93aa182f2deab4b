"""Judges a sale that is over. Each check knows only what was written and what was said, not how it came about."""

from dataclasses import dataclass, field

from allocator.netting import next_chain
from tests.simulation import oracle
from tests.simulation.memory_rows import Row
from tests.simulation.world import PART, World
from ticketing import messages
from ticketing.messages import AnyOutcome, ReservationOutcome
from ticketing.show_view import AVAILABLE, BOOKED, HELD, is_change
from ticketing.vocabulary import (
    LIVE_STATUSES,
    NEW,
    RECENT_KEYS_MAX,
    REFUSALS_REMEMBERED_MS,
    RESERVATION_EDGES,
    ReservationStatus,
)

SKEW_MS = 5_500
"""By how much one wrong clock may move the log's time, and the senders' own inexactness."""
NOT_REMEMBERED = {"idempotency_key_reused", "malformed", "data_refused", "internal_error"}


def check(world: World) -> list[str]:
    """Everything that is wrong; empty where nothing is."""
    found = list(world.problems)
    for part in (_log_of_outcomes, lives, _answers, _commands, _readers, oracle.differences):
        found += part(world)
    return found


def _log_of_outcomes(world: World) -> list[str]:
    """Batches are numbered without a gap, chained, and each begins where the one before ended."""
    found = []
    chain, seq, next_offset, log_gen = bytes(32), 0, 0, 0
    restarts = dict(world.restarts)
    for row in sorted(world.tables.outcome_log.values(), key=lambda row: int(row["batch_seq"])):
        seq += 1
        chain = next_chain(chain, row["payload"])
        if row["batch_seq"] != seq:
            found.append(f"batch {seq} is missing")
        if row["chain"] != chain:
            found.append(f"the chain breaks at batch {seq}")
        if row["log_gen"] != log_gen:
            log_gen = row["log_gen"]
            next_offset = restarts[log_gen]
        if row["first_offset"] != next_offset:
            found.append(f"batch {seq} begins at {row['first_offset']}, not at {next_offset}")
        next_offset = row["next_offset"]
    cursor = world.tables.cursor[PART]
    if (cursor["batch_seq"], cursor["chain"]) != (seq, chain):
        found.append("the cursor is not where the log of outcomes ends")
    return found


@dataclass
class _Lives:
    """The stock as the outcomes tell it, without the allocator's own code."""

    owners: dict[tuple[int, int], bytes] = field(default_factory=dict)
    reservations: dict[tuple[int, bytes], messages.Reservation] = field(default_factory=dict)
    seqs: dict[int, int] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)

    def take(self, outcome: AnyOutcome) -> None:
        if not is_change(outcome):
            return
        if outcome.seq != self.seqs.get(outcome.show, 0) + 1:
            self.found.append(f"show {outcome.show} goes from {self.seqs.get(outcome.show)} to {outcome.seq}")
        self.seqs[outcome.show] = outcome.seq
        if isinstance(outcome, ReservationOutcome):
            self._move(outcome.show, outcome.reservation)

    def _move(self, show: int, new: messages.Reservation) -> None:
        old = self.reservations.get((show, new.id))
        if new.status not in RESERVATION_EDGES[old.status if old else NEW]:
            self.found.append(f"{new.id.hex()} goes from {old and old.status} to {new.status}")
        if new.version != (old.version if old else 0) + 1:
            self.found.append(f"{new.id.hex()} goes from version {old and old.version} to {new.version}")
        self.reservations[show, new.id] = new
        for seat in new.seats:
            owner = self.owners.get((show, seat))
            if new.status in LIVE_STATUSES:
                if owner not in {None, new.id}:
                    self.found.append(f"seat {seat} of {show} is {new.id.hex()}'s and {owner and owner.hex()}'s")
                self.owners[show, seat] = new.id
            elif owner == new.id:
                del self.owners[show, seat]


def lives(world: World) -> list[str]:
    """No seat has two owners after any batch, every life is a legal one, and the tables say the same in the end."""
    told = _Lives()
    found = told.found
    for committed in world.committed:
        for outcome in committed.outcomes:
            told.take(outcome)
            if isinstance(outcome, messages.HoldExpired) and outcome.at_ms < outcome.reservation.expires_at_ms:
                found.append(f"{outcome.reservation.id.hex()} expired before its time")
            if isinstance(outcome, messages.HoldExpired):
                early_ms = outcome.reservation.expires_at_ms - committed.at_ms
                if early_ms > SKEW_MS:
                    found.append(f"{outcome.reservation.id.hex()} expired {early_ms} ms early by the true time")
    tables = world.tables
    if {(row["show_id"], row["seat_no"]): row["reservation_id"] for row in tables.seat_taken.values()} != told.owners:
        found.append("seat_taken is not what the outcomes say")
    rows = {(row["show_id"], row["reservation_id"]): (row["status"], row["version"]) for row in _reservations(world)}
    if rows != {key: (it.status, it.version) for key, it in told.reservations.items()}:
        found.append("reservation is not what the outcomes say")
    if {row["show_id"]: row["seq"] for row in tables.show.values()} != told.seqs:
        found.append("show is not what the outcomes say")
    taken: dict[tuple[int, int], int] = {}
    for (show, _), it in told.reservations.items():
        for area, quantity in it.areas if it.status in LIVE_STATUSES else ():
            taken[show, area] = taken.get((show, area), 0) + quantity
    for row in tables.area.values():
        if row["taken"] != taken.get((row["show_id"], row["area_no"]), 0) or row["taken"] > row["capacity"]:
            found.append(f"area {row['area_no']} of show {row['show_id']} has {row['taken']}")
    return found


@dataclass
class _FirstAnswer:
    kind: str
    code: str
    fingerprint: bytes
    reservation: bytes
    at_ms: int


def _answers(world: World) -> list[str]:
    """A repeated key gets the first verdict; one with another body is told so; nothing else is called a repeat."""
    found: list[str] = []
    firsts: dict[bytes, _FirstAnswer] = {}
    changes: dict[bytes, list[bytes]] = {}
    for committed in world.committed:
        outcomes = {it.offset: it for it in committed.outcomes}
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


def _commands(world: World) -> list[str]:
    """Every record that is in the log was decided once, with one outcome; but for what a lost log skipped."""
    found = []
    decided = set()
    for committed in world.committed:
        offsets = [it.offset for it in committed.outcomes]
        for record, command in zip(committed.records, committed.commands, strict=True):
            if record in decided:
                found.append(f"offset {record.offset} was decided twice")
            decided.add(record)
            answers = offsets.count(record.offset)
            if answers != 1 and not isinstance(command, messages.ExpireHolds):
                found.append(f"offset {record.offset} has {answers} outcomes")
    goes_on_at = world.restarts[-1][1] if world.restarts else 0
    waiting = [it.offset for it in world.log.records if it.offset >= goes_on_at and it not in decided]
    if waiting:
        found.append(f"never decided: {waiting[:5]}")
    return found


def _readers(world: World) -> list[str]:
    """Every reader got each batch once and in order, as the table has it; the last one's views are the stock."""
    found = []
    rows = world.tables.outcome_log
    for nth, reader in enumerate(world.readers):
        start = reader.snapshot.seqs[PART]
        if [seq for seq, _ in reader.seen] != list(range(start + 1, start + 1 + len(reader.seen))):
            found.append(f"reader {nth} saw {[seq for seq, _ in reader.seen]} after {start}")
        elif any(rows[PART, seq]["payload"] != payload for seq, payload in reader.seen):
            found.append(f"reader {nth} saw a batch that is not in the table")
    for show, view in world.reader.views.items():
        marks = bytearray(len(view.seats))
        areas = [0] * len(view.areas_held)
        for row in _reservations(world):
            if row["show_id"] == show and row["status"] in LIVE_STATUSES:
                mark = BOOKED if row["status"] == ReservationStatus.BOOKED else HELD
                for seat in row["seats"]:
                    marks[seat] = mark
                for area, quantity in zip(row["areas"][::2], row["areas"][1::2], strict=True):
                    areas[area] += quantity
        left = [area.capacity - areas[number] for number, area in enumerate(view.layout.areas)]
        if view.seats != marks or [view.area_left(area) for area in range(len(areas))] != left:
            found.append(f"the view of show {show} is not its stock")
        if view.counts()["available"] != marks.count(AVAILABLE) + sum(left):
            found.append(f"the counts of show {show} are not its stock")
    return found


def _reservations(world: World) -> list[Row]:
    return list(world.tables.reservation.values())
