"""One room as an instance sees it: what was decided and heard, where its lines stand, what follows from it."""

from dataclasses import dataclass, field

from waiting_room.bearing import CHOOSING_MS, Bearing, learn
from waiting_room.flow import Flow, Sample
from waiting_room.gate import Admission, Limiter, Limits, Observation, admit, burst_max
from waiting_room.odds import odds
from waiting_room.operating import RoomRow
from waiting_room.phases import MOVING, Control, Phase, Stock, phase_at
from waiting_room.places import GENERAL
from waiting_room.queues import Queue
from waiting_room.shares import split

PASS_THROUGH_BURST = 1_000
"""How many may come between two moves of a line that fails open."""
IDLE_BURST_MIN = 10
CROWDED_FOR_MS = 30_000
"""An idle line that too many have joined stays a line for so long after the last one who had to wait."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the allocator said of the show, and when we heard it: its own clock is not ours."""

    stock: Stock
    lag_ms: int
    decide_p99_ms: int
    heard_at_ms: int


@dataclass(frozen=True, slots=True)
class RoomLimits:
    """From the settings: the default ceiling, what lag and silence of the allocator count for, passes in use."""

    rate_per_min: int
    lag_target_ms: int
    stale_after_ms: int
    numbers_reserved_max: int
    active_max: int = 1_000_000
    decides_within_ms: int = 60_000


@dataclass(slots=True)
class Room:
    """Changed by the service only."""

    row: RoomRow
    limits: RoomLimits
    queues: dict[str, Queue] = field(default_factory=dict)
    heard: Heard | None = None
    flow: Flow = field(init=False)
    bearing: Bearing = field(default_factory=Bearing)
    crowded_until_ms: int = 0

    def __post_init__(self) -> None:
        self.flow = Flow(self.limits.decides_within_ms)

    @property
    def ceiling_per_min(self) -> int:
        """What operators have said, or the default."""
        return self.limits.rate_per_min if self.row.rate_per_min is None else self.row.rate_per_min

    def hear(self, heard: Heard) -> None:
        """The allocator has spoken of the show."""
        lag_ms = max(heard.lag_ms, heard.decide_p99_ms)
        self.heard = heard
        self.bearing = learn(
            self.bearing,
            at_ms=heard.heard_at_ms,
            lag_ms=lag_ms,
            came_per_min=self.flow.came_per_min(heard.heard_at_ms - lag_ms, CHOOSING_MS),
            ceiling_per_min=self.ceiling_per_min,
            target_ms=self.limits.lag_target_ms,
        )

    def sample(self, now_ms: int) -> None:
        """The lines have moved."""
        if self.heard is None:
            return
        positions = [queue.position for queue in self.queues.values()]
        stock = self.heard.stock
        self.flow.add(
            Sample(
                now_ms,
                # Beyond the last number there is nobody.
                called=sum(min(position.serving, position.issued) for position in positions),
                claimed=sum(position.claimed for position in positions),
                given_up=sum(position.given_up for position in positions),
                taken=stock.held + stock.booked,
                booked=stock.booked,
            )
        )

    @property
    def general(self) -> Queue:
        """The line that every room has."""
        return self.queues[GENERAL]

    def phase(self, now_ms: int) -> Phase:
        """The phase at `now_ms`."""
        stock = None if self.heard is None else self.heard.stock
        phase = phase_at(now_ms, self.row.schedule, self.control(now_ms), stock)
        crowded = now_ms < self.crowded_until_ms and not self.fails_open(now_ms)
        return Phase.OPEN if phase is Phase.IDLE and crowded else phase

    def joined_per_min(self) -> int:
        """People per minute who joined any line over the last ten seconds, as far as this instance has seen."""
        return sum(queue.joined_per_min() for queue in self.queues.values())

    def notice(self, now_ms: int) -> None:
        """An idle line turns itself on when more join than the rate would let in, and off when nobody has to wait."""
        waited = now_ms < self.crowded_until_ms and any(queue.waiting for queue in self.queues.values())
        if self.joined_per_min() > self.ceiling_per_min or waited:
            self.crowded_until_ms = now_ms + CROWDED_FOR_MS

    def control(self, now_ms: int) -> Control:
        """What operators have said, as long as it counts."""
        row = self.row
        return Control.SCHEDULE if 0 < row.open_until_ms <= now_ms else row.control

    def fails_open(self, now_ms: int) -> bool:
        """Whether people are to be let through whatever fails."""
        return self.row.control is Control.IDLE and self.row.open_until_ms > now_ms

    def admission(self, now_ms: int) -> Admission:
        """The rate of all lines together at `now_ms` and what limits it."""
        if self.phase(now_ms) not in MOVING:
            return Admission(0, Limiter.PHASE)
        if any(queue.undrawn for queue in self.queues.values()):
            return Admission(0, Limiter.DRAW)
        heard = self.heard
        own = self.limits
        active_max = own.active_max if self.row.active_max is None else self.row.active_max
        limits = Limits(self.ceiling_per_min, own.lag_target_ms, own.stale_after_ms, active_max)
        if heard is None:
            return admit(limits, None)
        return admit(
            limits,
            Observation(
                age_ms=now_ms - heard.heard_at_ms,
                lag_ms=heard.lag_ms,
                decide_p99_ms=heard.decide_p99_ms,
                available=heard.stock.available,
                crowd=self.flow.crowd(),
                bearing=self.bearing,
            ),
        )

    def rates(self, now_ms: int) -> dict[str, int]:
        """People per minute of each line who are to come in: its share, and what empty lines leave of theirs."""
        return self._split(self.admission(now_ms).rate_per_min)

    def calls(self, now_ms: int) -> dict[str, int]:
        """How fast each line is moved, so that so many come in although not everybody does who is called."""
        return self._split(self.admission(now_ms).calls_per_min)

    def _split(self, rate_per_min: int) -> dict[str, int]:
        waiting = {name: queue.waiting for name, queue in self.queues.items()}
        return split(rate_per_min, self.row.shares, waiting)

    def hope(self, queue: Queue) -> tuple[int, int] | None:
        """Up to which place one likely gets to buy, and from which one on likely not; None: nothing is known."""
        if self.heard is None:
            return None
        found = odds(self.heard.stock, self.flow.crowd())
        # A thousand, so that nothing is lost to rounding.
        part = self._split(1_000)[queue.line.name]
        serving = min(queue.position.serving, queue.position.issued)
        return serving + found.sure * part // 1_000, serving + found.possible * part // 1_000 + 1

    def burst(self, rate_per_min: int, now_ms: int) -> tuple[int, bool]:
        """`(how far ahead of the numbers given away a line may be served, whether it goes there at once)`."""
        if self.phase(now_ms) is Phase.IDLE and self.admission(now_ms).limited_by is not Limiter.DRAW:
            if self.fails_open(now_ms):
                return PASS_THROUGH_BURST, True
            return max(IDLE_BURST_MIN, burst_max(self.ceiling_per_min)), True
        return burst_max(rate_per_min), False
