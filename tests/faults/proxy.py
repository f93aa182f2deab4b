"""A TCP proxy that breaks what passes through it, as the test says while it runs.

It stands between any two parts and lives in the test's own event loop. What is left to chance (how late a piece comes,
where exactly a connection is cut) comes from its seed.
"""

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Literal

HOST = "127.0.0.1"
PIECE_BYTES_MAX = 64 * 1024
CONNECT_TIMEOUT_S = 5.0

End = Literal["client", "server"]


@dataclass(eq=False)
class Link:
    """One connection through the proxy: the client's side and the server's."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    bytes_left: int | None = None
    """How much may still pass before it is cut; None: no end to it."""
    deaf: End | None = None
    """Who has been told that nothing more will come."""

    def writer(self, end: End) -> asyncio.StreamWriter:
        return self.client if end == "client" else self.server

    def reset(self) -> None:
        """End it at once, with RST to both ends: whatever was on its way is lost."""
        for writer in (self.client, self.server):
            _reset(writer)

    def cut(self) -> None:
        """End it in order, behind what has been passed on."""
        for writer in (self.client, self.server):
            writer.close()


class FaultProxy:
    """Listens on `port`, passes everything on to `target_port`. New connections share the fate of the old ones."""

    def __init__(self, target_port: int, *, seed: int) -> None:
        self.target_port = target_port
        self.port = 0
        self.bytes_passed = 0
        self._rng = random.Random(seed)
        self._links: set[Link] = set()
        self._handlers: set[asyncio.Task[None]] = set()
        self._passable = asyncio.Event()
        self._passable.set()
        self._late_s = (0.0, 0.0)
        self._cut_after_bytes: int | None = None
        self._refusing = False

    @property
    def links(self) -> int:
        """How many connections there are."""
        return len(self._links)

    def heal(self) -> None:
        """Pass everything on again; what a black hole held back comes through now."""
        self._late_s = (0.0, 0.0)
        self._cut_after_bytes = None
        self._refusing = False
        for link in self._links:
            link.bytes_left = None
        self._passable.set()

    def delay(self, least_s: float, most_s: float) -> None:
        """Each piece comes later by something between the two; the order stays."""
        self._late_s = (least_s, most_s)

    def black_hole(self) -> None:
        """Nothing passes any more, and nobody is told."""
        self._passable.clear()

    def reset(self) -> int:
        """Reset every connection there is; how many. New ones pass."""
        links = tuple(self._links)
        for link in links:
            link.reset()
        return len(links)

    def refuse(self) -> None:
        """Reset every connection, and each new one at once."""
        self._refusing = True
        self.reset()

    def half_close(self, end: End) -> int:
        """Tell one end of every connection that nothing more will come; what it says itself still passes."""
        open_ones = [link for link in self._links if link.deaf is None]
        for link in open_ones:
            link.deaf = end
            with suppress(OSError, RuntimeError):
                link.writer(end).write_eof()
        return len(open_ones)

    def cut_after(self, bytes_max: int) -> None:
        """Each connection, new or old, ends after 1 to `bytes_max` more bytes, in the middle of whatever they say."""
        self._cut_after_bytes = bytes_max
        for link in self._links:
            link.bytes_left = self._rng.randint(1, bytes_max)

    def retarget(self, port: int) -> None:
        """Lead to another server from now on, as an address that moves: the connections to the old one are reset."""
        self.target_port = port
        self.reset()

    async def handle(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        """One connection, from its first byte to its last."""
        me = asyncio.current_task()
        assert me is not None
        self._handlers.add(me)
        try:
            await self._handle(reader, client)
        except asyncio.CancelledError:
            # Only `close` cancels, and whoever calls a handler takes its cancelling for a failure.
            return
        finally:
            self._handlers.discard(me)
            client.close()

    async def _handle(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        await self._passable.wait()
        if self._refusing:
            _reset(client)
            return
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                answers, server = await asyncio.open_connection(HOST, self.target_port)
        except (OSError, TimeoutError):
            _reset(client)
            return
        link = Link(client, server)
        if self._cut_after_bytes is not None:
            link.bytes_left = self._rng.randint(1, self._cut_after_bytes)
        self._links.add(link)
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump(link, reader, "server"))
                pumps.create_task(self._pump(link, answers, "client"))
        finally:
            self._links.discard(link)
            server.close()

    async def _pump(self, link: Link, source: asyncio.StreamReader, end: End) -> None:
        """Pass on to `end` what `source` says, until one of the two has gone."""
        try:
            while piece := await source.read(PIECE_BYTES_MAX):
                await self._pass(link, end, piece)
            await self._passable.wait()
            if link.deaf != end:
                link.writer(end).write_eof()
        except (OSError, RuntimeError):
            link.reset()

    async def _pass(self, link: Link, end: End, piece: bytes) -> None:
        await self._passable.wait()
        if self._late_s[1] > 0:
            await asyncio.sleep(self._rng.uniform(*self._late_s))
            await self._passable.wait()
        if link.bytes_left is not None:
            piece = piece[: link.bytes_left]
            link.bytes_left -= len(piece)
        if link.deaf != end:
            link.writer(end).write(piece)
            await link.writer(end).drain()
            self.bytes_passed += len(piece)
        if link.bytes_left == 0:
            link.cut()

    async def close(self) -> None:
        """End everything."""
        for link in tuple(self._links):
            link.reset()
        for handler in tuple(self._handlers):
            handler.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)


@asynccontextmanager
async def open_proxy(target_port: int, *, seed: int) -> AsyncIterator[FaultProxy]:
    """A proxy that listens on a free port of 127.0.0.1."""
    proxy = FaultProxy(target_port, seed=seed)
    server = await asyncio.start_server(proxy.handle, HOST, 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    plain = writer.get_extra_info("socket")
    if plain is not None:
        with suppress(OSError):
            # Lingering for no time at all: the kernel sends RST instead of FIN.
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
