"""How many people per minute the allocator bears, learnt from its lag. Pure.

The lag is the age of the oldest command that is not decided. While it grows by `slope` seconds per second, the
allocator decides `1 - slope` times what came in when that oldest command did, and falling lag says the same of what is
more. So what it bears is known from two reports in a row, however far away it is from now, and nothing has to be tried
out. On top of that the backlog is worked off within `DRAIN_MS`. Once it lags no more, a little more is let in every
second, and more the longer it stays calm.
"""

import math
from dataclasses import dataclass, replace

CHOOSING_MS = 20_000
"""What comes in follows from who claimed their turn within this time."""
DRAIN_MS = 40_000
"""Long against the time from somebody's turn to what they ask of the allocator, or the rate would swing."""
FOLLOWS_S = 2.0
"""How fast the estimate follows what is measured."""
GROWTH_PER_S = 0.002
CALM_PART = 4
"""Below this part of the target it is calm, and growth itself grows."""
CALM_S = 10.0


@dataclass(frozen=True, slots=True)
class Bearing:
    """What is known after the report of `at_ms`. `per_min` infinite: no limit is known."""

    at_ms: int = 0
    lag_ms: int = 0
    calm_since_ms: int = 0
    per_min: float = math.inf


def learn(
    before: Bearing, *, at_ms: int, lag_ms: int, came_per_min: float, ceiling_per_min: int, target_ms: int
) -> Bearing:
    """What is known after one more report.

    `came_per_min`: how fast people claimed their turn before the oldest undecided command came in.
    """
    calm_since_ms = before.calm_since_ms if lag_ms * CALM_PART <= target_ms else at_ms
    after = Bearing(at_ms, lag_ms, calm_since_ms, before.per_min)
    if before.at_ms == 0 or at_ms <= before.at_ms:
        return replace(after, calm_since_ms=at_ms)
    elapsed_s = (at_ms - before.at_ms) / 1000
    known = min(before.per_min, float(ceiling_per_min))
    slope = min(1.0, (lag_ms - before.lag_ms) / 1000 / elapsed_s)
    bears = came_per_min * (1 - slope)
    if lag_ms > target_ms:
        bears = min(bears, float(ceiling_per_min))
        return replace(after, per_min=known + (bears - known) * min(1.0, elapsed_s / FOLLOWS_S))
    if before.per_min == math.inf:
        return after
    calm_s = (at_ms - calm_since_ms) / 1000
    grown = max(known, 1.0) * (1 + GROWTH_PER_S * (1 + (calm_s / CALM_S) ** 2) * min(5.0, elapsed_s))
    if before.lag_ms > target_ms:
        # The end of a standstill: what had gathered was decided all at once.
        grown = max(grown, bears)
    return replace(after, per_min=math.inf if grown >= ceiling_per_min else grown)


def drained(per_min: float, lag_ms: int, target_ms: int) -> float:
    """A rate at which what lags above the target is worked off within `DRAIN_MS`."""
    return per_min * max(0.0, 1 - max(0, lag_ms - target_ms) / DRAIN_MS)
