"""The crowd's HTTP client against a small server of raw bytes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from onsale.crowd.http import HttpClient, Unreachable, max_age_s

pytestmark = pytest.mark.anyio

Reply = Callable[[str, int], bytes]


def reply(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """An answer in one piece."""
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]).encode() + body


class Server:
    """Answers each request by `answer(head, number of the request)`; an empty answer closes the connection."""

    def __init__(self, answer: Reply) -> None:
        self._answer = answer
        self.heads: list[str] = []
        self.connections = 0
        self.arrived: asyncio.Queue[str] = asyncio.Queue()
        self.hold = asyncio.Event()
        self.hold.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next((line for line in head.lower().split("\r\n") if line.startswith("content-length")), ":0")
                await reader.readexactly(int(length.partition(":")[2]))
                self.heads.append(head)
                self.arrived.put_nowait(head)
                await self.hold.wait()
                answer = self._answer(head, len(self.heads))
                if not answer:
                    return
                writer.write(answer)
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()


@asynccontextmanager
async def serving(answer: Reply, connections_max: int = 4) -> AsyncIterator[tuple[HttpClient, Server]]:
    server = Server(answer)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    client = HttpClient("127.0.0.1", listener.sockets[0].getsockname()[1], connections_max)
    try:
        yield client, server
    finally:
        client.close()
        listener.close()


async def test_requests_share_a_connection_and_carry_json() -> None:
    async with serving(lambda _, number: reply(b'{"n": %d}' % number, "X-Word: Yes")) as (client, server):
        first = await client.request("POST", "/a", body={"q": 1}, headers={"idempotency-key": "k"})
        second = await client.request("GET", "/b")
    assert (first.json(), second.json(), first.headers["x-word"]) == ({"n": 1}, {"n": 2}, "Yes")
    assert server.connections == 1
    assert "content-type: application/json" in server.heads[0]
    assert "idempotency-key: k" in server.heads[0]


async def test_a_chunked_answer_is_put_together() -> None:
    chunked = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n4\r\n: 1}\r\n0\r\n\r\n'
    async with serving(lambda _, __: chunked) as (client, _):
        assert (await client.request("GET", "/")).json() == {"a": 1}


async def test_no_answer_is_unreachable_and_the_next_request_gets_a_new_connection() -> None:
    async with serving(lambda _, number: b"" if number == 1 else reply(b"{}")) as (client, server):
        with pytest.raises(Unreachable):
            await client.request("GET", "/")
        assert (await client.request("GET", "/")).status == 200
    assert server.connections == 2


async def test_nobody_listening_is_unreachable() -> None:
    async with serving(lambda _, __: reply(b"{}")) as (client, _):
        pass
    with pytest.raises(Unreachable):
        await client.request("GET", "/")


async def test_a_late_answer_is_unreachable() -> None:
    async with serving(lambda _, __: reply(b"{}")) as (client, server):
        server.hold.clear()
        with pytest.raises(Unreachable):
            await client.request("GET", "/", timeout_s=0.05)
        server.hold.set()


async def test_more_requests_than_connections_wait_their_turn() -> None:
    async with serving(lambda _, __: reply(b"{}"), connections_max=2) as (client, server):
        server.hold.clear()
        waiting = [asyncio.create_task(client.request("GET", f"/{number}")) for number in range(6)]
        for _ in range(2):
            await server.arrived.get()
        waiting[3].cancel()
        server.hold.set()
        answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [getattr(answer, "status", None) for answer in answers] == [200, 200, 200, None, 200, 200]
    assert server.connections == 2


async def test_the_crowd_shares_a_cache_as_long_as_the_server_allows() -> None:
    async with serving(lambda _, __: reply(b"{}", "Cache-Control: public, max-age=60", 'ETag: "1"')) as (
        client,
        server,
    ):
        await asyncio.gather(*(client.get_shared("/status") for _ in range(10)))
        await client.get_shared("/status")
    assert len(server.heads) == 1


async def test_what_may_not_be_kept_is_asked_for_each_time_with_its_etag() -> None:
    def answer(head: str, _: int) -> bytes:
        if 'if-none-match: "1"' in head:
            return reply(b"", "Cache-Control: max-age=60", status="304 Not Modified")
        return reply(b'{"a": 1}', "Cache-Control: max-age=0", 'ETag: "1"')

    async with serving(answer) as (client, server):
        assert (await client.get_shared("/s")).json() == {"a": 1}
        assert (await client.get_shared("/s")).json() == {"a": 1}
    assert len(server.heads) == 2


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", 0.0),
        ("no-store", 0.0),
        ("private, max-age=9", 0.0),
        ("public, max-age=1, stale-while-revalidate=5", 1.0),
        ("public, max-age=1, s-maxage=7", 7.0),
        ("max-age=soon", 0.0),
    ],
)
def test_how_long_a_shared_cache_may_keep_an_answer(header: str, seconds: float) -> None:
    assert max_age_s(header) == seconds
