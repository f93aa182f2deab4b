"""The socket that HTTP listens on."""

import socket
import time

import pytest

from runtime.http import UNSENT_BYTES_MAX, listen

PEER_BYTES = 4_096
PIECE_BYTES = 2_000


def test_a_peer_that_reads_nothing_is_noticed_before_the_kernel_has_taken_megabytes() -> None:
    with listen("127.0.0.1", 0) as listener, socket.socket() as peer:
        listener.listen()
        listener.setblocking(True)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PEER_BYTES)
        peer.connect(listener.getsockname())
        with listener.accept()[0] as connection:
            connection.setblocking(False)
            taken_bytes, refused_since_s = 0, time.monotonic()
            while time.monotonic() - refused_since_s < 0.2:
                try:
                    taken_bytes += connection.send(bytes(PIECE_BYTES))
                    refused_since_s = time.monotonic()
                except BlockingIOError:
                    continue
    assert PEER_BYTES < taken_bytes < UNSENT_BYTES_MAX + 4 * PEER_BYTES + PIECE_BYTES


def test_a_port_is_shared_only_by_those_who_say_so() -> None:
    with listen("127.0.0.1", 0, shared=True) as first:
        port = first.getsockname()[1]
        first.listen()
        with listen("127.0.0.1", port, shared=True) as second:
            assert second.getsockname()[1] == port
        with pytest.raises(OSError, match="in use"):
            listen("127.0.0.1", port)


def test_whoever_is_bound_and_does_not_listen_is_given_no_connection() -> None:
    with (
        listen("127.0.0.1", 0, shared=True) as bound,
        listen("127.0.0.1", bound.getsockname()[1], shared=True) as listener,
    ):
        listener.listen()
        listener.settimeout(5)
        for _ in range(20):
            with socket.create_connection(bound.getsockname(), timeout=5):
                listener.accept()[0].close()


def test_an_answer_in_two_writes_waits_for_no_acknowledgement() -> None:
    with listen("127.0.0.1", 0) as listener:
        listener.listen()
        with socket.create_connection(listener.getsockname(), timeout=5):
            listener.setblocking(True)
            with listener.accept()[0] as connection:
                assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
