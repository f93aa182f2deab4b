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
    forget the waiter."""

    __slots__ = ("early", "heard", "key", "log_gen", "offset", "part", "ring")

    def __init__(self, part: int, key: bytes, ring: Callable[[], None]) -> None:
        self.part = part
        self.key = key
        self.ring = ring
        self.offset = -1
        self.log_gen = 0
        self.early: list[Heard] = []
        self.heard: Heard | None = None


class Waiters:
    """All requests in flight, at most `waiters_max`."""

    def __init__(self, waiters_max: int) -> None:
        self._waiters_max = waiters_max
        self._by_part: dict[int, dict[bytes, list[Waiter]]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def register(self, part: int, key: bytes, ring: Callable[[], None]) -> Waiter | None:
        """A waiter for the command with this key, to be registered before the command is sent. None: too many wait."""
        if self._count >= self._waiters_max:
            return None
        waiter = Waiter(part, key, ring)
        self._by_part.setdefault(part, {}).setdefault(key, []).append(waiter)
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
        waiter.early.clear()

    def forget(self, waiter: Waiter) -> None:
        """Nobody waits here any more. Must be called for each waiter, once."""
        lane = self._by_part[waiter.part]
        same_key = lane[waiter.key]
        same_key.remove(waiter)
        if not same_key:
            del lane[waiter.key]
            if not lane:
                del self._by_part[waiter.part]
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
            waiting = lane.get(outcome.key)
            if waiting is None or outcome.index != 0:
                continue
            heard = Heard(outcome, log_gen)
            for waiter in tuple(waiting):  # who is told may leave at once
                if waiter.heard is not None:
                    continue
                if waiter.offset < 0:
                    if len(waiter.early) < EARLY_MAX:
                        waiter.early.append(heard)
                elif _answers(waiter, heard):
                    self._tell(waiter, heard)
                    told += 1
        return told

    @staticmethod
    def _tell(waiter: Waiter, heard: Heard) -> None:
        waiter.heard = heard
        waiter.ring()


def _answers(waiter: Waiter, heard: Heard) -> bool:
    # The log may have begun a new generation after we last heard of one, so a newer one is believed.
    return heard.outcome.offset == waiter.offset and heard.log_gen >= waiter.log_gen
