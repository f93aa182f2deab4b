"""What came of the crowd, counted from outside: only what fans were told. Pure but for the numbers it is handed."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from onsale.crowd.habits import Habit

COMPLAINTS_KEPT_MAX = 20


@dataclass
class Tally:
    """Counts of one sale. Places are seats and places of an area alike; times are in seconds unless they say `_ms`."""

    habits: Counter[Habit] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    joined: int = 0
    admitted: int = 0
    holds: int = 0
    held: int = 0
    held_seats: Counter[str] = field(default_factory=Counter)
    """Seat -> how many holds it was in."""
    sold: int = 0
    expired: int = 0
    released: int = 0
    warnings: int = 0
    replays: int = 0
    retries: int = 0
    """Requests sent again because there was no answer, or one that said to come back."""
    hold_ms: list[float] = field(default_factory=list)
    """From sending a hold to its verdict, told to come back or not, of each hold that got one."""
    longest_s: float = 0.0
    longest_what: str = ""
    complaints_total: int = 0
    complaints: list[str] = field(default_factory=list)
    """What must not be, as seen by a fan."""
    bookings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Booking -> its places, as confirmed."""
    _owner: dict[str, str] = field(default_factory=dict)

    def did(self, habit: Habit) -> None:
        """A fan did this once more."""
        self.habits[habit] += 1

    def complain(self, what: str) -> None:
        """A fan was told something that contradicts what fans were told before."""
        self.complaints_total += 1
        if len(self.complaints) < COMPLAINTS_KEPT_MAX:
            self.complaints.append(what)

    def waited(self, what: str, seconds: float) -> None:
        """A command was undecided for this long."""
        if seconds > self.longest_s:
            self.longest_s, self.longest_what = seconds, what

    def booked(self, booking: str, seats: tuple[str, ...], count: int) -> None:
        """A booking was confirmed."""
        if booking in self.bookings:
            self.complain(f"booking {booking} was confirmed to two fans")
        self.bookings[booking] = seats
        self.sold += count
        for seat in seats:
            owner = self._owner.setdefault(seat, booking)
            if owner != booking:
                self.complain(f"seat {seat} was sold twice: {owner} and {booking}")

    @property
    def resold(self) -> int:
        """Seats that were booked after a hold of somebody else's had ended. (Places of an area have no names.)"""
        return sum(self.held_seats[seat] > 1 for seats in self.bookings.values() for seat in seats)

    def missing_habits(self) -> list[Habit]:
        """What nobody did."""
        return [habit for habit in Habit if not self.habits[habit]]

    def as_json(self) -> dict[str, Any]:
        """What the crowd adds to the report of a demo."""
        return {
            "sold": self.sold,
            "refused": dict(self.refused.most_common()),
            "expired": self.expired,
            "released": self.released,
            "resold": self.resold,
            "hold_latency_ms": {"p50": percentile(self.hold_ms, 50), "p99": percentile(self.hold_ms, 99)},
            "habits": {habit.value: self.habits[habit] for habit in Habit},
            "warnings": self.warnings,
            "retries": self.retries,
            "complaints": self.complaints_total,
        }


def percentile(values: list[float], percent: float) -> float:
    """The nearest-rank percentile, rounded to a tenth; 0 of nothing."""
    if not values:
        return 0.0
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * percent // 100))
    return round(ordered[int(rank) - 1], 1)
