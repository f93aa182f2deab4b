"""Who holds and gives up again and again: kept for an hour of the log's time, so that it can earn a cool-down.

What counts is when a hold began that ended without a booking, given back or expired. It is told from a reservation's
row, so that whoever takes a partition over knows the same.
"""

from collections import OrderedDict

KEPT_MS = 3_600_000
"""The longest cool-down; what is older is forgotten."""
KEPT_MAX = 100
"""Of each person: twice what any cool-down asks for."""


class UnpaidHolds:
    """By person, or by account where it held for nobody: when their last holds began that came to nothing, ascending;
    the person of the latest one last."""

    __slots__ = ("_began_ms",)

    def __init__(self) -> None:
        self._began_ms: OrderedDict[str, list[int]] = OrderedDict()

    def note(self, person: str, began_ms: int) -> None:
        """One more came to nothing."""
        began = self._began_ms.pop(person, [])
        began.append(began_ms)
        began.sort()
        self._began_ms[person] = began[-KEPT_MAX:]

    def forgive(self, person: str, began_ms: int) -> None:
        """One of them came to something after all: it was paid late."""
        began = self._began_ms.get(person, [])
        if began_ms in began:
            began.remove(began_ms)
            if not began:
                del self._began_ms[person]

    def forget(self, now_ms: int) -> None:
        """Forget those who have had patience for an hour, two at a time: asked whenever one is noted."""
        for _ in range(2):
            person = next(iter(self._began_ms), None)
            if person is None or self._began_ms[person][-1] > now_ms - KEPT_MS:
                return
            del self._began_ms[person]

    def cools_until_ms(self, person: str, holds_max: int, within_ms: int, now_ms: int) -> int:
        """Until when a person may hold nothing, having let `holds_max` holds go `within_ms`; 0: they may."""
        began = self._began_ms.get(person)
        if began is None or len(began) < holds_max:
            return 0
        until_ms = began[-holds_max] + within_ms
        return until_ms if until_ms > now_ms else 0

    def __len__(self) -> int:
        return len(self._began_ms)
