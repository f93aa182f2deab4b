"""Looking for cycles by the clock, too: what waits for so many new objects waits for hours in a quiet process.

A connection that has ended, and much of what a Kafka client has put away, refers to itself, so that only the cycle
collector frees it. It looks after 50,000 new objects (`process.py`): a rush makes them in seconds, a few orders a
second never do, and what is older than two of its looks it passes over for a hundred more. Until then all of it stays,
and memory grows like one that leaks.

What has been freed goes back to the system only from the end of the heap, as long as nobody asks for more: one block
that is in use keeps all the empty pages before it, and each rush leaves some more of them. So they are given back here.
"""

import asyncio
import ctypes
import gc
import time
from collections.abc import Awaitable, Callable

YOUNG, ALL = 1, 2
"""Generations of the collector: what was made since the last look but one, and everything."""
YOUNG_EVERY_S = 10.0
ALL_EVERY_S = 30.0
SHARE_MAX = 1 / 2_000
"""Of the time that goes into looking at everything: the more there is, the rarer. Nothing else goes on meanwhile."""

_give_back: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
"""Of glibc, with the bytes to keep at the end of the heap. Other C libraries have no such call."""


def look(generation: int) -> None:
    """Free what refers only to itself, and where everything was looked at, give the system its empty pages back."""
    gc.collect(generation)
    if generation == ALL and _give_back is not None:
        _give_back(0)


async def collect_on(
    *,
    collect: Callable[[int], object] = look,
    now_s: Callable[[], float] = time.monotonic,
    spent_s: Callable[[], float] = time.thread_time,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Look now and then. Never returns.

    `spent_s`: the processor's time, since on a busy machine a look that had to wait for its turn was not a long one.
    """
    all_at_s = now_s() + ALL_EVERY_S
    while True:
        await pause(YOUNG_EVERY_S)
        if now_s() < all_at_s:
            collect(YOUNG)
            continue
        before_s = spent_s()
        collect(ALL)
        all_at_s = now_s() + max(ALL_EVERY_S, (spent_s() - before_s) / SHARE_MAX)
