"""What a trace of Chromium says about the main thread of a page. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

CATEGORIES = ("devtools.timeline", "disabled-by-default-devtools.timeline", "blink.user_timing")
TASK = "RunTask"
"""A task of a thread, whole; the category `toplevel` would tell each of them once more."""
FRAME = "FireAnimationFrame"

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Frames:
    """Frames that a page drew between two marks, and what they cost its main thread, in ms of each."""

    count: int
    cpu_ms: float
    wall_ms: float
    longest_ms: float
    """Of one task, on the wall: nothing that a finger does is answered meanwhile."""


def frames_between(events: Iterable[Event], begin: str, end: str) -> Frames:
    """Between two marks (`performance.mark`) of one page. Raises ValueError where there are none, or no frames."""
    events = list(events)
    first, last = _mark(events, begin), _mark(events, end)
    ours = [
        event
        for event in events
        if (event["pid"], event["tid"]) == (first["pid"], first["tid"]) and first["ts"] <= event["ts"] < last["ts"]
    ]
    count = sum(event["name"] == FRAME and event["ph"] in {"X", "B"} for event in ours)
    tasks = [event for event in ours if event["name"] == TASK and event["ph"] == "X"]
    if not count or not tasks:
        raise ValueError(f"{count} frames and {len(tasks)} tasks between {begin} and {end}")
    return Frames(
        count,
        sum(event["tdur"] for event in tasks) / 1000 / count,
        sum(event["dur"] for event in tasks) / 1000 / count,
        max(event["dur"] for event in tasks) / 1000,
    )


def _mark(events: list[Event], name: str) -> Event:
    for event in events:
        if event["name"] == name and "blink.user_timing" in event["cat"]:
            return event
    raise ValueError(f"the trace has no mark {name}")
