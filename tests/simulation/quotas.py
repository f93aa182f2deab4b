"""What is kept for partners: nobody ever held a place that was promised to another, or more than they may.

Counted anew for each hold from the outcomes alone, without the allocator's own code.
"""

from dataclasses import dataclass, field

from tests.simulation.crowd import LAYOUT
from tests.simulation.world import World
from ticketing import messages
from ticketing.messages import AnyOutcome, Reservation, ReservationOutcome
from ticketing.show_view import is_change
from ticketing.vocabulary import LIVE_STATUSES


def places(reservation: Reservation) -> int:
    return len(reservation.seats) + sum(quantity for _, quantity in reservation.areas)


@dataclass
class _Show:
    live: dict[bytes, Reservation] = field(default_factory=dict)
    blocked: set[int] = field(default_factory=set)
    kept: dict[str, messages.AllocationSet] = field(default_factory=dict)

    def take(self, outcome: AnyOutcome) -> list[str]:
        """Let it happen; what is wrong with it."""
        found = []
        taker = outcome.account if isinstance(outcome, messages.SeatsHeld | messages.ManyHeld) else ""
        if isinstance(outcome, messages.BookingConfirmed) and outcome.reservation.id not in self.live:
            taker = outcome.reservation.account
        match outcome:
            case messages.SeatsBlocked():
                self.blocked.update(outcome.seats)
            case messages.SeatsUnblocked():
                self.blocked.difference_update(outcome.seats)
            case messages.AllocationSet():
                self.kept[outcome.allocation] = outcome
            case messages.AllocationReturned():
                del self.kept[outcome.allocation]
            case messages.ManyHeld():
                self.live.update((reservation.id, reservation) for reservation in outcome.reservations)
            case ReservationOutcome():
                reservation = outcome.reservation
                self.live.pop(reservation.id, None)
                if reservation.status in LIVE_STATUSES:
                    self.live[reservation.id] = reservation
        now = self._promised(outcome.at_ms)
        if taker:
            own = self.kept.get(taker)
            if own is not None and _is_on(own, outcome.at_ms):
                has = self._taken(own.allocation)
                if has > own.share + own.borrow:
                    found.append(f"{own.allocation} has {has} places of {own.share} and {own.borrow}")
        is_taking = taker or isinstance(outcome, messages.SeatsBlocked | messages.AllocationSet)
        if is_taking and now > self._free():
            found.append(f"{type(outcome).__name__} left {self._free()} places where {now} are promised")
        return found

    def _promised(self, at_ms: int) -> int:
        return sum(max(0, it.share - self._taken(name)) for name, it in self.kept.items() if _is_on(it, at_ms))

    def _taken(self, account: str) -> int:
        return sum(places(it) for it in self.live.values() if it.account == account)

    def _free(self) -> int:
        return LAYOUT.places - len(self.blocked) - sum(map(places, self.live.values()))


def _is_on(allocation: messages.AllocationSet, at_ms: int) -> bool:
    return not allocation.give_back_at_ms or at_ms < allocation.give_back_at_ms


def quotas(world: World) -> list[str]:
    """Judged after each outcome that takes places or promises some."""
    shows: dict[int, _Show] = {}
    return [
        f"show {outcome.show} at offset {outcome.offset}: {problem}"
        for committed in world.committed
        for outcome in committed.outcomes
        if is_change(outcome)
        for problem in shows.setdefault(outcome.show, _Show()).take(outcome)
    ]
