"""How long to wait before the next attempt."""

from collections.abc import Callable


class Backoff:
    """Exponential waits with full jitter, bounded.

    `next_wait_s()` is uniform in (0, min(longest_s, first_s * 2**failures)]; the randomness is given (`random()` in
    [0, 1)), so that a simulation stays repeatable. Source: "Exponential Backoff And Jitter", AWS Architecture Blog.
    """

    def __init__(self, random: Callable[[], float], *, first_s: float = 0.1, longest_s: float = 5.0) -> None:
        self._random = random
        self._first_s = first_s
        self._longest_s = longest_s
        self.failures = 0

    def next_wait_s(self) -> float:
        """Count one more failure; seconds to wait before trying again."""
        ceiling_s = min(self._longest_s, self._first_s * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return ceiling_s * (1.0 - self._random())

    def reset(self) -> None:
        """The attempt succeeded: the next failure starts from `first_s` again."""
        self.failures = 0
