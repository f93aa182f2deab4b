"""The sockets that hold: one wish at a time, each under a key of its own, every verdict counted for what it is."""

import asyncio
import json

import msgspec
import pytest

from bench.load import Run
from bench.socket_load import Asker, SocketPlan
from bench.watching import Socket

pytestmark = pytest.mark.anyio

UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
PLAN = SocketPlan(path="/ws", tokens=["a pass"], body=msgspec.Raw(b'{"seats":["A-1"]}'), holds=3)


class FakeTransport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[dict[str, object]] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not bytes(data).startswith(b"GET /ws "):
            self.said.append(json.loads(bytes(data)[bytes(data).index(b"{") :]))


def hears(socket: Socket, kind: str, **data: object) -> None:
    text = json.dumps({"type": kind, "id": "", "data": data}, separators=(",", ":")).encode()
    socket.data_received(bytes([0x81, len(text)]) + text)


async def test_each_verdict_is_counted_and_followed_by_the_next_wish_until_there_are_no_more() -> None:
    run, transport = Run(PLAN.frames()), FakeTransport()
    socket = Asker(run, PLAN.path, PLAN.tokens[0]).socket()
    socket.connection_made(transport)
    socket.data_received(UPGRADED)
    assert transport.said == [{"type": "hello", "token": "a pass"}]
    hears(socket, "welcome")
    hears(socket, "seat_status_changed")
    assert transport.said[1:] == [{"type": "hold", "id": "0", "key": "0", "body": {"seats": ["A-1"]}}]
    hears(socket, "request_decided", status="granted")
    hears(socket, "request_decided", status="rejected")
    assert [said["key"] for said in transport.said[1:]] == ["0", "1", "2"]
    hears(socket, "error", code="busy")
    assert run.statuses == {b"201": 1, b"409": 1, b"503": 1}
    assert len(run.latencies_s) == 2
    run.over.result()  # sold out, and that is no failure


async def test_a_socket_that_the_server_closes_fails_the_run() -> None:
    run = Run(PLAN.frames())
    Asker(run, PLAN.path, PLAN.tokens[0]).socket().connection_lost(None)
    with pytest.raises(ConnectionError):
        run.over.result()
