"""How many may wait for a verdict at once, and how many may be under way to one, so that all are served soon."""

from ingress.lately import WINDOW_MS

WAIT_AIM_MS = 300
"""What a verdict may take on the average: a slower one than this is waited for by fewer."""
UNDER_WAY_AIM_MS = 150
"""What a command may take from its turn to its verdict: several rounds of log, allocator and Postgres, which have then
always something to do; the rest of `WAIT_AIM_MS` is spent where callers take turns."""
LEAST = 100
"""Fewer would leave the log and the allocator with nothing to do between two batches."""
SHRINK_AT_MOST = 0.5
GROW_AT_MOST = 1.5


class Allowance:
    """`now` is between `LEAST` (or `most`, where that is less) and `most`.

    How fast verdicts come depends on the machine, the show and whatever else is going on; how long one waits behind
    a thousand others, too. So the number follows the time that was waited: of those only who came since it last
    changed, as the others tell of a number that is past.
    """

    __slots__ = ("_aim_ms", "_changed_ms", "_count", "_least", "_most", "_waited_ms", "now")

    def __init__(self, most: int, aim_ms: int = WAIT_AIM_MS) -> None:
        self.now = self._most = most
        self._aim_ms = aim_ms
        self._least = min(LEAST, most)
        self._changed_ms = 0
        self._count = 0
        self._waited_ms = 0

    def note(self, began_ms: int, now_ms: int) -> None:
        """Somebody who came at `began_ms` has had a verdict, or has waited for one long enough."""
        if now_ms < self._changed_ms:
            self._changed_ms = 0  # the clock was set back
        if began_ms < self._changed_ms:
            return
        self._count += 1
        self._waited_ms += now_ms - began_ms
        if now_ms - self._changed_ms >= WINDOW_MS:
            self._follow(self._waited_ms / self._count)
            self._changed_ms, self._count, self._waited_ms = now_ms, 0, 0

    def _follow(self, mean_ms: float) -> None:
        times = min(GROW_AT_MOST, max(SHRINK_AT_MOST, self._aim_ms / max(mean_ms, 1)))
        self.now = min(self._most, max(self._least, round(self.now * times)))


class Windows:
    """Of each partition how many commands may be under way at once: what its allocator decides in `UNDER_WAY_AIM_MS`.

    As many as are under way are decided in the time that each of them takes (Little's law), so the number follows that
    time, as an allowance follows the wait.
    """

    __slots__ = ("_by_part", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_part: dict[int, Allowance] = {}

    def now(self, part: int) -> int:
        """The window of a partition."""
        allowance = self._by_part.get(part)
        return self._most if allowance is None else allowance.now

    def note(self, part: int, went_ms: int, now_ms: int) -> None:
        """A command whose turn came at `went_ms` has had its verdict, or was waited for long enough."""
        allowance = self._by_part.get(part)
        if allowance is None:
            allowance = self._by_part[part] = Allowance(self._most, UNDER_WAY_AIM_MS)
        allowance.note(went_ms, now_ms)
