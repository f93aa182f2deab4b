"""How often something happened in the quarter of a second that is under way."""

WINDOW_MS = 250


class Lately:
    """Whether something has happened more than `times_max` times since the present window began."""

    __slots__ = ("_count", "_times_max", "_window", "was_too_often")

    def __init__(self, times_max: int) -> None:
        self._times_max = times_max
        self._window = 0
        self._count = 0
        self.was_too_often = False
        """Whether it did so in the last window in which it happened at all: if not, the time need not be asked for."""

    def note(self, now_ms: int) -> None:
        """It happened."""
        window = now_ms // WINDOW_MS
        if window != self._window:
            self._window, self._count = window, 0
        self._count += 1
        self.was_too_often = self._count > self._times_max

    def too_often(self, now_ms: int) -> bool:
        """Whether it did so too often; false again from the next window on."""
        return self.was_too_often and now_ms // WINDOW_MS == self._window
