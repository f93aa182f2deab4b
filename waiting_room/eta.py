"""How long somebody has to wait: an interval that is held against what became of the ones before it. Pure.

The middle is the way to the front at the rate of the last minute. How far an interval has to reach on either side of
it nobody can know beforehand: it depends on how often the rate changes, and on pauses. So intervals are written down as
they are made, each is judged once its place is served, and the reach follows: a little wider after a miss, a little
narrower after a hit, so that in the long run `MISSES` of them are missed on each side (adaptive conformal inference;
Gibbs and Candès, 2021).
"""

import math
from collections import deque
from dataclasses import dataclass

MINUTE_MS = 60_000
MISSES = 0.08
"""On each side: 84 of 100 waits end within their interval."""
STEP = 0.01
"""How far one judgement moves the reach, in its logarithm, for a miss."""
REACH_MAX = math.log(20)
WRITE_EVERY_MS = 5_000
OPEN_MAX = 2_000
SMOOTH_MS = 60_000
JUDGED_MIN = 20


@dataclass(frozen=True, slots=True)
class Written:
    """An interval as it was told to whoever had `place`."""

    place: int
    at_ms: int
    soonest_ms: float
    latest_ms: float


@dataclass(frozen=True, slots=True)
class Pace:
    """People per minute: the wait is the way to the front, at `fast_per_min` at least and at `slow_per_min` at most.

    `slower`: it has become slower within the last minute.
    """

    slow_per_min: float
    fast_per_min: float
    slower: bool


class Eta:
    """Of one line. The smoothed rate, the reach on either side, what is written down and not judged yet."""

    def __init__(self) -> None:
        self._rate = 0.0
        self._seen: tuple[int, int] | None = None
        self._sooner = math.log(1.15)
        self._later = math.log(1.4)
        self._open: deque[Written] = deque()
        self._written_ms = 0
        self._hits = 0
        self._judged = 0
        self._taken = (0, 0)
        self.missed_by_ms = 0
        """How far the last one that was judged had missed its interval; 0: it had not."""
        self._slow_since_ms: int | None = None

    @property
    def coverage(self) -> float | None:
        """The part of the waits so far that ended within their interval; None: too few to say."""
        return self._hits / self._judged if self._judged >= JUDGED_MIN else None

    def take_judged(self) -> tuple[int, int]:
        """`(hits, judged)` since it was asked last."""
        before, self._taken = self._taken, (self._hits, self._judged)
        return self._hits - before[0], self._judged - before[1]

    def pace(self, target_per_min: int) -> Pace | None:
        """What to reckon with; None: nothing moves, and nobody can say when it will."""
        rate = self._rate or float(target_per_min)
        if rate <= 0:
            return None
        slower = self._slow_since_ms is not None
        return Pace(rate / math.exp(self._later), rate * math.exp(self._sooner), slower)

    def saw(self, now_ms: int, serving: int, issued: int, target_per_min: int) -> None:
        """The line stands at `serving`, and is meant to move at `target_per_min`."""
        if self._seen is None:
            self._seen = (now_ms, serving)
            self._rate = float(target_per_min)
            return
        seen_ms, seen = self._seen
        elapsed_ms = now_ms - seen_ms
        if elapsed_ms < 1_000:
            return
        self._seen = (now_ms, serving)
        if issued > seen:
            measured = (serving - seen) * MINUTE_MS / elapsed_ms
            self._rate += (measured - self._rate) * (1 - math.exp(-elapsed_ms / SMOOTH_MS))
        self._slow_since_ms = (self._slow_since_ms or now_ms) if target_per_min < 0.8 * self._rate else None
        self._judge(now_ms, serving)
        if now_ms - self._written_ms >= WRITE_EVERY_MS:
            self._written_ms = now_ms
            self._write(now_ms, serving, issued, target_per_min)

    def _write(self, now_ms: int, serving: int, issued: int, target_per_min: int) -> None:
        pace = self.pace(target_per_min)
        waiting = issued - serving
        if pace is None or waiting <= 0:
            return
        # As people stand there: at the end, where each of them began, and on the way.
        for place in {issued, serving + waiting // 2, serving + waiting // 10}:
            ahead = place - serving
            if ahead > 0 and len(self._open) < OPEN_MAX:
                soonest, latest = ahead / pace.fast_per_min, ahead / pace.slow_per_min
                self._open.append(Written(place, now_ms, now_ms + soonest * MINUTE_MS, now_ms + latest * MINUTE_MS))

    def _judge(self, now_ms: int, serving: int) -> None:
        left: deque[Written] = deque()
        for written in self._open:
            if written.place <= serving:
                self.missed_by_ms = round(max(0, written.soonest_ms - now_ms, now_ms - written.latest_ms))
                self._learn(early=now_ms < written.soonest_ms - 1_000, late=now_ms > written.latest_ms + 1_000)
            else:
                left.append(written)
        self._open = left

    def _learn(self, *, early: bool, late: bool) -> None:
        self._judged += 1
        self._hits += not early and not late
        self._sooner = min(REACH_MAX, max(0.02, self._sooner + STEP * (early - MISSES)))
        self._later = min(REACH_MAX, max(0.02, self._later + STEP * (late - MISSES)))
