"""What keeps a container running asks the room in it."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from runtime.probe import main, probe


@contextmanager
def room_that_says(answer: bytes) -> Iterator[tuple[dict[str, str], list[bytes]]]:
    """A listener that answers every request so; what names its port, and the first lines that it was sent."""
    heard: list[bytes] = []

    class Reply(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            heard.append(self.rfile.readline().strip())
            self.wfile.write(answer)

    with socketserver.TCPServer(("127.0.0.1", 0), Reply) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield {"ONSALE_PORT": str(server.server_address[1])}, heard
        finally:
            server.shutdown()
            thread.join()


def test_a_room_that_is_ready_is_found_so() -> None:
    with room_that_says(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nready") as (environment, heard):
        assert probe("/readyz", environment) == (True, "ready")
        assert probe("/livez", environment) == (True, "ready")
    assert heard == [b"GET /readyz HTTP/1.1", b"GET /livez HTTP/1.1"]


def test_a_room_that_is_not_ready_has_its_reasons_printed() -> None:
    reasons = b'{"status":"not ready"}'
    with room_that_says(b"HTTP/1.1 503 No\r\ncontent-length: 22\r\n\r\n" + reasons) as (environment, _):
        assert probe("/readyz", environment) == (False, reasons.decode())


def test_a_listener_that_does_not_speak_http_is_no_room() -> None:
    with room_that_says(b"hello\r\n") as (environment, _):
        good, said = probe("/readyz", environment)
    assert not good and "does not answer" in said


def test_a_room_that_is_not_there_ends_with_1() -> None:
    # Nobody can listen on port 0, which is what an environment without a port comes to.
    good, said = probe("/readyz", {})
    assert not good and said.startswith("port 0 does not answer")
    assert probe("/readyz", {"ONSALE_CONSOLE_PORT": "1"})[1].startswith("port 1 does not answer")


def test_the_exit_code_is_what_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with room_that_says(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nready") as (environment, heard):
        monkeypatch.setenv("ONSALE_PORT", environment["ONSALE_PORT"])
        assert main([]) == 0
        assert main(["/livez"]) == 0
    assert heard == [b"GET /readyz HTTP/1.1", b"GET /livez HTTP/1.1"]
    monkeypatch.setenv("ONSALE_PORT", "0")
    monkeypatch.delenv("ONSALE_CONSOLE_PORT", raising=False)
    assert main([]) == 1
