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


_NOBODY: dict[str, int] = {}


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


class Turns:
    """Who is under way and who waits. `window` tells how many may be under way on a partition, at least 1; where
    anybody waits for it, as many are, once the next one ends."""

    def __init__(self, *, window: Callable[[int], int], each_max: int) -> None:
        self._window = window
        self._each_max = each_max
        self._under_way: dict[int, int] = {}
        # Partition -> who has how many of them.
        self._of_callers: dict[int, dict[str, int]] = {}
        # Partition -> who waits, whose turn is next first -> what they wait with, the oldest first.
        self._waiting: dict[int, OrderedDict[str, OrderedDict[int, Entry]]] = {}
        self._ended: list[int] = []
        self._giving = False

    def begin(self, part: int, account: str) -> bool:
        """Whether a command of a caller may go at once; it is then under way until `end`."""
        if part in self._waiting and self._next(part) is not None:
            return False
        if not self._has_room(part, account):
            return False
        self._enter(part, account)
        return True

    def wait(self, entry: Entry) -> bool:
        """Wait for a turn; False: as much of the caller's waits already as may."""
        items = self._waiting.setdefault(entry.part, OrderedDict()).setdefault(entry.account, OrderedDict())
        if len(items) >= self._each_max:
            return False
        items[id(entry)] = entry
        return True

    def leave(self, entry: Entry) -> None:
        """Wait no more, before the turn has come."""
        items = self._waiting[entry.part][entry.account]
        del items[id(entry)]
        if not items:
            self._forget(entry.part, entry.account)

    def end(self, part: int, account: str) -> None:
        """A command of a caller is under way no more: whose turn it is goes."""
        under_way = self._under_way[part] - 1
        if under_way:
            self._under_way[part] = under_way
        else:
            del self._under_way[part]
        of_callers = self._of_callers[part]
        if of_callers[account] > 1:
            of_callers[account] -= 1
        else:
            del of_callers[account]
        if part not in self._waiting:
            return
        self._ended.append(part)
        if self._giving:
            # What went just now has ended already: those behind it go from here, not from deeper and deeper.
            return
        self._giving = True
        try:
            while self._ended:
                self._give(self._ended.pop())
        finally:
            self._giving = False

    def _give(self, part: int) -> None:
        # More than one where the window has grown, none where it has shrunk.
        while part in self._waiting and (caller := self._next(part)) is not None:
            self._enter(part, caller)
            self._let_go(part, caller)

    def _next(self, part: int) -> str | None:
        """Who of those who wait may go; None: nobody, as there is no room, or only for others."""
        if self._under_way.get(part, 0) >= self._window(part):
            return None
        return next((caller for caller in self._waiting[part] if self._has_room(part, caller)), None)

    def _has_room(self, part: int, account: str) -> bool:
        under_way = self._under_way.get(part, 0)
        if under_way >= self._window(part):
            return False
        of_callers = self._of_callers.get(part, _NOBODY)
        own = of_callers.get(account, 0)
        others = len(of_callers) - 1
        return own < SHARE_LEAST or not others or 2 * own * others < 3 * (under_way - own)

    def _enter(self, part: int, account: str) -> None:
        self._under_way[part] = self._under_way.get(part, 0) + 1
        of_callers = self._of_callers.setdefault(part, {})
        of_callers[account] = of_callers.get(account, 0) + 1

    def _let_go(self, part: int, caller: str) -> None:
        callers = self._waiting[part]
        items = callers[caller]
        _, entry = items.popitem(last=False)
        if items:
            callers.move_to_end(caller)
        else:
            self._forget(part, caller)
        try:
            entry.go()
        except Exception as error:
            entry.failed(error)

    def _forget(self, part: int, caller: str) -> None:
        callers = self._waiting[part]
        del callers[caller]
        if not callers:
            del self._waiting[part]
