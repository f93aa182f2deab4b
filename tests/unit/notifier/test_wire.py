"""The sending side of a socket, on a line made by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from notifier.wire import SocketWire


class HandLine:
    """Takes frames while the peer reads; its ASGI side as uvicorn's."""

    on_text: Callable[[bytes], None] | None = None
    on_takes: Callable[[], None] | None = None

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.write: Callable[[bytes], None] = self.sent.append
        self.takes = True
        self.fails: Exception | None = None
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True

    async def send(self, message: Any) -> None:
        if self.fails is not None:
            raise self.fails
        self.sent.append((message["type"], message["code"], message["reason"]))


def test_a_frame_is_written_as_it_was_packed() -> None:
    line = HandLine()
    wire = SocketWire(line, line.send)
    wire.write(b"one")
    wire.write(b"two")
    assert line.sent == [b"one", b"two"]
    assert not wire.busy


def test_a_peer_that_does_not_read_makes_the_wire_busy_until_it_does() -> None:
    line = HandLine()
    wire = SocketWire(line, line.send)
    line.takes = False
    assert wire.busy
    line.takes = True
    assert not wire.busy


def test_closing_is_polite_where_the_peer_reads_and_nothing_follows_it() -> None:
    line = HandLine()
    wire = SocketWire(line, line.send)
    wire.close(4401, "token_expired")
    assert wire.busy
    wire.close(4401, "token_expired")
    assert line.sent == [("websocket.close", 4401, "token_expired")]
    assert not line.aborted


@pytest.mark.parametrize("failure", [ConnectionResetError("left"), RuntimeError("unexpected message after close")])
def test_a_peer_that_left_meanwhile_harms_nobody(failure: Exception) -> None:
    line = HandLine()
    wire = SocketWire(line, line.send)
    line.fails = failure
    wire.close(1001, "bye")
    assert wire.busy
    assert line.sent == []


def test_closing_cuts_where_the_peer_does_not_read() -> None:
    line = HandLine()
    wire = SocketWire(line, line.send)
    line.takes = False
    wire.close(4408, "too slow")
    assert line.aborted
    assert wire.busy
    assert line.sent == []
