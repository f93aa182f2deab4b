"""How fast people are let in: the operators' ceiling, lowered by what the allocator and the stock can bear.

Pure: the same observation gives the same rate. `limited_by` names the limit that binds, which is what operators and
fans are told.
"""

from dataclasses import dataclass
from enum import StrEnum

MINUTE_MS = 60_000
LAG_FLOOR_PERCENT = 5
"""Of the ceiling: what a lagging or silent allocator still gets, so that its recovery can be seen."""
STOCK_HORIZON_MS = 2_000
"""Within this time no more people are let in than places are left: about how old the last word on the stock is when
those let in by it come to buy."""


class Limiter(StrEnum):
    """Which limit binds."""

    OPERATOR = "operator"
    LAG = "lag"
    STOCK = "stock"
    PHASE = "phase"
    DRAW = "draw"
    """The sale is open, and the places are still being drawn."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What the allocator last said of a show, and how long ago."""

    age_ms: int
    lag_ms: int
    decide_p99_ms: int
    available: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What the rate is held against: people per minute, milliseconds."""

    ceiling_per_min: int
    lag_target_ms: int
    stale_after_ms: int


@dataclass(frozen=True, slots=True)
class Admission:
    """People per minute, and the limit that makes it so."""

    rate_per_min: int
    limited_by: Limiter


def admit(limits: Limits, seen: Observation | None) -> Admission:
    """The rate now. A show that no allocator has spoken of yet is limited by its operators alone."""
    choices = [Admission(limits.ceiling_per_min, Limiter.OPERATOR)]
    if seen is not None:
        choices.append(Admission(_lag_limit(limits, seen), Limiter.LAG))
        choices.append(Admission(seen.available * MINUTE_MS // STOCK_HORIZON_MS, Limiter.STOCK))
    return min(choices, key=lambda choice: choice.rate_per_min)


def burst_max(rate_per_min: int) -> int:
    """People that may come at once where nobody waits, and after a pause: one second of rate, at least one."""
    return max(1, rate_per_min // 60)


def _lag_limit(limits: Limits, seen: Observation) -> int:
    least = -(-limits.ceiling_per_min * LAG_FLOOR_PERCENT // 100)
    if seen.age_ms > limits.stale_after_ms:
        return least
    worst_ms = max(seen.lag_ms, seen.decide_p99_ms)
    if worst_ms <= limits.lag_target_ms:
        return limits.ceiling_per_min
    return max(least, limits.ceiling_per_min * limits.lag_target_ms // worst_ms)
