"""A clock for what an event loop promises: it stands still while the loop has no turn.

On a busy machine a process may be stopped for a second at any moment. Whatever is promised within a time is measured
by this clock: then it is the code that is judged, and not the machine.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

TICK_S = 0.01


@asynccontextmanager
async def punctual_time() -> AsyncIterator[Callable[[], float]]:
    """The seconds of the running loop, but for those by which it was late."""
    loop = asyncio.get_running_loop()
    lost_s, due_s = 0.0, loop.time()
    ticking: asyncio.TimerHandle | None = None

    def now_s() -> float:
        return min(loop.time(), due_s) - lost_s

    def tick() -> None:
        nonlocal lost_s, due_s, ticking
        came_s = loop.time()
        lost_s += max(0.0, came_s - due_s)
        due_s = came_s + TICK_S
        ticking = loop.call_at(due_s, tick)

    tick()
    try:
        yield now_s
    finally:
        if ticking is not None:
            ticking.cancel()
