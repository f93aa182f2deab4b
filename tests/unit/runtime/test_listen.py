"""The socket that HTTP listens on."""

import socket
import time

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
