"""Shows that are over, and not in memory: each day there are more of them, and hardly anybody asks.

A show is put away once its sale has ended by its own times, nothing unpaid is held of it and nothing has happened to it
for a minute of the log's time. A command about it brings it back, read from its rows as at a claim, and then it stays
for a while: that takes a second for a stadium. What is decided does not depend on where a show is kept.

One that an operator closes before its time stays: others know of that only as long as its status is told.
"""

from typing import TYPE_CHECKING

from ticketing.vocabulary import UNPAID_STATUSES, ShowStatus

if TYPE_CHECKING:
    from allocator.stock import PartitionState, ShowStock

LOOK_EVERY_MS = 60_000
STAYS_MS = 15 * 60_000
"""How long a show that was asked about is kept in memory, at least."""


class PutAway:
    """Which shows are put away, and when to put away more."""

    def __init__(self) -> None:
        self.shows: set[int] = set()
        self._look_at_ms = 0
        self._seqs: dict[int, int] = {}
        """Of the shows in memory that are over, as they stood at the last look."""
        self._stays_until_ms: dict[int, int] = {}

    def brought_back(self, show: int, now_ms: int) -> None:
        """The show is in memory again."""
        self.shows.discard(show)
        self._stays_until_ms[show] = now_ms + STAYS_MS

    def look(self, state: "PartitionState") -> None:
        """Put away what can be, each minute of the log's time; between two batches, so that no draft speaks of it."""
        now_ms = state.last_now_ms
        if now_ms < self._look_at_ms:
            return
        self._look_at_ms = now_ms + LOOK_EVERY_MS
        before = self._seqs
        self._seqs = {show: stock.seq for show, stock in state.shows.items() if _is_over(stock, now_ms)}
        idle = [
            show
            for show, seq in self._seqs.items()
            if before.get(show) == seq
            and self._stays_until_ms.get(show, 0) <= now_ms
            and not _is_held(state.shows[show])
        ]
        for show in idle:
            del state.shows[show], self._seqs[show]
            self._stays_until_ms.pop(show, None)
            self.shows.add(show)
        if idle:
            used = {(stock.terms.layout_id, stock.terms.layout_sha256) for stock in state.shows.values()}
            for layout in state.layouts.keys() - used:
                del state.layouts[layout]


def _is_over(stock: "ShowStock", now_ms: int) -> bool:
    terms = stock.terms
    if terms.closes_at_ms:
        return terms.closes_at_ms <= now_ms
    return stock.status != ShowStatus.OPEN and terms.starts_at_ms <= now_ms


def _is_held(stock: "ShowStock") -> bool:
    """Whether holds will still expire, or be paid for."""
    return any(record.reservation.status in UNPAID_STATUSES for record in stock.live.values())
