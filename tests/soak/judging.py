"""What a run of the soak has to show: pure, samples in, figures out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PERCENT = 100
SLOPE_PER_S = 600.0
"""Slopes are told for ten minutes."""
SLOPE_PERCENT_MAX = 1.0
SLOWER_MAX = 1.1
JUDGED_SHARE = 0.75
"""The last 15 of 20 minutes; before, caches fill and partitions find their owners."""
JUDGED_S_LEAST = 600.0
"""In less than ten minutes of a process's life a slope is noise."""

Buckets = Mapping[float, float]
"""A histogram: how many were at most so large, by that bound; the last bound is infinite."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The resident memory of one process at one moment."""

    at_s: float
    bytes: int


def slope_percent(samples: Sequence[Sample]) -> float:
    """How much memory grows in ten minutes, in percent of its mean: the least-squares line through the samples."""
    count = len(samples)
    mean_s = sum(one.at_s for one in samples) / count
    mean_bytes = sum(one.bytes for one in samples) / count
    spread = sum((one.at_s - mean_s) ** 2 for one in samples)
    moved = sum((one.at_s - mean_s) * (one.bytes - mean_bytes) for one in samples)
    return PERCENT * SLOPE_PER_S * moved / spread / mean_bytes


def judged(samples: Sequence[Sample]) -> Sequence[Sample]:
    """The part of a run that counts."""
    begin_s, end_s = samples[0].at_s, samples[-1].at_s
    return [one for one in samples if one.at_s >= end_s - JUDGED_SHARE * (end_s - begin_s)]


def is_long_enough(samples: Sequence[Sample]) -> bool:
    """Whether a slope through these samples says anything."""
    return samples[-1].at_s - samples[0].at_s >= JUDGED_S_LEAST


def median_between(before: Buckets, after: Buckets) -> float:
    """The median of what was counted in between, taken as spread evenly within its bucket.

    Raises ValueError where nothing was counted.
    """
    counts = {bound: after[bound] - before.get(bound, 0.0) for bound in sorted(after)}
    total = max(counts.values())
    if total <= 0:
        raise ValueError("nothing was counted")
    lower, below = 0.0, 0.0
    for bound, at_most in counts.items():
        if at_most >= total / 2:
            return lower + (bound - lower) * (total / 2 - below) / (at_most - below)
        lower, below = bound, at_most
    raise ValueError("the buckets do not add up")
