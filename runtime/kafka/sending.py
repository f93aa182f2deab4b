"""A record on its way to the log, and the lane of its partition."""

import asyncio
from collections import deque
from collections.abc import Callable

from msgspec import Struct

from runtime.kafka.records import Headers

Tell = Callable[[int | Exception], None]
"""Told once what became of a record: its offset, or why it has none. Must not raise."""


class Sending(Struct, eq=False, gc=False):
    """One record on its way; `tell` is None once its sender was told, or has left."""

    value: bytes
    tell: Tell | None
    deadline_s: float
    key: bytes | None
    headers: Headers

    def settle(self, answer: int | Exception) -> None:
        """Tell the sender, unless that was done."""
        tell, self.tell = self.tell, None
        if tell is not None:
            tell(answer)


class SendLane:
    """One partition: what waits, and what is in flight since `busy_since_s` (the producer's time; None while
    idle)."""

    __slots__ = ("busy_since_s", "flight", "part", "task", "waiting", "wake")

    def __init__(self, part: int) -> None:
        self.part = part
        self.waiting: deque[Sending] = deque()
        self.flight: list[Sending] = []
        self.busy_since_s: float | None = None
        self.wake = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


def resolve(future: "asyncio.Future[int]", answer: int | Exception) -> None:
    """Give what a sender was told to whoever awaits it."""
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
