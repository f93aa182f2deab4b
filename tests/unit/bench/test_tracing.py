"""What a frame costs is read from a trace: our page's main thread alone, between two marks."""

from typing import Any

import pytest

from bench.tracing import frames_between


def event(name: str, at_us: int, *, thread: int = 1, **more: Any) -> dict[str, Any]:
    return {"name": name, "cat": "devtools.timeline", "ph": "X", "pid": 7, "tid": thread, "ts": at_us} | more


def mark(name: str, at_us: int) -> dict[str, Any]:
    return event(name, at_us, cat="blink.user_timing", ph="R")


def task(at_us: int, wall_us: int, cpu_us: int, **more: Any) -> dict[str, Any]:
    return event("RunTask", at_us, dur=wall_us, tdur=cpu_us, **more)


TRACE = [
    task(5, 900_000, 900_000),
    mark("begins", 1_000),
    task(1_100, 9_000, 4_000),
    event("FireAnimationFrame", 1_200, dur=10),
    task(2_000, 3_000, 2_000),
    event("FireAnimationFrame", 2_100, dur=10),
    task(2_200, 700_000, 700_000, thread=2),
    mark("ends", 3_000),
    task(3_100, 800_000, 800_000),
    event("FireAnimationFrame", 3_200, dur=10),
]


def test_frames_are_counted_and_tasks_added_up_between_the_marks() -> None:
    found = frames_between(TRACE, "begins", "ends")
    assert (found.count, found.cpu_ms, found.wall_ms, found.longest_ms) == (2, 3.0, 6.0, 9.0)


@pytest.mark.parametrize("names", [("begins", "never"), ("ends", "begins")])
def test_a_trace_that_says_nothing_is_no_figure(names: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="mark never|0 frames"):
        frames_between(TRACE, *names)
