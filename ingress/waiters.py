"""Who waits for which verdict: requests in flight, found by the command's key, told apart by its place in the log.

Two requests may be in flight with the same key and different bodies: both are on the log, at different offsets, and
each has a verdict of its own. So the key only leads to the waiters, and the offset decides. An outcome may arrive
before the producer has said where the command landed; it then lies on the waiter until that is known.
"""

from collections.abc import Iterable

from msgspec import Struct

from ticketing.messages import AnyOutcome

EARLY_MAX = 16
"""Outcomes kept on a waiter whose offset is not known yet: as many repeats of one key as a batch plausibly holds."""


class Decided(Struct, frozen=True, gc=False):
    """The verdict, and where in the log its command stands."""

    outcome: AnyOutcome
    part: int
    log_gen: int


class Waiter:
    """One request in flight for the command with this key. Once there is a verdict it `hears` it; in that moment it may
    be forgotten."""

    __slots__ = ("_behind", "_early", "_heard", "key", "log_gen", "offset", "part")

    def __init__(self, part: int, key: bytes) -> None:
        self.part = part
        self.key = key
        self.offset = -1
        self.log_gen = 0
        self._early: list[Decided] | None = None
        self._heard = False
        self._behind: Waiter | None = None
        """The next one with the same key: hardly ever is there any."""

    def hears(self, verdict: Decided) -> None:
        """Its verdict has come. Called once. Must not raise: others are told after it."""
        raise NotImplementedError


class Waiters:
    """All requests in flight, at most `waiters_max`."""

    def __init__(self, waiters_max: int) -> None:
        self._waiters_max = waiters_max
        self._by_part: dict[int, dict[bytes, Waiter]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def register(self, waiter: Waiter) -> bool:
        """Let it wait; to be called before its command is sent. False: too many wait."""
        if self._count >= self._waiters_max:
            return False
        lane = self._by_part.get(waiter.part)
        if lane is None:
            lane = self._by_part[waiter.part] = {}
        first = lane.setdefault(waiter.key, waiter)
        if first is not waiter:
            waiter._behind, first._behind = first._behind, waiter
        self._count += 1
        return True

    def appended(self, waiter: Waiter, log_gen: int, offset: int) -> bool:
        """The command stands at `offset`; `log_gen` is the newest generation of its partition that we know of. True:
        its verdict had come before, and is told now."""
        waiter.log_gen = log_gen
        waiter.offset = offset
        if waiter._early is not None:
            early, waiter._early = waiter._early, None
            for verdict in early:
                # The log may have begun a new generation after we last heard of one, so a newer one is believed.
                if verdict.outcome.offset == offset and verdict.log_gen >= log_gen:
                    waiter._heard = True
                    waiter.hears(verdict)
                    return True
        return False

    def forget(self, waiter: Waiter) -> None:
        """Nobody waits here any more. Must be called for each waiter, once."""
        lane = self._by_part[waiter.part]
        before = lane[waiter.key]
        if before is not waiter:
            while before._behind is not waiter:
                assert before._behind is not None
                before = before._behind
            before._behind = waiter._behind
        elif waiter._behind is not None:
            lane[waiter.key] = waiter._behind
        else:
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
            waiter = lane.get(outcome.key)
            if waiter is None or outcome.index != 0:
                continue
            verdict = Decided(outcome, part, log_gen)
            while waiter is not None:
                behind = waiter._behind  # who is told may leave at once
                if waiter.offset < 0:
                    _keep(waiter, verdict)
                elif waiter.offset == outcome.offset and not waiter._heard and log_gen >= waiter.log_gen:
                    waiter._heard = True
                    waiter.hears(verdict)
                    told += 1
                waiter = behind
        return told


def _keep(waiter: Waiter, verdict: Decided) -> None:
    if waiter._early is None:
        waiter._early = []
    if len(waiter._early) < EARLY_MAX:
        waiter._early.append(verdict)
