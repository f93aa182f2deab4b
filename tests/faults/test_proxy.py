"""The proxy itself: each fault looks to both ends as it would on a network."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from tests.faults.proxy import FaultProxy, open_proxy

pytestmark = pytest.mark.anyio

SEED = 7
PATIENCE_S = 5.0


@dataclass
class Echo:
    """A server that sends back what it gets, and remembers how each connection ended."""

    heard: bytearray = field(default_factory=bytearray)
    ends: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        end = "closed"
        try:
            while data := await reader.read(1024):
                self.heard += data
                writer.write(data)
                await writer.drain()
        except OSError:
            end = "reset"
        writer.close()
        self.ends.put_nowait(end)


@asynccontextmanager
async def proxied(echo: Echo) -> AsyncIterator[FaultProxy]:
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    async with open_proxy(server.sockets[0].getsockname()[1], seed=SEED) as proxy:
        yield proxy
    server.close()


@asynccontextmanager
async def client(proxy: FaultProxy) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    async with asyncio.timeout(PATIENCE_S):
        yield reader, writer
    writer.close()


async def test_what_is_whole_passes_both_ways_and_so_does_its_end() -> None:
    echo = Echo()
    async with proxied(echo) as proxy, client(proxy) as (reader, writer):
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        assert proxy.links == 1
        writer.write_eof()
        assert await reader.read() == b""
        assert await echo.ends.get() == "closed"


async def test_latency_is_within_its_bounds_and_keeps_the_order() -> None:
    async with proxied(Echo()) as proxy, client(proxy) as (reader, writer):
        proxy.delay(0.05, 0.06)
        began_s = asyncio.get_running_loop().time()
        writer.write(b"first")
        assert await reader.readexactly(5) == b"first"
        took_s = asyncio.get_running_loop().time() - began_s
        for number in range(20):
            writer.write(b"%d," % number)
        proxy.heal()
        expected = b"".join(b"%d," % number for number in range(20))
        assert await reader.readexactly(len(expected)) == expected
    assert took_s >= 0.1


async def test_a_reset_ends_what_is_open_and_lets_new_ones_in() -> None:
    echo = Echo()
    async with proxied(echo) as proxy:
        async with client(proxy) as (reader, writer):
            writer.write(b"x")
            await reader.readexactly(1)
            assert proxy.reset() == 1
            with pytest.raises(ConnectionResetError):
                await reader.readexactly(1)
            assert await echo.ends.get() == "reset"
        async with client(proxy) as (reader, writer):
            writer.write(b"y")
            assert await reader.readexactly(1) == b"y"


async def test_while_refusing_nobody_gets_through() -> None:
    echo = Echo()
    async with proxied(echo) as proxy:
        proxy.refuse()
        async with client(proxy) as (reader, writer):
            with pytest.raises(ConnectionResetError):
                writer.write(b"x")
                await reader.readexactly(1)
        proxy.heal()
        async with client(proxy) as (reader, writer):
            writer.write(b"y")
            assert await reader.readexactly(1) == b"y"
    assert bytes(echo.heard) == b"y"


async def test_a_black_hole_is_silent_and_gives_back_what_it_held() -> None:
    echo = Echo()
    async with proxied(echo) as proxy, client(proxy) as (reader, writer):
        writer.write(b"x")
        await reader.readexactly(1)
        proxy.black_hole()
        writer.write(b"lost?")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await reader.readexactly(1)
        assert bytes(echo.heard) == b"x"
        proxy.heal()
        assert await reader.readexactly(5) == b"lost?"


async def test_half_closed_one_end_hears_nothing_and_is_still_heard() -> None:
    echo = Echo()
    async with proxied(echo) as proxy, client(proxy) as (reader, writer):
        writer.write(b"x")
        await reader.readexactly(1)
        assert proxy.half_close("client") == 1
        assert await reader.read() == b""
        writer.write(b"still here")
        writer.write_eof()
        assert await echo.ends.get() == "closed"
    assert bytes(echo.heard) == b"xstill here"


async def test_a_cut_comes_in_the_middle_and_where_the_seed_says() -> None:
    lengths = []
    for _ in range(2):
        echo = Echo()
        async with proxied(echo) as proxy:
            proxy.cut_after(1000)
            async with client(proxy) as (reader, writer):
                writer.write(bytes(5000))
                assert len(await reader.read()) < 1000
            assert await echo.ends.get() in {"closed", "reset"}
        lengths.append(len(echo.heard))
    assert 0 < lengths[0] < 1000
    assert lengths[0] == lengths[1]


async def test_an_address_that_moves_leads_to_the_other_server() -> None:
    one, other = Echo(), Echo()
    server = await asyncio.start_server(other.serve, "127.0.0.1", 0)
    async with proxied(one) as proxy:
        async with client(proxy) as (reader, writer):
            writer.write(b"1")
            await reader.readexactly(1)
            proxy.retarget(server.sockets[0].getsockname()[1])
            with pytest.raises(ConnectionResetError):
                await reader.readexactly(1)
        async with client(proxy) as (reader, writer):
            writer.write(b"2")
            assert await reader.readexactly(1) == b"2"
    server.close()
    assert (bytes(one.heard), bytes(other.heard)) == (b"1", b"2")
