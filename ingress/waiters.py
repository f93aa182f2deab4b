"""Who waits for which verdict: requests in flight, found by the command's key, told apart by its place in the log.

Two requests may be in flight with the same key and different bodies: both are on the log, at different offsets, and
each has a verdict of its own. So the key only leads to the waiters, and the offset decides. An outcome may arrive
before the producer has said where the command landed; it then lies on the waiter until that is known.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from ticketing.messages import AnyOutcome

EARLY_MAX = 16
"""Outcomes kept on a waiter whose offset is not known yet: as many repeats of one key as a batch plausibly holds."""


class Heard(NamedTuple):
    """A verdict, with the generation of the log that its offset belongs to."""

    outcome: AnyOutcome
    log_gen: int


class Waiter:
    """One request in flight. `heard` is its verdict once there is one; `ring` is called at that moment, and may
    forget the waiter. `before`: who waited for the same key already."""

    __slots__ = ("before", "early", "heard", "key", "log_gen", "offset", "part", "ring")

    def __init__(self, part: int, key: bytes, ring: Callable[[], None]) -> None:
        self.part = part
        self.key = key
        self.ring = ring
        self.offset = -1
        self.log_gen = 0
        self.early: tuple[Heard, ...] = ()
        self.heard: Heard | None = None
        self.before: Waiter | None = None


class Waiters:
    """All requests in flight, at most `waiters_max`."""

    def __init__(self, waiters_max: int) -> None:
        self._waiters_max = waiters_max
        # Partition -> key -> who came last. A second one is rare, so that nobody pays for a list.
        self._by_part: dict[int, dict[bytes, Waiter]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def register(self, part: int, key: bytes, ring: Callable[[], None]) -> Waiter | None:
        """A waiter for the command with this key, to be registered before the command is sent. None: too many wait."""
        if self._count >= self._waiters_max:
            return None
        lane = self._by_part.get(part)
        if lane is None:
            lane = self._by_part[part] = {}
        waiter = Waiter(part, key, ring)
        waiter.before = lane.get(key)
        lane[key] = waiter
        self._count += 1
        return waiter

    def appended(self, waiter: Waiter, log_gen: int, offset: int) -> None:
        """The command stands at `offset`; `log_gen` is the newest generation of its partition that we know of."""
        waiter.log_gen = log_gen
        waiter.offset = offset
        for heard in waiter.early:
            if _answers(waiter, heard):
                self._tell(waiter, heard)
                break
        waiter.early = ()

    def forget(self, waiter: Waiter) -> None:
        """Nobody waits here any more. Must be called for each waiter, once."""
        lane, key = self._by_part[waiter.part], waiter.key
        last = lane[key]
        if last is waiter:
            if waiter.before is not None:
                lane[key] = waiter.before
            else:
                del lane[key]
                if not lane:
                    del self._by_part[waiter.part]
        else:
            while last.before is not waiter:
                if last.before is None:
                    raise LookupError("this waiter was forgotten before")
                last = last.before
            last.before = waiter.before
        self._count -= 1

    def any_on(self, part: int) -> bool:
        """Whether anybody waits on this partition: if not, its outcomes need not be looked into."""
        return part in self._by_part

    def hear(self, part: int, log_gen: int, outcomes: Iterable[AnyOutcome]) -> int:
        """Hand one batch's outcomes to those who wait for them; how many were told."""
        lane = self._by_part.get(part)
        if lane is None:
            return 0
        told = 0
        for outcome in outcomes:
            waiter = lane.get(outcome.key)
            if waiter is None or outcome.index != 0:
                continue
            heard = Heard(outcome, log_gen)
            while waiter is not None:
                before = waiter.before  # who is told may leave at once
                if waiter.heard is not None:
                    pass
                elif waiter.offset < 0:
                    if len(waiter.early) < EARLY_MAX:
                        waiter.early += (heard,)
                elif _answers(waiter, heard):
                    self._tell(waiter, heard)
                    told += 1
                waiter = before
        return told

    @staticmethod
    def _tell(waiter: Waiter, heard: Heard) -> None:
        waiter.heard = heard
        waiter.ring()


def _answers(waiter: Waiter, heard: Heard) -> bool:
    # The log may have begun a new generation after we last heard of one, so a newer one is believed.
    return heard.outcome.offset == waiter.offset and heard.log_gen >= waiter.log_gen
