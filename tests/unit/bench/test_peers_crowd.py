"""The client of both shops: it reads answers of either, and opens a connection again where the server closed it."""

import asyncio
from collections import Counter

import pytest

from bench.peers.crowd import crowd, read_head
from bench.peers.judging import Ending, Refusal
from infra.embedded.processes import free_port

pytestmark = pytest.mark.anyio

REFUSAL = Refusal(400, "not enough quota")


def test_an_answer_says_how_long_it_is_and_whether_more_may_follow() -> None:
    assert read_head(b"HTTP/1.1 201 Created\r\nContent-Length: 12\r\nConnection: close\r\n\r\n") == (201, 12, True)
    assert read_head(b"HTTP/1.1 409 Conflict\r\ncontent-length: 3\r\n\r\n") == (409, 3, False)


class Till:
    """Sells `stock` places; closes each connection after `answers_max` answers."""

    def __init__(self, stock: int, answers_max: int) -> None:
        self.left = stock
        self.connections = 0
        self._answers_max = answers_max

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        for number in range(1, self._answers_max + 1):
            if not await reader.readline():
                break
            self.left -= 1
            last = number == self._answers_max
            body = b"yours" if self.left >= 0 else b"not enough quota"
            status = b"201 Created" if self.left >= 0 else b"400 Bad Request"
            head = b"HTTP/1.1 %s\r\ncontent-length: %d\r\n%s\r\n" % (
                status,
                len(body),
                b"connection: close\r\n" if last else b"",
            )
            writer.write(head + body)
        writer.close()


async def sell(till: Till, clients: int, wanted: int) -> Counter[Ending]:
    server = await asyncio.start_server(till.serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        attempts = await crowd(port, clients, REFUSAL, iter([b"one\n"] * wanted))
    assert all(0 <= attempt.sent_ms <= attempt.answered_ms for attempt in attempts)
    return Counter(attempt.ending for attempt in attempts)


async def test_everybody_is_asked_for_once_over_as_many_connections_as_there_are_clients() -> None:
    till = Till(stock=3, answers_max=1_000)
    assert await sell(till, clients=4, wanted=15) == {Ending.SOLD: 3, Ending.REFUSED: 12}
    assert till.connections == 4


async def test_a_server_that_keeps_no_connection_gets_a_new_one_for_each() -> None:
    till = Till(stock=3, answers_max=1)
    assert await sell(till, clients=4, wanted=15) == {Ending.SOLD: 3, Ending.REFUSED: 12}
    assert till.connections == 15


async def test_who_gets_no_answer_is_unsettled() -> None:
    attempts = await crowd(free_port(), 2, REFUSAL, iter([b"one\n"] * 3))
    assert [(attempt.ending, attempt.status) for attempt in attempts] == [(Ending.UNSETTLED, 0)] * 3
