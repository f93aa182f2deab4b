"""Many changes into one: the last word on each place, and the range of sequence numbers that it covers."""

from collections import deque
from dataclasses import dataclass, field

from ticketing.show_view import Change

MERGE_MS_LEAST = 40
MERGE_MS_MOST = 250
MERGE_FACTOR = 2
"""An interval of at least this many times what the last round of sending took: at most half of the time goes into
sending, whatever the number of sockets. The longer a round takes, the more pressure there is."""


JOIN_MS = 20
"""How much longer a public frame may wait where verdicts are expected, to go out in one write with them: a second write
to the same socket costs as much as the first."""


@dataclass(slots=True)
class Merged:
    """Everything that changed from `from_seq` to `to_seq`: seat -> status, area -> places left."""

    from_seq: int
    to_seq: int
    seats: dict[int, int] = field(default_factory=dict)
    areas: dict[int, int] = field(default_factory=dict)


class ChangeRing:
    """The last changes of one show, gapless, so that whoever stands at any number in it can be brought up to date.

    `floor_seq` is the earliest number that a reader may stand at. At most `changes_max` changes are kept.
    """

    def __init__(self, seq: int, changes_max: int) -> None:
        self.floor_seq = seq
        self._changes_max = changes_max
        self._changes: deque[Change] = deque()

    @property
    def seq(self) -> int:
        """The last number in it."""
        return self.floor_seq + len(self._changes)

    def push(self, change: Change) -> None:
        """The next change. Raises ValueError when it is not the next."""
        if change.seq != self.seq + 1:
            raise ValueError(f"the ring stands at {self.seq}, the change at {change.seq}")
        self._changes.append(change)
        if len(self._changes) > self._changes_max:
            self._changes.popleft()
            self.floor_seq += 1

    def since(self, seq: int) -> Merged | None:
        """What changed after `seq`, merged; None when that is too long ago, or has not been yet."""
        if not self.floor_seq <= seq <= self.seq:
            return None
        merged = Merged(seq + 1, self.seq)
        # The newest first, so that each place is looked at once: a deque is quick at both ends only.
        left = self.seq - seq
        for change in reversed(self._changes):
            if left == 0:
                break
            left -= 1
            for seat, status in change.seats:
                merged.seats.setdefault(seat, status)
            for area, places in change.areas:
                merged.areas.setdefault(area, places)
        return merged


class Pace:
    """How long the next public frame of a show has to wait: the first not at all, the following for an interval from
    the beginning of one round of sending to that of the next."""

    def __init__(self, least_ms: int = MERGE_MS_LEAST, most_ms: int = MERGE_MS_MOST) -> None:
        self._least_ms = least_ms
        self._most_ms = most_ms
        self.interval_ms = least_ms
        self._began_at_ms: int | None = None

    def wait_ms(self, now_ms: int, more_ms: int = 0) -> int:
        """How long the next frame has to wait; unless it is the first, `more_ms` longer."""
        if self._began_at_ms is None:
            return 0
        since_ms = now_ms - self._began_at_ms
        # Less than nothing: the clock was set back, and nobody would hear anything until it is there again.
        return max(self.interval_ms + more_ms - since_ms, 0) if since_ms >= 0 else 0

    def sent(self, began_ms: int, took_ms: int) -> None:
        """A round of sending began at `began_ms` and took `took_ms`: the longer it took, the longer the interval."""
        self.interval_ms = min(max(self._least_ms, MERGE_FACTOR * took_ms), self._most_ms)
        self._began_at_ms = began_ms
