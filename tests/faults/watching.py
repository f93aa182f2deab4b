"""Those who watch, as a process of its own: `python -m tests.faults.watching`. Thousands of sockets to one show.

It is told what to do by JSON lines on its standard input, and answers each with one on its standard output. A frame
that many got is decoded once, and so is the picture that it leads to.
"""

import asyncio
import random
import socket
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
SMALL_BUFFER_BYTES = 4_096
RESYNCS, RESYNC_EVERY_S = 40, 0.15
"""As many snapshots as a client may ask for without being taken for an attack."""


class Orders(msgspec.Struct, frozen=True):
    """What the process is told before anything else. `tokens`: of the first sockets; the others are anonymous."""

    port: int
    path: str
    sockets: int
    tokens: list[str]
    seed: int
    small: int = 0
    """So many of the last ones have little room for what they do not read."""


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """One order: what is set is done, in this order."""

    port: int = 0
    """Where the notifier is from now on."""
    stuck: int = 0
    """So many ask for snapshots, and read nothing any more."""
    slow: int = 0
    """So many read now and then only."""
    forget: bool = False
    """Once it is told, begin to count anew."""
    describe: bool = False
    """Tell the pictures, too, and what owners were told, which takes a while."""
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
    """How old frames were when they arrived since the last `forget`: median, 99 of 100, the oldest. Those who read now
    and then do not count."""
    pictures: list[tuple[int, dict[str, str]]] = []
    """How many of those that read see these seats as taken."""
    decided: list[dict[str, int]] = []
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
    dawdles: bool = False
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
            if not watcher.dawdles:
                self.late_ms[self._clock.now_ms() - frame["ts"]] += 1
        elif kind == "welcome":
            # Nothing may have happened since the number it resumes from.
            watcher.is_open = watcher.picture.seq >= 0
        elif kind == "request_decided":
            watcher.decided[frame["data"]["outcome"].get("reservation", "")] += 1

    async def do(self, told: Told) -> Seen:
        """Carry an order out, and tell what was seen."""
        self._port = told.port or self._port
        # The last ones have no token: what owners are told stays complete.
        last = len(self.watchers) - told.stuck
        self._tasks += [asyncio.create_task(self._stick(each)) for each in self.watchers[last:]]
        self._tasks += [asyncio.create_task(self._dawdle(each)) for each in self.watchers[last - told.slow : last]]
        for each in self.watchers[last:]:
            each.reads = False
        seen = self._described() if told.describe else self._seen()
        if told.forget:
            self._forget()
        return seen

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
            plain = socket.socket()
            plain.setblocking(False)
            if watcher.number >= len(self.watchers) - self.orders.small:
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(plain, ("127.0.0.1", self._port))
            _, connection = await loop.create_connection(make, sock=plain)
        watcher.connections += 1
        return connection

    @staticmethod
    def _greet(watcher: Watcher, connection: Socket) -> None:
        hello: dict[str, Any] = {"type": "hello"}
        if watcher.token:
            hello["token"] = watcher.token
        if watcher.picture.seq >= 0:
            hello["resume"] = {"after_seq": watcher.picture.seq}
        connection.say(msgspec.json.encode(hello))

    async def _stick(self, watcher: Watcher) -> None:
        """It asks for the whole picture again and again, and reads nothing of it."""
        asked = 0
        while (connection := watcher.socket) is not None and connection.transport is not None:
            connection.transport.pause_reading()
            connection.say(b'{"type":"subscribe"}')
            asked += 1
            await asyncio.sleep(0 if asked < RESYNCS else RESYNC_EVERY_S)

    async def _dawdle(self, watcher: Watcher) -> None:
        watcher.dawdles = True
        while True:
            transport = watcher.socket.transport if watcher.socket is not None else None
            if transport is not None and not transport.is_closing():
                transport.pause_reading()
                await asyncio.sleep(SLOW_PAUSE_S)
                transport.resume_reading()
            await asyncio.sleep(SLOW_READS_S)

    def _seen(self) -> Seen:
        reading = [watcher for watcher in self.watchers if watcher.reads]
        return Seen(
            connected=sum(watcher.is_open for watcher in reading),
            connections_least=min(watcher.connections for watcher in reading),
            lost=self.lost,
            gaps=self.gaps,
            late_ms=_spread(self.late_ms),
        )

    def _described(self) -> Seen:
        taken: Counter[frozenset[tuple[str, str]]] = Counter()
        for picture, count in Counter(watcher.picture for watcher in self.watchers if watcher.reads).items():
            taken[frozenset(picture.taken().items())] += count
        seen = self._seen()
        seen.pictures = [(count, dict(seats)) for seats, count in taken.items()]
        seen.decided = [dict(watcher.decided) for watcher in self.watchers[: len(self.orders.tokens)]]
        return seen


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
