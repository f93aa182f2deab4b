"""The phases of a room, from its schedule, its operators and what is left to sell."""

from dataclasses import dataclass
from enum import StrEnum

from ticketing.messages import TierNow
from ticketing.vocabulary import ShowStatus


class Control(StrEnum):
    """What operators have said; `schedule` leaves it to the times of the show."""

    SCHEDULE = "schedule"
    OPEN = "open"
    PAUSED = "paused"
    IDLE = "idle"
    DRAINING = "draining"
    HELD = "held"
    SOLDOUT = "soldout"


class Phase(StrEnum):
    """What fans are told."""

    IDLE = "idle"
    """Nobody has to wait: whoever comes may go on."""
    PREQUEUE = "prequeue"
    """People may join; nobody is let in before the sale opens."""
    OPEN = "open"
    PAUSED = "paused"
    """People may join, and those whose turn it is may claim; nobody else is called."""
    DRAINING = "draining"
    """Nobody else may join; whoever has a place is served."""
    SOLDOUT = "soldout"
    """Everything is booked. A cancellation opens the room again."""
    CLOSED = "closed"


JOINABLE = frozenset({Phase.IDLE, Phase.PREQUEUE, Phase.OPEN, Phase.PAUSED})
MOVING = frozenset({Phase.IDLE, Phase.OPEN, Phase.DRAINING})


@dataclass(frozen=True, slots=True)
class Schedule:
    """Epoch milliseconds; `closes_at_ms` 0 means: when the show starts; `prequeue_at_ms`: people may join from then on,
    0: at any time."""

    opens_at_ms: int
    closes_at_ms: int
    starts_at_ms: int
    prequeue_at_ms: int = 0

    @property
    def ends_at_ms(self) -> int:
        """When the sale is over."""
        return self.closes_at_ms or self.starts_at_ms


@dataclass(frozen=True, slots=True)
class Stock:
    """What the allocator last said of the show's places; `status` as in `ticketing.vocabulary.ShowStatus`."""

    status: str
    available: int
    held: int
    booked: int
    currency: str = ""
    tiers: tuple[TierNow, ...] = ()


def phase_at(now_ms: int, schedule: Schedule, control: Control, stock: Stock | None) -> Phase:
    """The phase at `now_ms`. The end of a sale and the end of its stock count for more than what operators said."""
    if now_ms >= schedule.ends_at_ms:
        return Phase.CLOSED
    if stock is not None:
        if stock.status != ShowStatus.OPEN:
            return Phase.CLOSED
        if stock.available == 0 and stock.held == 0:
            return Phase.SOLDOUT
    match control:
        case Control.PAUSED | Control.HELD:
            return Phase.PAUSED
        case Control.DRAINING:
            return Phase.DRAINING
        case Control.SOLDOUT:
            return Phase.SOLDOUT
        case Control.IDLE:
            return Phase.IDLE
        case Control.OPEN:
            return Phase.OPEN
        case Control.SCHEDULE:
            if now_ms >= schedule.opens_at_ms:
                return Phase.OPEN
            return Phase.PREQUEUE if now_ms >= schedule.prequeue_at_ms else Phase.CLOSED


def collects(now_ms: int, schedule: Schedule, phase: Phase) -> bool:
    """Whether those who join now take part in the draw of the opening, however the line is stopped meanwhile."""
    return now_ms < schedule.opens_at_ms and phase not in MOVING


def opens_later(now_ms: int, schedule: Schedule, phase: Phase) -> bool:
    """Whether the line is closed only because people may not join yet."""
    return phase is Phase.CLOSED and now_ms < min(schedule.prequeue_at_ms, schedule.opens_at_ms, schedule.ends_at_ms)
