"""Whose command goes to the log next: by turns, on each partition. Pure.

What is on a partition is decided in its order, so a caller with hundreds of commands on it makes everybody behind wait
for hundreds of verdicts. So only a window of commands of a partition is under way at once, as many as keep its
allocator busy; the others wait here, and each caller who waits puts one in turn. Who asks for little is then behind one
window and one round of callers, whatever anybody else asks for. A caller has `each_max` waiting at most.

Each process keeps turns among its own callers. Commands that nobody waits for (`respond-async`) are under way only
until the log has them.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol


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
        # Partition -> who waits, whose turn is next first -> what they wait with, the oldest first.
        self._waiting: dict[int, OrderedDict[str, OrderedDict[int, Entry]]] = {}
        self._ended: list[int] = []
        self._giving = False

    def begin(self, part: int) -> bool:
        """Whether a command may go at once; it is then under way until `end`."""
        return part not in self._waiting and self._enter(part)

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

    def end(self, part: int) -> None:
        """A command is under way no more: whose turn it is goes."""
        under_way = self._under_way[part] - 1
        if under_way:
            self._under_way[part] = under_way
        else:
            del self._under_way[part]
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
        while (callers := self._waiting.get(part)) is not None and self._enter(part):
            self._let_go(part, callers)

    def _enter(self, part: int) -> bool:
        under_way = self._under_way.get(part, 0)
        if under_way >= self._window(part):
            return False
        self._under_way[part] = under_way + 1
        return True

    def _let_go(self, part: int, callers: OrderedDict[str, OrderedDict[int, Entry]]) -> None:
        caller, items = next(iter(callers.items()))
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
