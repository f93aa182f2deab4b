"""What is kept for partners: nobody ever held a place that was promised to another, or more than they may.

Counted anew for each command from its outcomes alone, without the allocator's own code.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from tests.simulation.crowd import LAYOUT
from tests.simulation.world import World
from ticketing import messages
from ticketing.layout import Layout
from ticketing.messages import AnyOutcome, Reservation, ReservationOutcome
from ticketing.show_view import is_change
from ticketing.vocabulary import LIVE_STATUSES

Count = dict[str, int]
"""Places by category; "": of all."""


@dataclass
class _Hall:
    """A layout, as places of categories."""

    layout: Layout

    def __post_init__(self) -> None:
        names = [category.name for category in self.layout.categories]
        self.categories = ("", *names)
        self._of_seats = [names[seat.category] for seat in self.layout.seats]
        self._of_areas = [names[area.category] for area in self.layout.areas]
        areas = ((number, area.capacity) for number, area in enumerate(self.layout.areas))
        self.total = self.count(range(len(self._of_seats)), areas)

    def count(self, seats: Iterable[int], areas: Iterable[tuple[int, int]] = ()) -> Count:
        counts = dict.fromkeys(self.categories, 0)
        for seat in seats:
            counts[self._of_seats[seat]] += 1
        for area, n in areas:
            counts[self._of_areas[area]] += n
        counts[""] = sum(counts.values())
        return counts


@dataclass
class _Show:
    hall: _Hall
    live: dict[bytes, tuple[str, Count]] = field(default_factory=dict)
    """Whose it is, and its places."""
    blocked: set[int] = field(default_factory=set)
    kept: dict[tuple[str, str], messages.AllocationSet] = field(default_factory=dict)
    """By partner and category; "": the whole show."""

    def take(self, outcomes: list[AnyOutcome]) -> list[str]:
        """Let all happen that one command did; what is wrong with it."""
        takers = sorted({it for outcome in outcomes if (it := self._taker(outcome))})
        had = {(name, of): self._taken(name, of) for name in takers for of in self.hall.categories}
        for outcome in outcomes:
            self._let_happen(outcome)
        found = []
        at_ms = outcomes[-1].at_ms
        for (name, of), before in had.items():
            own = self.kept.get((name, of))
            if own is not None and _is_on(own, at_ms):
                has = self._taken(name, of)
                # Who had more when the share became smaller keeps it, and may make one booking of several holds.
                if has > max(before, own.share + own.borrow):
                    found.append(f"{name} has {has} places of {own.share} and {own.borrow}")
        promises = [it for it in outcomes if isinstance(it, messages.SeatsBlocked | messages.AllocationSet)]
        for of in self.hall.categories if takers or promises else ():
            promised, free = self._promised(of, at_ms), self._free(of)
            if promised > free:
                where = f" of {of}" if of else ""
                found.append(f"{type(outcomes[-1]).__name__} left {free} places{where} where {promised} are promised")
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
                self.kept[outcome.allocation, outcome.category] = outcome
            case messages.AllocationReturned() if not outcome.give_back_at_ms:
                del self.kept[outcome.allocation, outcome.category]
            case messages.ManyHeld():
                for reservation in outcome.reservations:
                    self._live_on(reservation)
            case ReservationOutcome():
                self.live.pop(outcome.reservation.id, None)
                if outcome.reservation.status in LIVE_STATUSES:
                    self._live_on(outcome.reservation)

    def _live_on(self, reservation: Reservation) -> None:
        self.live[reservation.id] = reservation.account, self.hall.count(reservation.seats, reservation.areas)

    def _promised(self, category: str, at_ms: int) -> int:
        """Of a category, or of the whole show all that is promised of it and of its categories."""
        return sum(
            max(0, it.share - self._taken(name, of))
            for (name, of), it in self.kept.items()
            if _is_on(it, at_ms) and category in ("", of)
        )

    def _taken(self, account: str, category: str) -> int:
        return sum(places[category] for owner, places in self.live.values() if owner == account)

    def _free(self, category: str) -> int:
        taken = sum(places[category] for _, places in self.live.values())
        return self.hall.total[category] - self.hall.count(self.blocked)[category] - taken


def _is_on(allocation: messages.AllocationSet, at_ms: int) -> bool:
    return not allocation.give_back_at_ms or at_ms < allocation.give_back_at_ms


def quotas(world: World) -> list[str]:
    """Judged after each command that took places or promised some."""
    return list(broken(outcome for committed in world.committed for outcome in committed.outcomes))


def broken(outcomes: Iterable[AnyOutcome], layout: Layout = LAYOUT) -> Iterator[str]:
    """What is wrong in outcomes that are in the order of the log; those of one command stand together."""
    hall = _Hall(layout)
    shows = defaultdict[int, _Show](lambda: _Show(hall))
    changes = filter(is_change, outcomes)
    for (show, offset), came in groupby(changes, lambda outcome: (outcome.show, outcome.offset)):
        for problem in shows[show].take(list(came)):
            yield f"show {show} at offset {offset}: {problem}"
