"""What a loop of the notifier does when a server is away: the same again, later."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from notifier.ports import StoreAway
from runtime.kafka import LogError
from runtime.postgres import FAILURES
from runtime.retry import Backoff

log = structlog.get_logger("notifier")

PAUSE_S = 0.25
AWAY = (LogError, StoreAway, *FAILURES)
"""A server is away: the same is tried again. Anything else is a defect and ends the process."""

T = TypeVar("T")


def nobody(_reason: str) -> None:
    """The readiness of the room does not hang on it."""


async def again_and_again(what: str, work: Callable[[], Awaitable[int]]) -> None:
    """Do it on and on; with a pause where there was nothing to do."""
    while True:
        if not await tried(what, work):
            await asyncio.sleep(PAUSE_S)


async def tried(what: str, work: Callable[[], Awaitable[T]], says: Callable[[str], None] = nobody) -> T:
    """Do it, again and again while a server is away."""
    backoff = Backoff(random.random, longest_s=1.0)
    while True:
        try:
            return await work()
        except AWAY as exc:
            says(f"{what} failed: {exc!r}")
            log.warning("notifier.retrying", what=what, error=repr(exc))
        await asyncio.sleep(backoff.next_wait_s())
