"""What API keys ask for, gathered in memory until it is written: lines, and sums by the hour. Pure."""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

HOUR_MS = 3_600_000
TEXT_CHARS_MAX = 200


class LoggedRequest(NamedTuple):
    """One request with an API key; `ms`: how long its answer took."""

    key_id: str
    at_ms: int
    operation: str
    method: str
    status: int
    ms: int
    address: str
    user_agent: str
    request_id: str


class Usage(NamedTuple):
    """What a key asked of one call in one hour: `refused` with 4xx, `failed` with 5xx."""

    key_id: str
    hour_ms: int
    operation: str
    requests: int
    refused: int
    failed: int
    ms_total: int
    ms_most: int


class RequestLog:
    """Requests that are not written yet, at most `backlog_max`: beyond it the oldest are lost, and counted."""

    def __init__(self, backlog_max: int) -> None:
        self._backlog_max = backlog_max
        self._waiting: deque[LoggedRequest] = deque()
        self.lost = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def note(self, request: LoggedRequest) -> None:
        """One more. Nobody waits for it to be written."""
        if len(self._waiting) >= self._backlog_max:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append(request)

    def take(self, at_most: int) -> list[LoggedRequest]:
        """The oldest, which are written next."""
        return [self._waiting.popleft() for _ in range(min(at_most, len(self._waiting)))]

    def give_back(self, requests: list[LoggedRequest]) -> None:
        """They could not be written."""
        room = self._backlog_max - len(self._waiting)
        self.lost += max(0, len(requests) - room)
        kept = requests[len(requests) - room :] if room < len(requests) else requests
        self._waiting.extendleft(reversed(kept))


def shown_text(raw: bytes | None) -> str:
    """A header as it may be stored: printable, and not too long."""
    text = "" if raw is None else raw[: 2 * TEXT_CHARS_MAX].decode("latin-1")
    return "".join(char if char.isprintable() else "?" for char in text)[:TEXT_CHARS_MAX]


def sums(requests: Iterable[LoggedRequest]) -> list[Usage]:
    """By key, hour and call, in that order: those who add to the same sums at once do it in the same order."""
    found: dict[tuple[str, int, str], list[int]] = {}
    for it in requests:
        of = found.setdefault((it.key_id, it.at_ms - it.at_ms % HOUR_MS, it.operation), [0, 0, 0, 0, 0])
        of[0] += 1
        of[1] += 400 <= it.status < 500
        of[2] += it.status >= 500
        of[3] += it.ms
        of[4] = max(of[4], it.ms)
    return [Usage(*name, *found[name]) for name in sorted(found)]
