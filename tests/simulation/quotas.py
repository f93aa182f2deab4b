"""What is kept for partners: nobody ever held a place that was promised to another, or more than they may.

Counted anew for each command from its outcomes alone, without the allocator's own code.
"""

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


@dataclass
class _Hall:
    """A layout, as places of categories; "": of all."""

    layout: Layout

    @property
    def categories(self) -> tuple[str, ...]:
        return ("", *(category.name for category in self.layout.categories))

    def places(self, reservation: Reservation, category: str) -> int:
        return self.count(reservation.seats, category) + sum(
            n for area, n in reservation.areas if self._is_of(self.layout.areas[area].category, category)
        )

    def count(self, seats: Iterable[int], category: str) -> int:
        return sum(self._is_of(self.layout.seats[seat].category, category) for seat in seats)

    def total(self, category: str) -> int:
        areas = (area.capacity for area in self.layout.areas if self._is_of(area.category, category))
        return self.count(range(len(self.layout.seats)), category) + sum(areas)

    def _is_of(self, number: int, category: str) -> bool:
        return category in ("", self.layout.categories[number].name)


@dataclass
class _Show:
    hall: _Hall
    live: dict[bytes, Reservation] = field(default_factory=dict)
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
                self.live.update((reservation.id, reservation) for reservation in outcome.reservations)
            case ReservationOutcome():
                reservation = outcome.reservation
                self.live.pop(reservation.id, None)
                if reservation.status in LIVE_STATUSES:
                    self.live[reservation.id] = reservation

    def _promised(self, category: str, at_ms: int) -> int:
        """Of a category, or of the whole show all that is promised of it and of its categories."""
        return sum(
            max(0, it.share - self._taken(name, of))
            for (name, of), it in self.kept.items()
            if _is_on(it, at_ms) and category in ("", of)
        )

    def _taken(self, account: str, category: str) -> int:
        return sum(self.hall.places(it, category) for it in self.live.values() if it.account == account)

    def _free(self, category: str) -> int:
        taken = sum(self.hall.places(it, category) for it in self.live.values())
        return self.hall.total(category) - self.hall.count(self.blocked, category) - taken


def _is_on(allocation: messages.AllocationSet, at_ms: int) -> bool:
    return not allocation.give_back_at_ms or at_ms < allocation.give_back_at_ms


def quotas(world: World) -> list[str]:
    """Judged after each command that took places or promised some."""
    return list(broken(outcome for committed in world.committed for outcome in committed.outcomes))


def broken(outcomes: Iterable[AnyOutcome], layout: Layout = LAYOUT) -> Iterator[str]:
    """What is wrong in outcomes that are in the order of the log; those of one command stand together."""
    shows: dict[int, _Show] = {}
    changes = filter(is_change, outcomes)
    for (show, offset), came in groupby(changes, lambda outcome: (outcome.show, outcome.offset)):
        for problem in shows.setdefault(show, _Show(_Hall(layout))).take(list(came)):
            yield f"show {show} at offset {offset}: {problem}"
