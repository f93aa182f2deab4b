"""What clients asked and what they were told, attempt by attempt, as JSON lines.

An attempt is invoked, and then ends in one of three ways: `ok` (granted), `fail` (refused, and decided to be so), or
`unknown` (202, 503, no answer: it may have happened, may happen yet, or never). An unknown one is tried again with the
same key. Times are CLOCK_MONOTONIC in seconds, which all processes of one machine share.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from onsale.histories import Ids, Operation, Result, encode_operation

Kind = Literal["hold", "confirm", "release"]
Event = Literal["invoke", "ok", "fail", "unknown"]


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event of one attempt."""

    at_s: float
    op: int
    attempt: int
    kind: Kind
    event: Event
    show: str
    account: str
    key: str
    status: int = 0
    code: str = ""
    request: str = ""
    """The `req_…` of the answer: where the command stands in the log."""
    reservation: str = ""
    booking: str = ""
    retry_after: str = ""
    """The header of the answer."""
    target: str = ""
    """The reservation that a confirm or a release is about."""


_decoder = msgspec.json.Decoder(Line)


class HistoryFile:
    """A file of lines that another process is still writing."""

    def __init__(self, path: Path) -> None:
        self.lines: list[Line] = []
        self._path = path
        self._read_bytes = 0

    def read_on(self) -> list[Line]:
        """The lines that have come since; half a line waits for its other half."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._read_bytes)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._read_bytes += len(whole)
        lines = [_decoder.decode(line) for line in whole.splitlines()]
        self.lines += lines
        return lines


@dataclass
class Resumed:
    """Finds out when each show was decided again: by answers to requests that were first made after `since_s`."""

    since_s: float
    shows: frozenset[str]
    by_show: dict[str, float] = field(default_factory=dict)
    _begun: dict[int, float] = field(default_factory=dict)

    def see(self, lines: Iterable[Line]) -> None:
        """Take more of the history in."""
        for line in lines:
            if line.event == "invoke":
                self._begun.setdefault(line.op, line.at_s)
            elif is_decided(line) and self._begun.get(line.op, 0.0) >= self.since_s:
                self.by_show.setdefault(line.show, line.at_s - self.since_s)

    @property
    def after_s(self) -> float | None:
        """Seconds until the last of the shows; None while one is missing."""
        return max(self.by_show.values()) if self.by_show.keys() >= self.shows else None


def is_decided(line: Line) -> bool:
    """Whether the allocator has spoken: a grant, or a refusal that stands in the log."""
    return line.event == "ok" or (line.event == "fail" and line.request != "")


def as_operations(lines: Iterable[Line]) -> bytes:
    """The same history in the form that `onsale verify --history` reads: a line for each attempt that has ended."""
    begun: dict[tuple[int, int], float] = {}
    told = []
    for line in lines:
        if line.event == "invoke":
            begun[line.op, line.attempt] = line.at_s
            continue
        ids = Ids(show=line.show, reservation=line.reservation, booking=line.booking, request=line.request)
        operation = Operation(
            client=line.account, op=line.kind, invoke_ms=begun[line.op, line.attempt] * 1000, end_ms=line.at_s * 1000,
            result=Result(line.event), key=line.key, status=line.status, code=line.code, ids=ids,
        )  # fmt: skip
        told.append(encode_operation(operation))
    return b"".join(told)
