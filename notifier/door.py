"""How many sockets this process bears, in all shows and rooms together; nobody is let in once it leaves."""

from collections.abc import Callable

from notifier import metrics
from notifier.watcher import Watcher
from ticketing.socket_frames import FULL, GOING_AWAY, Goodbye

RECONNECT_SPREAD_MS = 5_000


class Door:
    """`random` gives numbers in [0, 1): those who are sent away come back spread over some seconds."""

    def __init__(self, *, sockets_max: int, random: Callable[[], float]) -> None:
        self._sockets_max = sockets_max
        self._random = random
        self._sockets = 0
        self._shut = False

    def enter(self, watcher: Watcher) -> bool:
        """Whether there is room for one more; who is not let in is closed. Each one that entered must `leave`."""
        if self._shut:
            watcher.close(GOING_AWAY, "the server stops")
            return False
        if self._sockets >= self._sockets_max:
            watcher.close(FULL, "this server has all the sockets it can bear")
            return False
        self._sockets += 1
        metrics.SOCKETS.set(self._sockets)
        return True

    def leave(self) -> None:
        """One less."""
        self._sockets -= 1
        metrics.SOCKETS.set(self._sockets)

    def shut(self) -> None:
        """The process stops."""
        self._shut = True

    def goodbye(self) -> Goodbye:
        """What one who is sent away is told."""
        return Goodbye(reconnect_after_ms=round(self._random() * RECONNECT_SPREAD_MS))
