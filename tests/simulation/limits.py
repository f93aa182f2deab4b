"""What one person may hold: judged from the outcomes alone, by the policy that the show had at that moment."""

from collections import defaultdict
from dataclasses import dataclass, field

from tests.simulation.crowd import LAYOUT
from tests.simulation.world import World
from ticketing import messages
from ticketing.messages import AnyOutcome, Policy, Reservation, ReservationOutcome
from ticketing.show_view import is_change

UNPAID = {"held", "paying"}


def _units(it: Reservation) -> int:
    """Places, without those at whole tables."""
    at_tables = sum(table.count for table in LAYOUT.whole_tables(it.seats))
    return len(it.seats) - at_tables + sum(quantity for _, quantity in it.areas)


@dataclass
class _Show:
    policy: Policy = field(default_factory=Policy)
    held: dict[bytes, Reservation] = field(default_factory=dict)
    booked: dict[bytes, Reservation] = field(default_factory=dict)
    let_go: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """By person: when those holds began that came to nothing."""

    def take(self, outcome: AnyOutcome) -> list[str]:
        match outcome:
            case messages.ShowOpened() | messages.ShowChanged():
                self.policy = outcome.policy or self.policy
            case messages.SeatsHeld():
                return self._hold(outcome.reservation, outcome.at_ms)
            case messages.ManyHeld():
                return [problem for it in outcome.reservations for problem in self._hold(it, outcome.at_ms)]
            case ReservationOutcome():
                it = outcome.reservation
                before = self.held.pop(it.id, None) or self.booked.pop(it.id, None)
                if before is None and it.status == "booked" and it.held_at_ms in self.let_go[it.person]:
                    self.let_go[it.person].remove(it.held_at_ms)  # paid late
                if it.status in UNPAID:
                    self.held[it.id] = it
                elif it.status == "booked":
                    self.booked[it.id] = it
                    if isinstance(outcome, messages.BookingConfirmed):
                        return self._bound(it)
                elif it.status in {"released", "expired"} and not it.booked_at_ms:
                    self.let_go[it.person].append(it.held_at_ms)
        return []

    def _hold(self, new: Reservation, at_ms: int) -> list[str]:
        policy, person = self.policy, new.person
        found = []
        since_ms = at_ms - policy.cool_down_s * 1000
        let_go = sum(began > since_ms for began in self.let_go[person])
        if person and 0 < policy.unpaid_holds_max <= let_go:
            found.append(f"{person} holds again, having let {let_go} go")
        self.held[new.id] = new
        own = [it for it in self.held.values() if it.person == person]
        if person and 0 < policy.holds_at_once_max < len(own):
            found.append(f"{person} has {len(own)} holds at once")
        own += [it for it in self.booked.values() if it.person == person]
        if person and 0 < policy.seats_per_person_max < sum(map(_units, own)):
            found.append(f"{person} has {sum(map(_units, own))} places in all")
        return found

    def _bound(self, new: Reservation) -> list[str]:
        """Nobody has too many under one address, or paid with one thing, wherever the pass came from."""
        most = self.policy.seats_per_person_max
        found = []
        for name in new.bound if most else ():
            has = sum(_units(it) for it in (*self.held.values(), *self.booked.values()) if name in it.bound)
            if has > most:
                found.append(f"{name} has {has} places in all")
        return found


def limits(world: World) -> list[str]:
    """Judged at each hold."""
    shows: dict[int, _Show] = {}
    return [
        f"show {outcome.show} at offset {outcome.offset}: {problem}"
        for committed in world.committed
        for outcome in committed.outcomes
        if is_change(outcome)
        for problem in shows.setdefault(outcome.show, _Show()).take(outcome)
    ]
