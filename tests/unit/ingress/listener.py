"""Somebody who waits for a verdict, and keeps it."""

from collections.abc import Callable

from ingress.waiters import Decided, Waiter


class Listener(Waiter):
    """`heard` is the verdict once it has come; `ring` is called then."""

    __slots__ = ("heard", "ring")

    def __init__(self, part: int, key: bytes, ring: Callable[[], None] = lambda: None) -> None:
        super().__init__(part, key)
        self.heard: Decided | None = None
        self.ring = ring

    def hears(self, verdict: Decided) -> None:
        """Keep it."""
        assert self.heard is None, "it is told once"
        self.heard = verdict
        self.ring()
