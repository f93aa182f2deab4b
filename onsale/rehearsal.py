"""A rush on a room in virtual time: the real gate, and a crowd counted in parts of people, so that it may be any size.

Those who are called see it at their next look, come or do not, choose, and ask the allocator, which decides so many a
second in order. What it grants is held, and then booked or given back. Nothing is random. The gate, its limits and what
it learns are those of the waiting room, unchanged; places are counted, and not chosen on a plan.
"""

from collections import deque
from dataclasses import dataclass, field

from waiting_room.gate import MINUTE_MS, Admission, burst_max
from waiting_room.operating import RoomRow
from waiting_room.phases import Control, Schedule, Stock
from waiting_room.places import GENERAL
from waiting_room.ports import Line, Position
from waiting_room.queues import Queue
from waiting_room.rooms import Heard, Room, RoomLimits

TICK_MS = 200
T0_MS = 1_800_000_000_000
LOOKS_WITHIN_MS = 10_000
PARTY = 2


class Later:
    """Parts of people, by the tick at which they are to be there."""

    def __init__(self) -> None:
        self._changes: dict[int, float] = {}
        self._each_tick = 0.0
        self._tick = 0

    def spread(self, amount: float, first: int, last: int) -> None:
        """Evenly over the ticks from `first` to `last`."""
        each = amount / (last - first + 1)
        self._changes[first] = self._changes.get(first, 0.0) + each
        self._changes[last + 1] = self._changes.get(last + 1, 0.0) - each

    def due(self, tick: int) -> float:
        """All that were to be there since it was asked last."""
        due = 0.0
        while self._tick < tick:
            self._tick += 1
            self._each_tick += self._changes.pop(self._tick, 0.0)
            due += self._each_tick
        # What rounding leaves is nobody.
        return due if due > 1e-6 else 0.0


@dataclass
class Rush:
    """`bears_per_s`: what the allocator decides; `comes`: the part of those called who come; times in milliseconds."""

    crowd: int
    """Who wait at the opening."""
    seats: int
    comers: int = 0
    """Who come evenly within `comers_s` after it."""
    comers_s: int = 600
    rate_per_min: int = 1_200
    bears_per_s: float = 1_000.0
    comes: float = 1.0
    wants: float = 0.75
    pays: float = 0.85
    chooses_ms: tuple[int, int] = (1_000, 4_000)
    pays_ms: int = 60_000
    hold_ms: int = 120_000
    active_max: int = 10_000_000
    silent: bool = False
    tick: int = 0
    called: int = 0
    claimed: float = 0.0
    held: float = 0.0
    booked: float = 0.0
    turned_away: float = 0.0
    rest: int = 0
    worst_lag_ms: int = 0
    reasons: list[Admission] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    claims: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        schedule = Schedule(T0_MS, 0, T0_MS + 86_400_000)
        row = RoomRow(1, "a show", schedule, Control.OPEN, "", None, 0, 1)
        self.queue = Queue(Line(1, GENERAL), 10_000, self._position())
        limits = RoomLimits(self.rate_per_min, 500, 2_000, 10_000, self.active_max)
        self.room = Room(row, limits, {GENERAL: self.queue})
        self._coming, self._asking, self._paying, self._leaving = Later(), Later(), Later(), Later()
        self._backlog: deque[tuple[int, float]] = deque()

    @property
    def now_ms(self) -> int:
        return T0_MS + self.tick * TICK_MS

    @property
    def issued(self) -> int:
        """Who have joined by now."""
        since_ms = self.tick * TICK_MS
        return self.crowd + min(self.comers, self.comers * since_ms // (self.comers_s * 1_000))

    @property
    def available(self) -> float:
        return self.seats - self.held - self.booked

    @property
    def lag_ms(self) -> int:
        return (self.tick - self._backlog[0][0]) * TICK_MS if self._backlog else 0

    def _position(self) -> Position:
        return Position(1, self.issued, self.issued, self.called, int(self.claimed), 0, self.now_ms)

    def run(self, seconds: float) -> "Rush":
        """Let so much time pass."""
        for _ in range(round(seconds * 1_000 / TICK_MS)):
            self._step()
        return self

    def _step(self) -> None:
        self.tick += 1
        if self.tick % 5 == 0 and not self.silent:
            stock = Stock("open", int(self.available), int(self.held), int(self.booked))
            self.room.hear(Heard(stock, self.lag_ms, 0, self.now_ms))
        self._call()
        came = self._coming.due(self.tick)
        self.claimed += came
        self.claims.append(came)
        first, last = (self.tick + ms // TICK_MS for ms in self.chooses_ms)
        self._asking.spread(came, first, last)
        self._decide()
        paid, left = self._paying.due(self.tick), self._leaving.due(self.tick)
        self.held -= paid + left
        self.booked += paid
        self.worst_lag_ms = max(self.worst_lag_ms, self.lag_ms)

    def _call(self) -> None:
        admission = self.room.admission(self.now_ms)
        rate = self.room.calls(self.now_ms)[GENERAL]
        # As lua/advance.lua does it.
        due, self.rest = divmod(self.rest + rate * TICK_MS, MINUTE_MS)
        due = max(0, min(due, self.issued + burst_max(rate) - self.called))
        self.called += due
        self.queue.saw(self._position(), self.now_ms)
        self.queue.eta.saw(self.now_ms, self.called, self.issued, rate)
        self.room.sample(self.now_ms)
        self.reasons.append(admission)
        self.calls.append(due)
        self._coming.spread(due * self.comes, self.tick + 1, self.tick + LOOKS_WITHIN_MS // TICK_MS)

    def _decide(self) -> None:
        asking = self._asking.due(self.tick)
        if asking > 0:
            self._backlog.append((self.tick, asking))
        left = self.bears_per_s * TICK_MS / 1_000
        while self._backlog and left > 1e-9:
            since, people = self._backlog.popleft()
            decided = min(people, left)
            left -= decided
            if people - decided > 1e-9:
                self._backlog.appendleft((since, people - decided))
            wanted = decided * self.wants * PARTY
            granted = min(wanted, self.available)
            self.turned_away += (wanted - granted) / PARTY
            self.held += granted
            self._paying.spread(granted * self.pays, *[self.tick + self.pays_ms // TICK_MS] * 2)
            self._leaving.spread(granted * (1 - self.pays), *[self.tick + self.hold_ms // TICK_MS] * 2)

    def called_per_min(self, over_s: float, of: list[int] | list[float] | None = None) -> float:
        """Measured over the last seconds."""
        ticks = round(over_s * 1_000 / TICK_MS)
        return sum((self.calls if of is None else of)[-ticks:]) * 60 / over_s
