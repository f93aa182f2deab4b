"""A load generator that costs far less than what it measures.

`python -m bench.load PORT CONNECTIONS WARM_S MEASURE_S FILE`

Closed loop: each connection sends a request of the file, waits for its whole answer, sends the next. The requests are
complete HTTP/1.1 messages, made beforehand; of the answers only the status and the length are looked at. Prints a line
when the measured window begins, and the `Measured` at its end, as JSON. A fast machine may have sent all there is
before the time is over (a show is sold out): then the window ends there, and a line says so at once.
"""

import asyncio
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

import msgspec
import uvloop

from bench.measuring import percentile

BEGUN, ENDED = b"begun\n", b"ended early\n"
WINDOW_SHARE_MIN = 0.5
"""Of the window that was asked for; what is measured in less says nothing."""
LENGTH = struct.Struct(">I")
HEAD_END = b"\r\n\r\n"
LENGTH_HEADER = b"content-length: "


class Measured(msgspec.Struct):
    """What the window saw: answers by HTTP status, and the latency of all of them in milliseconds."""

    seconds: float
    statuses: dict[int, int]
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_s: float
    """Of the generator itself."""
    ever: dict[int, int]
    """Answers by status from the first to the last, the warm-up and what came after the window included."""


class OutOfRequests(Exception):
    """The file was too short for the time."""


def pack(requests: Iterable[bytes]) -> bytes:
    """The content of a file of requests."""
    return b"".join(LENGTH.pack(len(request)) + request for request in requests)


def unpack(raw: bytes) -> Iterator[bytes]:
    """The requests in a file's content."""
    at = 0
    while at < len(raw):
        (size,) = LENGTH.unpack_from(raw, at)
        at += LENGTH.size
        yield raw[at : at + size]
        at += size


def is_whole(answer: bytes) -> bool:
    """Whether an HTTP answer is there to its last byte."""
    head = answer.find(HEAD_END)
    at = answer.find(LENGTH_HEADER, 0, head)
    if head < 0 or at < 0:
        return False
    at += len(LENGTH_HEADER)
    return len(answer) >= head + len(HEAD_END) + int(answer[at : answer.find(b"\r", at)])


class Run:
    """What all connections share."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self.take = requests.__next__
        self.statuses: Counter[bytes] = Counter()
        self.latencies_s: list[float] = []
        self.stopped = False
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done where the run ends before its time."""

    def fail(self, error: Exception) -> None:
        """End the run; there are no figures."""
        if not self.over.done():
            self.over.set_exception(error)

    def finish(self) -> None:
        """End the window: all there is has been sent."""
        if not self.over.done():
            self.over.set_result(None)


class Connection(asyncio.Protocol):
    """One connection of the closed loop."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._transport: asyncio.WriteTransport | None = None
        self._rest = b""
        self._sent_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        # uvloop's transports are of no class of asyncio's
        self._transport = cast(asyncio.WriteTransport, transport)
        self._send(self._transport)

    def data_received(self, data: bytes) -> None:
        """Count a whole answer and send the next request; keep part of one."""
        answer = self._rest + data if self._rest else data
        if not is_whole(answer):
            self._rest = answer
            return
        self._rest = b""
        run = self._run
        run.latencies_s.append(time.perf_counter() - self._sent_s)
        run.statuses[answer[9:12]] += 1
        if self._transport is not None:
            self._send(self._transport)

    def connection_lost(self, error: Exception | None) -> None:
        """A connection that the server closed is a failure of the run."""
        if not self._run.stopped:
            self._run.fail(ConnectionError(f"the server closed a connection: {error!r}"))

    def _send(self, transport: asyncio.WriteTransport) -> None:
        if self._run.stopped:
            transport.close()
            return
        try:
            request = self._run.take()
        except StopIteration:
            self._run.finish()
            return
        self._sent_s = time.perf_counter()
        transport.write(request)


async def generate(port: int, connections: int, warm_s: float, measure_s: float, requests: Iterator[bytes]) -> Measured:
    """Load for `warm_s` seconds, then the measured ones. Raises `OutOfRequests`, `ConnectionError`."""
    loop = asyncio.get_running_loop()
    run = Run(requests)
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(run), "127.0.0.1", port)
    return await measure(run, warm_s, measure_s)


async def measure(run: Run, warm_s: float, measure_s: float) -> Measured:
    """Let a loop that has begun warm up, and measure it; says when that begins, and when it ends early.

    Raises what made the run fail, and `OutOfRequests`.
    """
    if await _is_over(run, warm_s):
        raise OutOfRequests("all was sent before anything was measured")
    before = run.statuses.copy()
    run.latencies_s.clear()
    sys.stdout.buffer.write(BEGUN)
    sys.stdout.buffer.flush()
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    is_over = await _is_over(run, measure_s)
    seconds, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    if is_over:
        sys.stdout.buffer.write(ENDED)
        sys.stdout.buffer.flush()
        if seconds < WINDOW_SHARE_MIN * measure_s:
            raise OutOfRequests(f"all was sent after {seconds:.1f} of {measure_s:.1f} s")
    seen = run.statuses - before
    ordered = sorted(run.latencies_s)
    if not ordered:
        raise ConnectionError("nothing was answered")
    run.stopped = True
    await asyncio.sleep(1)  # the last answers, so that each commit of the run has been counted
    return Measured(
        seconds=seconds,
        statuses=_by_number(seen),
        p50_ms=percentile(ordered, 0.5) * 1000,
        p95_ms=percentile(ordered, 0.95) * 1000,
        p99_ms=percentile(ordered, 0.99) * 1000,
        cpu_s=cpu_s,
        ever=_by_number(run.statuses),
    )


async def _is_over(run: Run, within_s: float) -> bool:
    done, _ = await asyncio.wait({run.over}, timeout=within_s)
    for over in done:
        over.result()
    return bool(done)


def _by_number(statuses: Counter[bytes]) -> dict[int, int]:
    return {int(status): count for status, count in statuses.items()}


def main() -> int:
    """The exit code."""
    port, connections, warm_s, measure_s, path = sys.argv[1:]
    requests = list(unpack(Path(path).read_bytes()))
    measured = uvloop.run(generate(int(port), int(connections), float(warm_s), float(measure_s), iter(requests)))
    sys.stdout.buffer.write(msgspec.json.encode(measured) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
