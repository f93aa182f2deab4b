"""Whose command goes to the log next: by turns, on each partition. Pure.

What is on a partition is decided in its order, so a caller with hundreds of commands on it makes everybody behind wait
for hundreds of verdicts. So only a window of commands of a partition is under way at once, as many as keep its
allocator busy; the others wait here, and each caller who waits puts one in turn. Who asks for little is then behind one
window and one round of callers, whatever anybody else asks for. A caller has `each_max` waiting at most.

While others have commands under way nobody has more than `SHARE_LEAST`, or one and a half times what the others have on
the average: else a flood by one would fill what they leave free of the window, and they would wait behind all of it.

Each process keeps turns among its own callers. Commands that nobody waits for (`respond-async`) are under way only
until the log has them.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

SHARE_LEAST = 20
"""What a caller may have under way however many callers there are: as much as a new key may have at once."""


class Entry(Protocol):
    """A command on its way to the log."""

    part: int
    account: str

    def go(self) -> None:
        """Its turn has come: put it on the log."""
        ...

    def failed(self, error: Exception) -> None:
        """`go` did not come to its end."""
        ...


class _Lane:
    """One partition: who is under way, and who waits."""

    __slots__ = ("of_callers", "part", "under_way", "waiting")

    def __init__(self, part: int) -> None:
        self.part = part
        self.under_way = 0
        # Who has how many of them.
        self.of_callers: dict[str, int] = {}
        # Who waits, whose turn is next first -> what they wait with, the oldest first.
        self.waiting: OrderedDict[str, OrderedDict[int, Entry]] = OrderedDict()

    def enter(self, account: str) -> None:
        self.under_way += 1
        self.of_callers[account] = self.of_callers.get(account, 0) + 1

    def leave(self, account: str) -> None:
        self.under_way -= 1
        left = self.of_callers[account] - 1
        if left:
            self.of_callers[account] = left
        else:
            del self.of_callers[account]

    def has_room(self, account: str, window: int) -> bool:
        if self.under_way >= window:
            return False
        own = self.of_callers.get(account, 0)
        if own < SHARE_LEAST:
            return True
        others = len(self.of_callers) - 1
        return not others or 2 * own * others < 3 * (self.under_way - own)

    def next(self, window: int) -> str | None:
        """Who of those who wait may go; None: nobody, as there is no room, or only for others."""
        if self.under_way >= window:
            return None
        return next((caller for caller in self.waiting if self.has_room(caller, window)), None)

    def forget(self, entry: Entry) -> None:
        """It waits no more."""
        items = self.waiting[entry.account]
        del items[id(entry)]
        if not items:
            del self.waiting[entry.account]

    def take(self, caller: str) -> Entry:
        """The oldest of what the caller waits with; all others have their turn before the next."""
        items = self.waiting[caller]
        _, entry = items.popitem(last=False)
        if items:
            self.waiting.move_to_end(caller)
        else:
            del self.waiting[caller]
        return entry


class Turns:
    """Who is under way and who waits. `window` tells how many may be under way on a partition, at least 1; where
    anybody waits for it, as many are, once the next one ends."""

    def __init__(self, *, window: Callable[[int], int], each_max: int) -> None:
        self._window = window
        self._each_max = each_max
        self._lanes: dict[int, _Lane] = {}
        self._ended: list[_Lane] = []
        self._giving = False

    def begin(self, part: int, account: str) -> bool:
        """Whether a command of a caller may go at once; it is then under way until `end`."""
        lane = self._lanes.get(part)
        if lane is None:
            lane = self._lanes[part] = _Lane(part)
        window = self._window(part)
        if (lane.waiting and lane.next(window) is not None) or not lane.has_room(account, window):
            return False
        lane.enter(account)
        return True

    def wait(self, entry: Entry) -> bool:
        """Wait for a turn; False: as much of the caller's waits already as may."""
        waiting = self._lanes[entry.part].waiting
        items = waiting.setdefault(entry.account, OrderedDict())
        if len(items) >= self._each_max:
            return False
        items[id(entry)] = entry
        return True

    def leave(self, entry: Entry) -> None:
        """Wait no more, before the turn has come."""
        self._lanes[entry.part].forget(entry)

    def end(self, part: int, account: str) -> None:
        """A command of a caller is under way no more: whose turn it is goes."""
        lane = self._lanes[part]
        lane.leave(account)
        if not lane.waiting:
            return
        self._ended.append(lane)
        if self._giving:
            # What went just now has ended already: those behind it go from here, not from deeper and deeper.
            return
        self._giving = True
        try:
            while self._ended:
                self._give(self._ended.pop())
        finally:
            self._giving = False

    def _give(self, lane: _Lane) -> None:
        # More than one where the window has grown, none where it has shrunk.
        while lane.waiting and (caller := lane.next(self._window(lane.part))) is not None:
            lane.enter(caller)
            entry = lane.take(caller)
            try:
                entry.go()
            except Exception as error:
                entry.failed(error)
