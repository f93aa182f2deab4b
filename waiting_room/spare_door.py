"""Letting people through while the counters are away, where operators have said so for some minutes. Pure."""


class SpareDoor:
    """Bounded by the ceiling of people per minute, in each instance: all it has when the stores are away."""

    def __init__(self) -> None:
        self._seconds: dict[int, tuple[int, int]] = {}

    def lets_through(self, show: int, ceiling_per_min: int, now_ms: int) -> bool:
        """Whether one more may go through in this second."""
        second = now_ms // 1_000
        known, count = self._seconds.get(show, (second, 0))
        if known != second:
            count = 0
        if count >= -(-ceiling_per_min // 60):
            return False
        self._seconds[show] = (second, count + 1)
        return True
