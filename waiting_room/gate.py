"""How fast people are let in: the operators' ceiling, lowered by what allocator, stock and passes in use can bear.

Pure: the same observation gives the same rate. `limited_by` names the limit that binds, which is what operators and
fans are told.
"""

from dataclasses import dataclass
from enum import StrEnum

from waiting_room.bearing import Bearing, drained
from waiting_room.flow import Crowd

MINUTE_MS = 60_000
LAG_FLOOR_PERCENT = 5
"""Of the ceiling: what a lagging or silent allocator still gets, so that its recovery can be seen."""
REPORTS_EVERY_MS = 1_000
"""An allocator speaks once a second: silence beyond that is lag."""
HORIZON_MS = 2_000
"""Within this time no more people are called than places, or passes, are left: about how old the last word on them is
when those who are called by it come to buy."""


class Limiter(StrEnum):
    """Which limit binds."""

    OPERATOR = "operator"
    LAG = "lag"
    STOCK = "stock"
    ACTIVE = "active"
    PHASE = "phase"
    DRAW = "draw"
    """The sale is open, and the places are still being drawn."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What the allocator last said of a show, and how long ago; how those called behave; what it bears."""

    age_ms: int
    lag_ms: int
    decide_p99_ms: int
    available: int
    crowd: Crowd = Crowd()
    bearing: Bearing = Bearing()

    @property
    def worst_ms(self) -> int:
        """The lag that counts: what was said, or the silence since."""
        return max(self.lag_ms, self.decide_p99_ms, self.age_ms - REPORTS_EVERY_MS)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the rate is held against: people per minute, milliseconds; `active_max` passes in use."""

    ceiling_per_min: int
    lag_target_ms: int
    stale_after_ms: int
    active_max: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Admission:
    """People per minute who are to come in, and the limit that makes it so."""

    rate_per_min: int
    limited_by: Limiter
    compensation: float = 1.0
    """How many are called so that one comes."""

    @property
    def calls_per_min(self) -> int:
        """How fast the lines are moved."""
        return round(self.rate_per_min * self.compensation)


def admit(limits: Limits, seen: Observation | None) -> Admission:
    """The rate now. A show that no allocator has spoken of yet is limited by its operators alone."""
    if seen is None:
        return Admission(limits.ceiling_per_min, Limiter.OPERATOR)
    crowd = seen.crowd
    rates = {
        Limiter.OPERATOR: limits.ceiling_per_min,
        Limiter.LAG: _lag_limit(limits, seen),
        Limiter.STOCK: _at_once(seen.available - crowd.expected, crowd.places_per_call),
        Limiter.ACTIVE: _at_once(limits.active_max - crowd.active, 1),
    }
    # Where two are equal, the earlier one is named.
    limiter = min(rates, key=lambda each: rates[each])
    if limiter is Limiter.STOCK:
        # What those called take is measured with those who do not come: there is nothing to make up for.
        return Admission(rates[limiter], limiter)
    compensation = crowd.compensation
    if rates[Limiter.STOCK] < rates[limiter] * compensation:
        compensation = max(1.0, rates[Limiter.STOCK] / rates[limiter])
    return Admission(rates[limiter], limiter, compensation)


def burst_max(rate_per_min: int) -> int:
    """People that may come at once where nobody waits, and after a pause: one second of rate, at least one."""
    return max(1, rate_per_min // 60)


def _at_once(left: float, each: float) -> int:
    """The rate at which what is left would be used up within the horizon by people who use `each` of it."""
    return max(0, int(left / max(each, 0.01) * MINUTE_MS / HORIZON_MS))


def _lag_limit(limits: Limits, seen: Observation) -> int:
    ceiling = limits.ceiling_per_min
    least = -(-ceiling * LAG_FLOOR_PERCENT // 100)
    if seen.age_ms > limits.stale_after_ms:
        return least
    bears = min(seen.bearing.per_min, float(ceiling))
    return max(least, int(drained(bears, seen.worst_ms, limits.lag_target_ms)))
