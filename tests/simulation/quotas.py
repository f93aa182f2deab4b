"""What is kept for partners: nobody ever held a place that was promised to another, or more than they may.

Counted anew for each command from its outcomes alone, without the allocator's own code.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

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
    places: int
    live: dict[bytes, Reservation] = field(default_factory=dict)
    blocked: set[int] = field(default_factory=set)
    kept: dict[str, messages.AllocationSet] = field(default_factory=dict)

    def take(self, outcomes: list[AnyOutcome]) -> list[str]:
        """Let all happen that one command did; what is wrong with it."""
        takers = sorted({it for outcome in outcomes if (it := self._taker(outcome))})
        had = {name: self._taken(name) for name in takers}
        for outcome in outcomes:
            self._let_happen(outcome)
        found = []
        at_ms = outcomes[-1].at_ms
        for name in takers:
            own = self.kept.get(name)
            if own is not None and _is_on(own, at_ms):
                has = self._taken(name)
                # Who had more when the share became smaller keeps it, and may make one booking of several holds.
                if has > max(had[name], own.share + own.borrow):
                    found.append(f"{name} has {has} places of {own.share} and {own.borrow}")
        promised = self._promised(at_ms)
        promises = [it for it in outcomes if isinstance(it, messages.SeatsBlocked | messages.AllocationSet)]
        if (takers or promises) and promised > self._free():
            found.append(f"{type(outcomes[-1]).__name__} left {self._free()} places where {promised} are promised")
        return found

    def _taker(self, outcome: AnyOutcome) -> str:
        """Whose places may be more after this than before; "": nobody's."""
        match outcome:
            case messages.SeatsHeld() | messages.ManyHeld():
                return outcome.account
            case messages.BookingConfirmed() if outcome.reservation.id not in self.live:
                return outcome.reservation.account
            case messages.BookingChanged():
                return outcome.reservation.account
            case _:
                return ""

    def _let_happen(self, outcome: AnyOutcome) -> None:
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

    def _promised(self, at_ms: int) -> int:
        return sum(max(0, it.share - self._taken(name)) for name, it in self.kept.items() if _is_on(it, at_ms))

    def _taken(self, account: str) -> int:
        return sum(places(it) for it in self.live.values() if it.account == account)

    def _free(self) -> int:
        return self.places - len(self.blocked) - sum(map(places, self.live.values()))


def _is_on(allocation: messages.AllocationSet, at_ms: int) -> bool:
    return not allocation.give_back_at_ms or at_ms < allocation.give_back_at_ms


def quotas(world: World) -> list[str]:
    """Judged after each command that took places or promised some."""
    return list(broken(outcome for committed in world.committed for outcome in committed.outcomes))


def broken(outcomes: Iterable[AnyOutcome], places_of_show: int = LAYOUT.places) -> Iterator[str]:
    """What is wrong in outcomes that are in the order of the log; those of one command stand together."""
    shows: dict[int, _Show] = {}
    changes = filter(is_change, outcomes)
    for (show, offset), came in groupby(changes, lambda outcome: (outcome.show, outcome.offset)):
        for problem in shows.setdefault(show, _Show(places_of_show)).take(list(came)):
            yield f"show {show} at offset {offset}: {problem}"
