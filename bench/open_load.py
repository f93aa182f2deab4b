"""A load generator that keeps to a schedule, whatever becomes of the answers: `python -m bench.open_load PLAN`.

Open loop, without coordinated omission: requests fall due at random moments of a given rate (a Poisson process,
seeded), and a latency counts from the moment at which a request was due, however late it could be sent, be it that the
generator had no turn or that every connection was waiting for an answer. Prints a line when the measured window
begins, and what each stream saw of the requests due in it, as JSON.
"""

import asyncio
import gc
import random
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import cast

import msgspec
import uvloop

from bench.load import BEGUN, is_whole, unpack
from bench.open_plan import Plan, Seen, Stream, latency_of
from bench.told import Exchange, history

SEED = 20261121
OPEN_LOOP = "open: a Poisson process, latency from the moment at which a request was due"
TICK_S = 0.001
LAST_ANSWERS_S = 12.0
"""More than the longest wait for a verdict."""
LOST = b"000"
"""The status of a request whose connection the server closed."""
KEY = b"idempotency-key: "
KEY_CHARS = 32


class Crowd:
    """One stream at work. Moments are seconds of `time.perf_counter`."""

    def __init__(self, stream: Stream, seed: int) -> None:
        self.stream = stream
        self._rng = random.Random(seed)
        self._requests = list(unpack(Path(stream.requests).read_bytes()))
        self._next = 0
        self._idle: deque[Connection] = deque()
        self._late: deque[tuple[float, bytes]] = deque()
        self._due_s = 0.0
        self._window = (0.0, 0.0)
        self._ended = False
        self._looked_s = 0.0
        self.paused_s = 0.0
        self.latencies_s: dict[bytes, list[float]] = {}
        self.samples: dict[bytes, bytes] = {}
        self.due = 0
        self.sent = 0
        self._exchanges: list[Exchange] = []

    async def connect(self) -> None:
        """Open every connection."""
        for number in range(self.stream.connections):
            await self._open(self.stream.ports[number % len(self.stream.ports)])

    def begin(self, at_s: float, window: tuple[float, float]) -> None:
        """The first request falls due after `at_s`; what is due in `window` is measured."""
        self._looked_s = at_s
        self._due_s = at_s + self._rng.expovariate(self.stream.rate_per_s)
        self._window = window

    def send_due(self, now_s: float) -> None:
        """Send what is due by now, or let it wait for a connection."""
        gap_s, rate = self._rng.expovariate, self.stream.rate_per_s
        first_s, end_s = self._window
        self.paused_s = max(self.paused_s, now_s - self._looked_s)
        self._looked_s = now_s
        while self._due_s <= now_s and self._due_s < end_s:
            self.due += self._due_s >= first_s
            self._late.append((self._due_s, self._request()))
            self._due_s += gap_s(rate)
        while self._late and self._idle:
            self._idle.popleft().send(*self._late.popleft(), now_s)

    def end(self) -> None:
        """Nothing is sent any more."""
        self._ended = True
        self._late.clear()
        for connection in self._idle:
            connection.close()

    def on_sent(self, now_s: float) -> None:
        """A request was written."""
        first_s, end_s = self._window
        self.sent += first_s <= now_s < end_s

    def on_free(self, connection: "Connection", now_s: float) -> None:
        """A connection is ready for the next request."""
        if self._late:
            connection.send(*self._late.popleft(), now_s)
        elif self._ended:
            connection.close()
        else:
            self._idle.append(connection)

    def on_answer(self, due_s: float, status: bytes, answer: bytes, now_s: float) -> None:
        """An answer has come to what was due at `due_s`."""
        if due_s < self._window[0]:
            return
        latencies_s = self.latencies_s.get(status)
        if latencies_s is None:
            latencies_s = self.latencies_s[status] = []
            self.samples[status] = answer
        latencies_s.append(now_s - due_s)

    def note(self, sent_s: float, request: bytes, answer: bytes, now_s: float) -> None:
        """Remember what was told, where somebody wants to know it; reading it has time until the load is over."""
        if self.stream.told:
            self._exchanges.append((sent_s, now_s, request, answer))

    def write_told(self) -> None:
        """Leave the history, where one is wanted; to what has no answer by now none is expected."""
        if self.stream.told:
            Path(self.stream.told).write_bytes(history(self._exchanges))

    def on_lost(self, connection: "Connection", due_s: float) -> None:
        """The server closed a connection, `due_s` > 0: on which a request was waiting. Another one takes its place."""
        if due_s > 0:
            self.on_answer(due_s, LOST, b"", time.perf_counter())
        elif connection in self._idle:
            self._idle.remove(connection)
        if not self._ended:
            again = asyncio.get_running_loop().create_task(self._open(connection.port))
            again.add_done_callback(lambda opened: opened.cancelled() or opened.exception())

    @property
    def unanswered(self) -> int:
        """Requests that were due in the window and have no answer yet."""
        return self.due - sum(map(len, self.latencies_s.values()))

    def seen(self) -> Seen:
        """What became of the requests due in the window."""
        answers = {
            int(status): latency_of(found, self.samples[status]) for status, found in sorted(self.latencies_s.items())
        }
        return Seen(
            due=self.due,
            sent=self.sent,
            answers=answers,
            unanswered=self.unanswered,
            paused_ms=round(self.paused_s * 1000, 1),
        )

    async def _open(self, port: int) -> None:
        await asyncio.get_running_loop().create_connection(lambda: Connection(self, port), "127.0.0.1", port)

    def _request(self) -> bytes:
        turn, place = divmod(self._next, len(self._requests))
        self._next += 1
        request = self._requests[place]
        at = request.find(KEY) if turn else -1
        if at < 0:
            return request
        at += len(KEY)
        return request[:at] + b"%032x" % self._rng.getrandbits(4 * KEY_CHARS) + request[at + KEY_CHARS :]


class Connection(asyncio.Protocol):
    """One connection: at most one request at a time."""

    def __init__(self, crowd: Crowd, port: int) -> None:
        self._crowd = crowd
        self.port = port
        self._transport: asyncio.WriteTransport | None = None
        self._rest = b""
        self._due_s = 0.0
        self._sent_s = 0.0
        self._request = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready."""
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's are of no class of asyncio's
        self._crowd.on_free(self, time.perf_counter())

    def send(self, due_s: float, request: bytes, now_s: float) -> None:
        """Send what was due at `due_s`."""
        assert self._transport is not None
        self._due_s, self._sent_s, self._request = due_s, now_s, request
        self._crowd.on_sent(now_s)
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take a whole answer; keep part of one."""
        answer = self._rest + data if self._rest else data
        if not is_whole(answer):
            self._rest = answer
            return
        self._rest = b""
        due_s, self._due_s = self._due_s, 0.0
        # One look at the clock for all: it costs a tenth of what the generator itself does for a request.
        now_s = time.perf_counter()
        self._crowd.on_answer(due_s, answer[9:12], answer, now_s)
        self._crowd.note(self._sent_s, self._request, answer, now_s)
        self._crowd.on_free(self, now_s)

    def connection_lost(self, error: Exception | None) -> None:
        """Closed, by the server unless the run is over."""
        self._transport = None
        if self._due_s > 0:
            self._crowd.note(self._sent_s, self._request, b"", time.perf_counter())
        self._crowd.on_lost(self, self._due_s)

    def close(self) -> None:
        """Close it."""
        if self._transport is not None:
            self._transport.close()


async def generate(plan: Plan, begun: Callable[[], None]) -> dict[str, Seen]:
    """Load as planned; what each stream saw. `begun` is called when the measured window begins."""
    crowds = [Crowd(stream, SEED + number) for number, stream in enumerate(plan.streams)]
    for crowd in crowds:
        await crowd.connect()
    await asyncio.sleep(plan.settle_s)
    began_s = time.perf_counter()
    first_s, end_s = began_s + plan.warm_s, began_s + plan.warm_s + plan.measure_s
    for crowd in crowds:
        crowd.begin(began_s, (first_s, end_s))
    ticking = asyncio.get_running_loop().create_task(_keep_to_schedule(crowds, end_s))
    await asyncio.sleep(plan.warm_s)
    begun()
    await ticking
    for crowd in crowds:
        crowd.end()
        crowd.write_told()
    return {crowd.stream.name: crowd.seen() for crowd in crowds}


async def _keep_to_schedule(crowds: list[Crowd], end_s: float) -> None:
    """Until everything that was due before `end_s` is answered, or nothing more is to be expected."""
    now_s = time.perf_counter()
    while now_s < end_s or (now_s < end_s + LAST_ANSWERS_S and any(crowd.unanswered for crowd in crowds)):
        for crowd in crowds:
            crowd.send_due(now_s)
        await asyncio.sleep(TICK_S)
        now_s = time.perf_counter()


def _say_begun() -> None:
    sys.stdout.buffer.write(BEGUN)
    sys.stdout.buffer.flush()


def main() -> int:
    """The exit code."""
    # Nothing here is garbage before the end; looking for some among a million kept answers is a pause in which nothing
    # is sent, and which counts as the server's.
    gc.disable()
    plan = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Plan)
    seen = uvloop.run(generate(plan, _say_begun))
    sys.stdout.buffer.write(msgspec.json.encode(seen) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
