"""All that a server says to the same bytes, be it with direct routes or without."""

import asyncio

from tests.unit.runtime.raw_http import Client, client

AFTER = b"GET /nowhere HTTP/1.1\r\nhost: x\r\nx-request-id: after\r\nconnection: close\r\n\r\n"
"""Whether the connection is still of use is told by a request behind the one in question."""


async def conversation(port: int, pieces: list[bytes]) -> bytes:
    """All that the server says to `pieces`, sent one after the other, and to a request behind its first answer."""
    async with client(port) as caller, asyncio.timeout(10):
        for piece in pieces:
            await caller.say(piece)
            # The next piece is another read of the server's: a round trip of another connection lies between.
            async with client(port) as other:
                await other.say(AFTER)
                await other.rest()
        return await _first_answer(caller) + await _after(caller)


async def _first_answer(caller: Client) -> bytes:
    try:
        head = await caller.reader.readuntil(b"\r\n\r\n")
        if b"content-length: " not in head:
            return head
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return head + await caller.reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return b"closed without a word"


async def _after(caller: Client) -> bytes:
    try:
        await caller.say(AFTER)
    except ConnectionError:
        return b"closed"
    return await caller.rest()
