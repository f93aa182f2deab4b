"""A plan, as a rehearsal made it, and how the sale stands against it. Pure."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any

from pydantic import Field, field_validator

from ticketing.clock import rfc3339
from ticketing.layout import Body
from waiting_room.records import Moment

POINTS_MAX = 400
ORIGIN = [0, 0, 0, 0]

Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Second = Annotated[int, Field(ge=0, le=7 * 86_400)]


class Plan(Body):
    """Seconds from the opening. `track`: `[second, people called, places booked, lag in ms]`, in order."""

    fans: Count
    seats: Count
    rate_per_min: Count
    sold_most_s: Second | None = None
    sold_out_s: Second | None = None
    wait_p50_s: Second
    wait_p90_s: Second
    worst_lag_ms: Count
    track: Annotated[
        list[Annotated[list[Count], Field(min_length=4, max_length=4)]], Field(min_length=1, max_length=POINTS_MAX)
    ]

    @field_validator("track")
    @classmethod
    def _in_order(cls, track: list[list[int]]) -> list[list[int]]:
        if any(later[0] <= earlier[0] for earlier, later in zip(track, track[1:], strict=False)):
            raise ValueError("the seconds of a track rise")
        return track

    def at(self, second: int) -> list[int]:
        """Where the sale should stand then: `[people called, places booked]`, on a straight line between points."""
        seconds = [point[0] for point in self.track]
        index = bisect_right(seconds, second)
        if index == len(seconds):
            return self.track[-1][1:3]
        later = self.track[index]
        earlier = self.track[index - 1] if index else ORIGIN
        part = (second - earlier[0]) / (later[0] - earlier[0])
        return [round(a + (b - a) * part) for a, b in zip(earlier[1:3], later[1:3], strict=True)]

    def second_of(self, booked: int) -> int:
        """When so many places should be booked, on a straight line between points; more than all: the last second."""
        for earlier, later in pairwise([ORIGIN, *self.track]):
            if later[2] >= booked > earlier[2]:
                return round(earlier[0] + (later[0] - earlier[0]) * (booked - earlier[2]) / (later[2] - earlier[2]))
        return self.track[-1][0] if booked else 0


def opened_ms(opens_at_ms: int, track: Sequence[Moment]) -> int:
    """When people began to be called: the moment before the first one in which somebody was, else the time set.

    Where no time was set (0) and nobody has been called it is still to come: now.
    """
    for index, moment in enumerate(track):
        if moment.called > 0:
            return max(opens_at_ms, track[index - 1].at_ms) if index else max(opens_at_ms, moment.at_ms)
    return opens_at_ms or (track[-1].at_ms if track else 0)


def against(plan: Plan, track: Sequence[Moment], opened_at_ms: int, now_ms: int) -> dict[str, object]:
    """How far ahead of the plan the sale is (below zero: behind it), in people and places, and in time."""
    if not track or now_ms < opened_at_ms:
        return {"second": 0, "called_ahead": 0, "booked_ahead": 0, "booked_ahead_s": 0}
    now = track[-1]
    second = (now.at_ms - opened_at_ms) // 1_000
    called, booked = plan.at(max(0, second))
    now_booked = now.booked or 0
    return {
        "second": second,
        "called_ahead": now.called - called,
        "booked_ahead": now_booked - booked,
        "booked_ahead_s": 0 if now_booked == booked else plan.second_of(now_booked) - second,
    }


def moment_json(moment: Moment, opened_at_ms: int) -> Mapping[str, Any]:
    """One point of what really happened, beside the points of a plan."""
    return {
        "at": rfc3339(moment.at_ms),
        "second": (moment.at_ms - opened_at_ms) // 1_000,
        "phase": moment.phase,
        "called": moment.called,
        "claimed": moment.claimed,
        "held": moment.held,
        "booked": moment.booked,
        "rate_target": moment.rate_target,
        "limited_by": moment.limited_by,
        "lag_ms": moment.lag_ms,
    }
