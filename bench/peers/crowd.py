"""The client of both shops: `python -m bench.peers.crowd PORT CLIENTS STATUS WORDS FILE`.

Each of CLIENTS sends a request of the file, waits for its whole answer, sends the next, until all are sent. Connections
are kept as long as the server keeps them; where it closes one, opening the next is part of the wait. STATUS and WORDS:
how this server says that there is no place left. Prints a line when it begins, one when all is answered, and the
attempts as JSON.
"""

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import uvloop

from bench.load import BEGUN, ENDED, unpack
from bench.peers.judging import Attempt, Ending, Refusal, ending_of

HOST = "127.0.0.1"
ANSWER_TIMEOUT_S = 60.0
NO_ANSWER = 0
LINGER_S = 0.5
"""After the end, so that this process's CPU time can still be read."""


class Buyer:
    """One client: a request at a time."""

    def __init__(self, port: int, refusal: Refusal) -> None:
        self._port = port
        self._refusal = refusal
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> tuple[Ending, int]:
        """What the shop says to a request, and by which status; 0: nothing."""
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                status, body = await self._exchange(request)
        except (OSError, EOFError, TimeoutError):
            self.close()
            return Ending.UNSETTLED, NO_ANSWER
        return ending_of(status, body, self._refusal), status

    def close(self) -> None:
        """Let go of the connection, if there is one."""
        if self._connection is not None:
            self._connection[1].close()
            self._connection = None

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = await asyncio.open_connection(HOST, self._port)
        reader, writer = self._connection
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        status, size, closes = read_head(head)
        body = await reader.readexactly(size)
        if closes:
            self.close()
        return status, body


def read_head(head: bytes) -> tuple[int, int, bool]:
    """Of an answer's head: its status, the length of its body, whether the server closes the connection after it."""
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split(" ")[1]), int(headers["content-length"]), headers.get("connection", "").lower() == "close"


async def crowd(port: int, clients: int, refusal: Refusal, requests: Iterator[bytes]) -> list[Attempt]:
    """All requests, `clients` at a time."""
    attempts: list[Attempt] = []
    began_s = time.perf_counter()

    def now_ms() -> float:
        return round((time.perf_counter() - began_s) * 1000, 3)

    async def come() -> None:
        buyer = Buyer(port, refusal)
        for request in requests:
            sent_ms = now_ms()
            ending, status = await buyer.ask(request)
            attempts.append(Attempt(ending, status, sent_ms, now_ms()))
        buyer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(come())
    return attempts


async def run(port: int, clients: int, refusal: Refusal, requests: Sequence[bytes]) -> None:
    """All of it, with what is printed."""
    _say(BEGUN)
    attempts = await crowd(port, clients, refusal, iter(requests))
    _say(ENDED)
    _say(msgspec.json.encode(attempts) + b"\n")
    await asyncio.sleep(LINGER_S)


def _say(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def main() -> int:
    """The exit code."""
    port, clients, status, words, path = sys.argv[1:]
    requests = list(unpack(Path(path).read_bytes()))
    uvloop.run(run(int(port), int(clients), Refusal(int(status), words), requests))
    return 0


if __name__ == "__main__":
    sys.exit(main())
