"""Asking a server whether it is there."""

import asyncio
from functools import partial

import pytest

from infra.embedded import processes

pytestmark = pytest.mark.anyio


async def test_hearing_oneself_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    port = processes.free_port()
    # What the kernel does now and then by itself, as the port is one of those that it gives to clients.
    itself = partial(asyncio.open_connection, local_addr=("127.0.0.1", port))
    monkeypatch.setattr(asyncio, "open_connection", itself)
    assert await processes.ask(port, b"is anybody there?") == b""


async def test_what_a_server_says_is_its_answer() -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"yes")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        assert await processes.ask(server.sockets[0].getsockname()[1], b"is anybody there?") == b"yes"
