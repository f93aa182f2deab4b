"""Those who watch, as a process of its own: `python -m tests.faults.watching`. Thousands of sockets to one show.

It is told what to do by JSON lines on its standard input, and answers each with one on its standard output. A frame
that many got is decoded once, and so is the picture that it leads to.
"""

import asyncio
import random
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec
import uvloop

from onsale.open_files import raise_open_files
from tests.faults.pictures import Picture, Pictures
from tests.faults.websocket import Socket
from ticketing.clock import SystemClock

SPREAD_S = 3.0
"""Clients that lose their server come back at a moment of this time."""
CONNECTING_MAX = 200
OPEN_TIMEOUT_S = 20.0
SLOW_PAUSE_S, SLOW_READS_S = 2.0, 0.05
RESYNCS = 45


class Orders(msgspec.Struct, frozen=True):
    """What the process is told before anything else. `tokens`: of the first sockets; the others are anonymous."""

    port: int
    path: str
    sockets: int
    tokens: list[str]
    seed: int


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """One order: what is set is done, in this order."""

    port: int = 0
    """Where the notifier is from now on."""
    stuck: int = 0
    """So many ask for snapshots, and read nothing any more."""
    slow: int = 0
    """So many read now and then only."""
    forget: bool = False
    """Begin to count anew."""
    stop: bool = False


class Seen(msgspec.Struct):
    """The answer to each order."""

    connected: int
    """Sockets with a picture, of those that read."""
    connections_least: int
    """How often the one that connected least often did."""
    lost: int
    """Connections that ended, of those that read, since the last `forget`."""
    gaps: int
    """Frames that did not begin where the one before ended."""
    late_ms: list[int]
    """How old frames were when they arrived since the last `forget`: median, 99 of 100, the oldest."""
    pictures: list[tuple[int, dict[str, str]]]
    """How many of those that read see these seats as taken."""
    decided: list[dict[str, int]]
    """Of each token, how often it was told of each reservation."""


@dataclass(eq=False)
class Watcher:
    """One socket after the other to the same show."""

    number: int
    token: str
    picture: Picture = field(default_factory=Picture)
    connections: int = 0
    is_open: bool = False
    reads: bool = True
    decided: Counter[str] = field(default_factory=Counter)
    socket: Socket | None = None


class Crowd:
    """Everybody who watches."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self._port = orders.port
        self._rng = random.Random(orders.seed)
        self._clock = SystemClock()
        self._pictures = Pictures()
        tokens = [*orders.tokens, *[""] * (orders.sockets - len(orders.tokens))]
        self.watchers = [Watcher(number, token) for number, token in enumerate(tokens)]
        self._turns = asyncio.Semaphore(CONNECTING_MAX)
        self._tasks = [asyncio.create_task(self._watch(watcher)) for watcher in self.watchers]
        self._forget()

    def hear(self, watcher: Watcher, payload: bytes) -> None:
        """One text frame."""
        frame = self._pictures.decode(payload)
        kind = frame["type"]
        if kind in {"snapshot", "seat_status_changed"}:
            after = self._pictures.after(watcher.picture, payload)
            if after is None:
                self.gaps += 1
                return
            watcher.picture, watcher.is_open = after, True
            self.late_ms[self._clock.now_ms() - frame["ts"]] += 1
        elif kind == "welcome":
            # Nothing may have happened since the number it resumes from.
            watcher.is_open = watcher.picture.seq >= 0
        elif kind == "request_decided":
            watcher.decided[frame["data"]["outcome"].get("reservation", "")] += 1

    async def do(self, told: Told) -> Seen:
        """Carry an order out, and tell what was seen."""
        self._port = told.port or self._port
        if told.forget:
            self._forget()
        # The last ones have no token: what owners are told stays complete.
        for watcher in self.watchers[len(self.watchers) - told.stuck :] if told.stuck else ():
            self._stick(watcher)
        first = len(self.watchers) - told.stuck - told.slow
        self._tasks += [asyncio.create_task(self._dawdle(each)) for each in self.watchers[first : first + told.slow]]
        return self._seen()

    async def end(self) -> None:
        """Everybody leaves."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _forget(self) -> None:
        self.lost = self.gaps = 0
        self.late_ms: Counter[int] = Counter()

    async def _watch(self, watcher: Watcher) -> None:
        while True:
            async with self._turns:
                with suppress(OSError, TimeoutError):
                    watcher.socket = await self._connect(watcher)
            if watcher.socket is not None:
                try:
                    await watcher.socket.ended
                finally:
                    watcher.socket.close()
                    watcher.socket, watcher.is_open = None, False
                self.lost += watcher.reads
            if not watcher.reads:
                return
            await asyncio.sleep(self._rng.uniform(0, SPREAD_S))

    async def _connect(self, watcher: Watcher) -> Socket:
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            make = partial(Socket, self.orders.path, partial(self._greet, watcher), partial(self.hear, watcher))
            _, socket = await asyncio.get_running_loop().create_connection(make, "127.0.0.1", self._port)
        watcher.connections += 1
        return socket

    @staticmethod
    def _greet(watcher: Watcher, socket: Socket) -> None:
        hello: dict[str, Any] = {"type": "hello"}
        if watcher.token:
            hello["token"] = watcher.token
        if watcher.picture.seq >= 0:
            hello["resume"] = {"after_seq": watcher.picture.seq}
        socket.say(msgspec.json.encode(hello))

    def _stick(self, watcher: Watcher) -> None:
        """It asks for the whole picture again and again, and reads nothing of it."""
        watcher.reads = False
        if watcher.socket is not None and watcher.socket.transport is not None:
            watcher.socket.transport.pause_reading()
            for _ in range(RESYNCS):
                watcher.socket.say(b'{"type":"subscribe"}')

    async def _dawdle(self, watcher: Watcher) -> None:
        while True:
            transport = watcher.socket.transport if watcher.socket is not None else None
            if transport is not None and not transport.is_closing():
                transport.pause_reading()
                await asyncio.sleep(SLOW_PAUSE_S)
                transport.resume_reading()
            await asyncio.sleep(SLOW_READS_S)

    def _seen(self) -> Seen:
        reading = [watcher for watcher in self.watchers if watcher.reads]
        taken: Counter[frozenset[tuple[str, str]]] = Counter()
        for picture, count in Counter(watcher.picture for watcher in reading).items():
            taken[frozenset(picture.taken().items())] += count
        return Seen(
            connected=sum(watcher.is_open for watcher in reading),
            connections_least=min(watcher.connections for watcher in reading),
            lost=self.lost,
            gaps=self.gaps,
            late_ms=_spread(self.late_ms),
            pictures=[(count, dict(seats)) for seats, count in taken.items()],
            decided=[dict(watcher.decided) for watcher in self.watchers[: len(self.orders.tokens)]],
        )


def _spread(counted: Counter[int]) -> list[int]:
    ordered, total, seen = sorted(counted), counted.total(), 0
    found: list[int] = []
    for value in ordered:
        seen += counted[value]
        while len(found) < 3 and seen >= (0.5, 0.99, 1.0)[len(found)] * total:
            found.append(value)
    return found


async def run(read: Callable[[], bytes]) -> None:
    """Do as told until told to stop."""
    crowd = Crowd(msgspec.json.decode(await asyncio.to_thread(read), type=Orders))
    while order := await asyncio.to_thread(read):
        told = msgspec.json.decode(order, type=Told)
        print(msgspec.json.encode(await crowd.do(told)).decode(), flush=True)
        if told.stop:
            break
    await crowd.end()


if __name__ == "__main__":
    raise_open_files()
    uvloop.run(run(sys.stdin.buffer.readline))
