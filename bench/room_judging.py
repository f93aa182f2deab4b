"""What a sale with a waiting room is judged by: who was let in before whom, and how the line moved. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bench.room_fans import Seen


@dataclass(frozen=True)
class Moved:
    """How the line moved while the rate was the operators': per cent off, as a whole and in the worst ten seconds; how
    long that was, and how long something else limited the rate meanwhile."""

    off_percent: float
    worst_percent: float
    seconds: float
    otherwise_s: float


def overtaken(seen: Seen) -> int:
    """Passes that somebody had before a claim was refused to somebody with a lower place."""
    passes = sorted((at_s, place) for place, at_s in seen.let_in)
    times = [at_s for at_s, _ in passes]
    highest, top = [0], 0
    for _, place in passes:
        top = max(top, place)
        highest.append(top)
    return sum(highest[bisect_left(times, sent_s)] > place for place, sent_s in seen.refused_ahead)


def moved(track: list[tuple[int, int, int]], rate_per_min: int, bound_us: Sequence[int] = ()) -> Moved:
    """While people waited and the line moved: from a second after its first step to a second before its last.

    `bound_us`: when the room said that something else than its operators limited the rate; half a second around each is
    left out, and told.
    """
    moving = [(at, serving) for at, serving, issued in track if serving > 0 and serving + rate_per_min // 60 < issued]
    inner = [(at, serving) for at, serving in moving if moving[0][0] + 1e6 <= at <= moving[-1][0] - 1e6]
    times = sorted(bound_us)

    def free(first_us: int, last_us: int) -> bool:
        at = bisect_left(times, first_us - 500_000)
        return at == len(times) or times[at] > last_us + 500_000

    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(inner) if b[0] > a[0] and free(a[0], b[0])]
    windows = [_off(steps[start : start + 20], rate_per_min) for start in range(0, len(steps) - 19, 20)]
    seconds = sum(us for us, _ in steps) / 1e6
    off = _off(steps, rate_per_min)
    return Moved(off, max(windows, default=off), seconds, (inner[-1][0] - inner[0][0]) / 1e6 - seconds)


def _off(steps: list[tuple[int, int]], rate_per_min: int) -> float:
    """Per cent between what was called in so many microseconds and what should have been; the sign is lost."""
    return abs(sum(people for _, people in steps) * 60e6 / (sum(us for us, _ in steps) * rate_per_min) - 1) * 100
