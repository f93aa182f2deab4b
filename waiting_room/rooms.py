"""One room as an instance sees it: what was decided, what was heard, where the line stood, and what follows from it."""

from collections import deque
from dataclasses import dataclass, field

from waiting_room.gate import Admission, Limiter, Limits, Observation, admit, burst_max
from waiting_room.phases import MOVING, Phase, Stock, phase_at
from waiting_room.places import GENERAL
from waiting_room.ports import Line, Position, RoomRow

RESERVED_MIN = 100
"""Numbers reserved at a time while few join: what a store's loss costs a small room."""
MEASURED_MS = 10_000
"""The rate that fans and operators see is that of the last ten seconds."""
STALLED_AFTER_MS = 10_000
PASS_THROUGH_BURST = 1_000
"""How many may come between two moves of a line that lets everybody through."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the allocator said of the show, and when we heard it: its own clock is not ours."""

    stock: Stock
    lag_ms: int
    decide_p99_ms: int
    heard_at_ms: int


@dataclass(frozen=True, slots=True)
class RoomLimits:
    """From the settings: the default ceiling, and what lag and silence of the allocator count for."""

    rate_per_min: int
    lag_target_ms: int
    stale_after_ms: int
    numbers_reserved_max: int


@dataclass(slots=True)
class Room:
    """Changed by the service only."""

    row: RoomRow
    limits: RoomLimits
    position: Position
    heard: Heard | None = None
    floor: int = 0
    """How far the ledger knows the line to be served, from us."""
    reserved: int = RESERVED_MIN
    """How many numbers are reserved at a time, at present."""
    reserved_at_ms: int = 0
    seen_at_ms: int = 0
    """When the line's store last answered, by our clock."""
    moved_at_ms: int = 0
    track: deque[tuple[int, int]] = field(default_factory=deque)

    @property
    def line(self) -> Line:
        """The general line."""
        return Line(self.row.show, GENERAL)

    @property
    def waiting(self) -> int:
        """People with a number that is not called yet, at most: numbers that a lost store left out count as well."""
        return max(0, self.position.issued - self.position.serving)

    @property
    def runs_out(self) -> bool:
        """Whether it is time to reserve more numbers."""
        return self.position.ceiling - self.position.issued < self.reserved // 2

    def reserve(self, now_ms: int) -> int:
        """How many numbers to reserve now: twice as many as the last time if that was less than a second ago."""
        since_ms = now_ms - self.reserved_at_ms
        if since_ms < 1_000:
            self.reserved = min(self.reserved * 2, self.limits.numbers_reserved_max)
        elif since_ms > 10_000:
            self.reserved = RESERVED_MIN
        self.reserved_at_ms = now_ms
        return self.reserved

    def phase(self, now_ms: int) -> Phase:
        """The phase at `now_ms`."""
        stock = None if self.heard is None else self.heard.stock
        return phase_at(now_ms, self.row.schedule, self.row.control, stock)

    def admission(self, now_ms: int) -> Admission:
        """The rate at `now_ms` and what limits it."""
        if self.phase(now_ms) not in MOVING:
            return Admission(0, Limiter.PHASE)
        ceiling = self.limits.rate_per_min if self.row.rate_per_min is None else self.row.rate_per_min
        heard = self.heard
        limits = Limits(ceiling, self.limits.lag_target_ms, self.limits.stale_after_ms)
        if heard is None:
            return admit(limits, None)
        age_ms = now_ms - heard.heard_at_ms
        return admit(limits, Observation(age_ms, heard.lag_ms, heard.decide_p99_ms, heard.stock.available))

    def burst(self, now_ms: int) -> tuple[int, bool]:
        """`(how far ahead of the numbers given away the line may be served, whether it goes there at once)`."""
        if self.phase(now_ms) is Phase.IDLE:
            return PASS_THROUGH_BURST, True
        return burst_max(self.admission(now_ms).rate_per_min), False

    def saw(self, position: Position, now_ms: int) -> None:
        """The line stands at `position`; answers that come out of turn never take it back."""
        self.seen_at_ms = now_ms
        if position.serving > self.position.serving or not self.track:
            self.moved_at_ms = position.at_ms
        if position.at_ms >= self.position.at_ms or position.gen > self.position.gen:
            self.position = position
        self.track.append((position.at_ms, position.serving))
        while len(self.track) > 2 and self.track[1][0] <= position.at_ms - MEASURED_MS:
            self.track.popleft()

    def rate_now(self) -> int:
        """People per minute called over the last ten seconds, as far as this instance has seen them."""
        if len(self.track) < 2:
            return 0
        (first_ms, first), (last_ms, last) = self.track[0], self.track[-1]
        return 0 if last_ms <= first_ms else round((last - first) * 60_000 / (last_ms - first_ms))

    def stalled(self, now_ms: int) -> bool:
        """People wait and should be called, and nobody was for ten seconds (of the store's time)."""
        rate_per_min = self.admission(now_ms).rate_per_min
        # At a very low rate the next one is simply not due yet.
        patience_ms = max(STALLED_AFTER_MS, 2 * 60_000 // max(1, rate_per_min))
        return rate_per_min > 0 and self.waiting > 0 and self.position.at_ms - self.moved_at_ms > patience_ms
