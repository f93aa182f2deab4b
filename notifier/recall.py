"""What somebody may have missed: the recent outcomes of one show, to be told again after a reconnect.

A reader who says "I have seen everything up to number n" has surely seen the changes up to n; refusals carry the
number that the show stood at, so those with n itself may have come after. Hence everything from n on is told again,
and what was heard twice is told apart by its event's id.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from notifier.audience import tellings
from ticketing.messages import AnyOutcome
from ticketing.show_view import is_change


@dataclass(frozen=True, slots=True)
class Event:
    """One outcome and the log generation of its batch, which its ids need."""

    log_gen: int
    outcome: AnyOutcome


class Recall:
    """Outcomes that are told to somebody, oldest first, at most `events_max`.

    Complete from `complete_from_seq` on: it holds every such outcome whose number is that or a later one.
    `first_batch` is the earliest batch of the partition that it has been given.
    """

    def __init__(self, *, after_seq: int, after_batch: int, events_max: int) -> None:
        self.complete_from_seq = after_seq + 1
        self.first_batch = after_batch + 1
        self._full = False
        self._events_max = events_max
        self._events: deque[Event] = deque()

    def is_full(self) -> bool:
        """Whether nothing earlier can be taken in."""
        return self._full

    def append(self, event: Event) -> None:
        """The next outcome of the show."""
        if not tellings(event.outcome):
            return
        self._events.append(event)
        if len(self._events) > self._events_max:
            lost = self._events.popleft()
            self._full = True
            self.complete_from_seq = max(self.complete_from_seq, lost.outcome.seq + 1)

    def prepend(self, batch_seq: int, events: list[Event]) -> None:
        """The show's outcomes in the batch before `first_batch`, in their order."""
        if self._full or batch_seq != self.first_batch - 1:
            raise ValueError(f"batch {batch_seq} cannot be put before {self.first_batch}")
        told = [event for event in events if tellings(event.outcome)]
        if len(told) + len(self._events) > self._events_max:
            # Half a batch is no use: it would not be complete from any number on.
            self._full = True
            return
        self.first_batch = batch_seq
        self._events.extendleft(reversed(told))
        changes = [event.outcome.seq for event in events if is_change(event.outcome)]
        self.complete_from_seq = min([self.complete_from_seq, *changes])

    def reaches(self, after_seq: int) -> bool:
        """Whether a reader who has seen everything up to `after_seq` can be told all that followed."""
        return self.complete_from_seq <= max(after_seq, 1)

    def since(self, after_seq: int) -> Iterable[Event]:
        """What such a reader may have missed, oldest first."""
        return [event for event in self._events if event.outcome.seq >= after_seq]
