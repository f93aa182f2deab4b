"""Holds by websocket, cheaply: `python -m bench.socket_load PORT WARM_S MEASURE_S PLAN`.

Closed loop: each socket says who it is, asks for places, waits for its verdict, asks again under a new key. Prints what
`bench.load` prints; a verdict counts as the HTTP status that it would have had.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import uvloop

from bench.load import Run, measure
from bench.watching import OPEN_AT_ONCE, TEXT, Socket, upgrade

WELCOME, DECIDED, ERROR = (b'{"type":"%s"' % kind for kind in (b"welcome", b"request_decided", b"error"))
GRANTED = b'"data":{"status":"granted"'
CREATED, LOST, BUSY = b"201", b"409", b"503"


class SocketPlan(msgspec.Struct, frozen=True):
    """A socket to `path` for each of `tokens`, and what they ask for together: `holds` times the `body`."""

    path: str
    tokens: list[str]
    body: msgspec.Raw
    holds: int

    def frames(self) -> Iterator[bytes]:
        """What is said, one after the other."""
        for number in range(self.holds):
            yield b'{"type":"hold","id":"%d","key":"%d","body":%s}' % (number, number, bytes(self.body))


class Asker:
    """One socket of the closed loop."""

    def __init__(self, run: Run, path: str, token: str) -> None:
        self._run = run
        self._sent_s = 0.0
        hello = msgspec.json.encode({"type": "hello", "token": token})
        self._socket = Socket(upgrade(path), self._on_text, self._on_lost, hello)

    def socket(self) -> Socket:
        """What is to be connected."""
        return self._socket

    def _on_text(self, text: bytes) -> None:
        run = self._run
        if text.startswith(DECIDED):
            run.latencies_s.append(time.perf_counter() - self._sent_s)
            run.statuses[CREATED if GRANTED in text else LOST] += 1
        elif text.startswith(ERROR):
            run.statuses[BUSY] += 1
        elif not text.startswith(WELCOME):
            return
        self._ask()

    def _on_lost(self) -> None:
        if not self._run.stopped:
            self._run.fail(ConnectionError("the server closed a socket"))

    def _ask(self) -> None:
        if self._run.stopped:
            return
        try:
            frame = self._run.take()
        except StopIteration:
            self._run.finish()
            return
        self._sent_s = time.perf_counter()
        self._socket.say(TEXT, frame)


async def ask(port: int, warm_s: float, measure_s: float, plan: SocketPlan) -> bytes:
    """The `Measured`, as JSON. Raises `OutOfRequests`, `ConnectionError`."""
    loop = asyncio.get_running_loop()
    run = Run(plan.frames())
    for first in range(0, len(plan.tokens), OPEN_AT_ONCE):
        askers = [Asker(run, plan.path, token) for token in plan.tokens[first : first + OPEN_AT_ONCE]]
        await asyncio.gather(*(loop.create_connection(one.socket, "127.0.0.1", port) for one in askers))
    return msgspec.json.encode(await measure(run, warm_s, measure_s))


def main() -> int:
    """The exit code."""
    port, warm_s, measure_s, path = sys.argv[1:]
    plan = msgspec.json.decode(Path(path).read_bytes(), type=SocketPlan)
    sys.stdout.buffer.write(uvloop.run(ask(int(port), float(warm_s), float(measure_s), plan)) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
