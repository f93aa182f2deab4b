"""The one place that reads the wall clock. Everything else is given the moment as an argument."""

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

SECOND_MS = 1_000


class Clock(Protocol):
    """A source of the present moment."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01T00:00:00Z."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01T00:00:00Z, as the operating system tells them."""
        return time.time_ns() // 1_000_000


class ManualClock:
    """A clock that moves only when it is told to: for tests and for simulated time."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """The moment last set, in milliseconds since 1970."""
        return self._now_ms

    def advance(self, by_ms: int) -> None:
        """Move forward by `by_ms` milliseconds; a negative number is a clock that jumps back."""
        self._now_ms += by_ms


def rfc3339(at_ms: int) -> str:
    """`at_ms` (milliseconds since 1970) as RFC 3339 in UTC with milliseconds: `2026-03-01T10:00:00.000Z`."""
    seconds, rest_ms = divmod(at_ms, 1000)
    return f"{_to_the_second(seconds)}.{rest_ms:03d}Z"


@lru_cache(maxsize=1024)
def _to_the_second(seconds: int) -> str:
    # In a rush thousands are told the same few moments.
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat(timespec="seconds")


def parse_rfc3339(text: str) -> int:
    """Milliseconds since 1970 of an RFC 3339 time that names its offset.

    Raises:
        ValueError: not a time, or a time without an offset (which would mean another moment on every machine).
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"the time {text!r} names no offset from UTC")
    return round(moment.timestamp() * 1000)
