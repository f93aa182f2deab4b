"""A record of the log, and what can go wrong with the log."""

from collections.abc import Sequence

import msgspec

Headers = Sequence[tuple[str, bytes]]


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record as read. `timestamp_ms` is epoch milliseconds (the broker's, on a topic with LogAppendTime)."""

    part: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


class LogError(Exception):
    """Root of everything the log can refuse."""


class LogFull(LogError):
    """Too much is on its way already: refused at once, nothing was sent."""


class LogUnavailable(LogError):
    """The log cannot be reached, or refused: nothing was written, nothing will be."""


class LogUnknown(LogError):
    """No answer before the deadline, or one that leaves it open: it may be written, now or later, or never."""


class RecordTooLarge(LogError):
    """The record alone is larger than a request may be: nothing was sent."""


class LogRangeError(LogError):
    """The log of `part` holds offsets `begin` to `end` - 1; the one asked for is neither there nor next."""

    def __init__(self, part: int, wanted: int, begin: int, end: int) -> None:
        super().__init__(f"partition {part}: offset {wanted} is outside [{begin}, {end}]")
        self.part = part
        self.wanted = wanted
        self.begin = begin
        self.end = end
