"""One room as an instance sees it: what was decided and heard, where its lines stand, what follows from it."""

from dataclasses import dataclass, field

from waiting_room.gate import Admission, Limiter, Limits, Observation, admit, burst_max
from waiting_room.phases import MOVING, Phase, Stock, phase_at
from waiting_room.places import GENERAL
from waiting_room.ports import RoomRow
from waiting_room.queues import Queue
from waiting_room.shares import split

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
    queues: dict[str, Queue] = field(default_factory=dict)
    heard: Heard | None = None

    @property
    def general(self) -> Queue:
        """The line that every room has."""
        return self.queues[GENERAL]

    def phase(self, now_ms: int) -> Phase:
        """The phase at `now_ms`."""
        stock = None if self.heard is None else self.heard.stock
        return phase_at(now_ms, self.row.schedule, self.row.control, stock)

    def admission(self, now_ms: int) -> Admission:
        """The rate of all lines together at `now_ms` and what limits it."""
        if self.phase(now_ms) not in MOVING:
            return Admission(0, Limiter.PHASE)
        if any(queue.undrawn for queue in self.queues.values()):
            return Admission(0, Limiter.DRAW)
        ceiling = self.limits.rate_per_min if self.row.rate_per_min is None else self.row.rate_per_min
        heard = self.heard
        limits = Limits(ceiling, self.limits.lag_target_ms, self.limits.stale_after_ms)
        if heard is None:
            return admit(limits, None)
        age_ms = now_ms - heard.heard_at_ms
        return admit(limits, Observation(age_ms, heard.lag_ms, heard.decide_p99_ms, heard.stock.available))

    def rates(self, now_ms: int) -> dict[str, int]:
        """People per minute of each line: its share, and what the lines without people leave of theirs."""
        waiting = {name: queue.waiting for name, queue in self.queues.items()}
        return split(self.admission(now_ms).rate_per_min, self.row.shares, waiting)

    def burst(self, rate_per_min: int, now_ms: int) -> tuple[int, bool]:
        """`(how far ahead of the numbers given away a line may be served, whether it goes there at once)`."""
        if self.phase(now_ms) is Phase.IDLE and self.admission(now_ms).limited_by is not Limiter.DRAW:
            return PASS_THROUGH_BURST, True
        return burst_max(rate_per_min), False
