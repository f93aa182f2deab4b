"""The sending side of a socket, on a server made by hand."""

import asyncio
from typing import Any

import pytest

from notifier.frames import Frame
from notifier.wire import AsgiWire

pytestmark = pytest.mark.anyio


class Transport:
    aborted = False

    def abort(self) -> None:
        self.aborted = True


class HandServer:
    """Takes messages as uvicorn does: at once while the peer reads, else not before it reads again."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self.fails: Exception | None = None
        self.transport = Transport()

    async def send(self, message: Any) -> None:
        await self.reads.wait()
        if self.fails is not None:
            raise self.fails
        self.sent.append(message.get("text", message["type"]))


def frame(text: str) -> Frame:
    return Frame("message", text)


def the_wait_of(wire: AsgiWire) -> asyncio.Future[Any]:
    assert wire._waiting is not None
    return asyncio.ensure_future(asyncio.wait({wire._waiting}, timeout=5))


async def test_a_peer_that_reads_gets_a_frame_before_offer_returns() -> None:
    server = HandServer()
    wire = AsgiWire(server.send)
    wire.offer(frame("one"))
    wire.offer(frame("two"))
    assert server.sent == ["one", "two"]
    assert not wire.busy


async def test_a_peer_that_does_not_read_makes_the_wire_busy_until_it_does() -> None:
    server = HandServer()
    wire = AsgiWire(server.send)
    drained = asyncio.Event()
    wire.on_drained = drained.set
    server.reads.clear()
    wire.offer(frame("one"))
    assert wire.busy
    assert server.sent == []
    server.reads.set()
    async with asyncio.timeout(5):
        await drained.wait()
    assert server.sent == ["one"]
    assert not wire.busy


@pytest.mark.parametrize("failure", [ConnectionResetError("left"), RuntimeError("unexpected message after close")])
async def test_a_peer_that_left_takes_nothing_more_and_harms_nobody(failure: Exception) -> None:
    server = HandServer()
    wire = AsgiWire(server.send)
    server.fails = failure
    wire.offer(frame("one"))
    assert wire.busy
    server.fails = None
    wire.offer(frame("two"))
    wire.close(1001, "bye")
    assert server.sent == []
    wire.cut()
    assert server.transport.aborted


async def test_a_peer_that_leaves_while_it_is_waited_for() -> None:
    server = HandServer()
    wire = AsgiWire(server.send)
    drained: list[str] = []
    wire.on_drained = lambda: drained.append("drained")
    server.reads.clear()
    wire.offer(frame("one"))
    server.fails = ConnectionResetError("left")
    server.reads.set()
    await the_wait_of(wire)
    assert wire.busy
    assert drained == []


async def test_closing_is_polite_where_the_peer_reads() -> None:
    server = HandServer()
    wire = AsgiWire(server.send)
    wire.close(4401, "token_expired")
    wire.close(4401, "token_expired")
    assert server.sent == ["websocket.close"]
    assert not server.transport.aborted


async def test_closing_cuts_where_the_peer_does_not_read() -> None:
    server = HandServer()
    wire = AsgiWire(server.send)
    server.reads.clear()
    wire.offer(frame("one"))
    waiting = the_wait_of(wire)
    wire.close(4408, "too slow")
    assert server.transport.aborted
    server.reads.set()
    await waiting
    assert server.sent == [], "what was waiting went with the connection"


async def test_a_server_without_a_transport_is_left_to_its_own_pings(capsys: pytest.CaptureFixture[str]) -> None:
    async def send(message: Any) -> None:
        raise ConnectionResetError

    wire = AsgiWire(send)
    wire.cut()
    assert wire.busy
    assert "socket.cannot_be_cut" in capsys.readouterr().out
