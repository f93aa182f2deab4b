"""`python -m tests.faults.crashing_allocator`: an allocator that kills itself where it is told to, with signal 9.

A line on its standard input, such as `in_call 3`, aims at the third time from now that a batch gets to that point. Just
before it dies it says so in its log. Nothing of the allocator is changed: its store and its log are wrapped.
"""

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

import allocator.__main__ as wiring
from allocator.log import KafkaLog
from allocator.netting import Batch
from allocator.ports import Publication
from allocator.settings import Settings
from allocator.store import PostgresStore
from runtime.process import RunningRoom, run, serve

POINTS = ("before_call", "in_call", "after_commit", "after_publish")
IN_CALL_S_MAX = 0.004
"""How long after sending a batch it dies, at most: a commit takes about as long."""


class Aim:
    """Which point is aimed at, and how often it is passed before it is hit."""

    def __init__(self) -> None:
        self._point = ""
        self._passes_left = 0
        self.rng = random.Random(os.getpid())

    def take(self, line: bytes) -> None:
        """A line such as `in_call 3`."""
        point, passes = line.decode().split()
        self._point, self._passes_left = point, int(passes)

    def is_hit(self, point: str) -> bool:
        """Whether this is the time."""
        if point != self._point:
            return False
        self._passes_left -= 1
        return self._passes_left <= 0

    def die(self, part: int, batch_seq: int, payload: bytes) -> None:
        """Say it, and die."""
        said = {"event": "killed_itself", "point": self._point, "at_s": time.monotonic(), "part": part}
        said |= {"batch_seq": batch_seq, "bytes": len(payload)}
        os.write(1, msgspec.json.encode(said) + b"\n")
        os.kill(os.getpid(), signal.SIGKILL)


aim = Aim()


class CrashingStore(PostgresStore):
    """Dies before a call, in it, or once it has been answered."""

    async def apply(self, batch: Batch) -> int | None:
        at = batch.at.part, batch.at.batch_seq + 1, batch.payload
        if aim.is_hit("before_call"):
            aim.die(*at)
        call = asyncio.ensure_future(super().apply(batch))
        if aim.is_hit("in_call"):
            await asyncio.wait({call}, timeout=aim.rng.uniform(0, IN_CALL_S_MAX))
            # Answered before its time: the next one will do.
            if not call.done():
                aim.die(*at)
        applied = await call
        if applied is not None and aim.is_hit("after_commit"):
            aim.die(*at)
        return applied


class CrashingLog(KafkaLog):
    """Dies once a batch is published."""

    async def publish(self, publication: Publication) -> None:
        await super().publish(publication)
        if aim.is_hit("after_publish"):
            aim.die(publication.part, publication.batch_seq, publication.payload)


@asynccontextmanager
async def open_room(settings: Settings) -> AsyncIterator[RunningRoom]:
    """The allocator as it is, with a store and a log that may die."""
    parts: dict[str, Any] = {"PostgresStore": CrashingStore, "KafkaLog": CrashingLog}
    vars(wiring).update(parts)
    loop = asyncio.get_running_loop()

    def hear() -> None:
        said = os.read(0, 1024)
        if not said:
            loop.remove_reader(0)
        for line in said.splitlines():
            aim.take(line)

    loop.add_reader(0, hear)
    async with wiring.open_room(settings) as room:
        yield room


if __name__ == "__main__":
    sys.exit(run(serve("allocator", open_room, Settings())))
