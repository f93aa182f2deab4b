"""How often people are to look at the status, so that all together do not ask more than can be answered. Pure.

Whoever has some time to wait looks again after a `divisor`th of it, within `floor_s` and `ceiling_s`. With `calls`
people called in a second, `calls * divisor` looks a second come from those at the very front, whatever the floor is; as
many again for each factor of e between floor and ceiling; and one per ceiling from each of the others. A small line may
be looked at every second; in a large and fast one that would be tens of thousands of looks a second for nothing. So the
more that would make, the more seldom everybody is told to look, but never so seldom that somebody would miss their turn
by half a minute.
"""

import math
from dataclasses import dataclass

DIVISOR = 10


@dataclass(frozen=True, slots=True)
class Poll:
    """The shortest and the longest time between two looks, in seconds, and which part of a wait to let pass."""

    floor_s: int
    ceiling_s: int
    divisor: int = DIVISOR


SELDOM = (Poll(2, 15, 5), Poll(3, 20, 3), Poll(5, 25, 2))
"""Steps down from what is usual. The last ceiling and a tenth of chance on top are less than the half minute within
which whoever is called has to know."""


def looks_per_s(poll: Poll, waiting: int, calls_per_s: float) -> float:
    """How many looks in a second come of it while `waiting` people wait; none is called where the line stands."""
    near = min(waiting, calls_per_s * poll.floor_s * poll.divisor)
    on_the_way = min(waiting, calls_per_s * poll.ceiling_s * poll.divisor)
    between = calls_per_s * poll.divisor * math.log(on_the_way / near) if near > 0 else 0.0
    return near / poll.floor_s + between + (waiting - on_the_way) / poll.ceiling_s


def poll_for(usual: Poll, waiting: int, calls_per_s: float, looks_per_s_max: int) -> Poll:
    """The first step that keeps within `looks_per_s_max`, or the last one; nobody looks more often than is usual."""
    steps = [usual, *(_no_more_often(step, usual) for step in SELDOM)]
    return next((step for step in steps if looks_per_s(step, waiting, calls_per_s) <= looks_per_s_max), steps[-1])


def _no_more_often(step: Poll, usual: Poll) -> Poll:
    return Poll(
        max(step.floor_s, usual.floor_s), max(step.ceiling_s, usual.ceiling_s), min(step.divisor, usual.divisor)
    )
