"""How much work a join has to show: none while few join, and twice as much with each doubling of the rush. Pure.

Work does not keep anybody out: it makes a thousand joins cost a thousand times what one costs, and whoever cannot show
any (no scripts, an old phone) joins by the slow lane.
"""

from dataclasses import dataclass, field

MINUTE_MS = 60_000
STEPS_MAX = 6
CLEARING_STEP = 4
"""For whoever is over the limit of an address and does not want to wait."""
CLEARED_OFTEN_STEP = STEPS_MAX
TRIES_FIRST = 1_000
"""At the first step; a phone makes several thousand in a second."""
ALMOST_ONE = 1 - 1e-9


def step_of(joined_per_min: int, from_per_min: int) -> int:
    """0: no work; 1 from `from_per_min` joins a minute on, and one more with each doubling. 0 there: never any."""
    if from_per_min <= 0 or joined_per_min < from_per_min:
        return 0
    return min(STEPS_MAX, (joined_per_min // from_per_min).bit_length())


def tries_of(step: int) -> int:
    """How many tries a solution takes at least at this step, and half as many as it takes at most."""
    return TRIES_FIRST << (step - 1)


@dataclass(slots=True)
class SlowLane:
    """How many may join without any work in a room where work is asked for: so many a minute, spread evenly."""

    per_min: int
    _levels: dict[int, tuple[float, int]] = field(default_factory=dict)
    """Room -> how many may join at once, and when that was."""

    def wait_s(self, show: int, now_ms: int) -> int:
        """0: one more may join, and is counted; else after how many seconds to ask again."""
        most = max(1.0, self.per_min / 60)
        level, at_ms = self._levels.get(show, (most, now_ms))
        level = min(most, level + max(0, now_ms - at_ms) * self.per_min / MINUTE_MS)
        if level < ALMOST_ONE:
            # Those who are told the same second come together; all but a few are told again, and nobody is shut out.
            return max(1, -(-round((1 - level) * MINUTE_MS) // max(1, self.per_min * 1000)))
        self._levels[show] = (max(0.0, level - 1), now_ms)
        return 0
