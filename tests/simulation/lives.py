"""The life of each seat and each reservation, as the outcomes tell it: without the allocator's own code."""

from dataclasses import dataclass, field

from tests.simulation.world import World
from ticketing import messages
from ticketing.messages import AnyOutcome, ReservationOutcome
from ticketing.show_view import is_change
from ticketing.vocabulary import BLOCKED_BY, LIVE_STATUSES, NEW, RESERVATION_EDGES

SKEW_MS = 5_500
"""By how much one wrong clock may move the log's time, and the senders' own inexactness."""


@dataclass
class _Lives:
    """The stock after each outcome."""

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
        elif isinstance(outcome, messages.ManyHeld):
            for reservation in outcome.reservations:
                self._move(outcome.show, reservation)
        elif isinstance(outcome, messages.SeatsBlocked):
            for seat in outcome.seats:
                if self.owners.setdefault((outcome.show, seat), BLOCKED_BY) != BLOCKED_BY:
                    self.found.append(f"seat {seat} of {outcome.show} is blocked, and somebody's")
        elif isinstance(outcome, messages.SeatsUnblocked):
            for seat in outcome.seats:
                if self.owners.pop((outcome.show, seat), None) != BLOCKED_BY:
                    self.found.append(f"seat {seat} of {outcome.show} was not blocked")

    def _move(self, show: int, new: messages.Reservation) -> None:
        old = self.reservations.get((show, new.id))
        if new.status not in RESERVATION_EDGES[old.status if old else NEW]:
            self.found.append(f"{new.id.hex()} goes from {old and old.status} to {new.status}")
        if new.version != (old.version if old else 0) + 1:
            self.found.append(f"{new.id.hex()} goes from version {old and old.version} to {new.version}")
        self.reservations[show, new.id] = new
        gone = set(old.seats) - set(new.seats) if old else set()
        for seat in gone:
            if self.owners.pop((show, seat), None) != new.id:
                self.found.append(f"seat {seat} of {show} was given back by {new.id.hex()}, who had it not")
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
            if isinstance(outcome, messages.HoldExpired):
                found += _too_early(outcome, committed.at_ms)
    return found + _differing_rows(world, told)


def _too_early(outcome: messages.HoldExpired, true_ms: int) -> list[str]:
    """A hold ends neither before its time by the log's clock, nor by the true one."""
    hold = outcome.reservation
    found = [f"{hold.id.hex()} expired before its time"] if outcome.at_ms < hold.expires_at_ms else []
    if hold.expires_at_ms - true_ms > SKEW_MS:
        found.append(f"{hold.id.hex()} expired {hold.expires_at_ms - true_ms} ms early by the true time")
    return found


def _differing_rows(world: World, told: _Lives) -> list[str]:
    tables, found = world.tables, []
    if {(row["show_id"], row["seat_no"]): row["reservation_id"] for row in tables.seat_taken.values()} != told.owners:
        found.append("seat_taken is not what the outcomes say")
    rows = {
        (row["show_id"], row["reservation_id"]): (row["status"], row["version"]) for row in tables.reservation.values()
    }
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
