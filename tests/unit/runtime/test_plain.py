"""What is read without the parser is what the parser reads; of everything else nothing is read."""

from typing import Any

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runtime.plain import read_plain

LINE = b"POST /x HTTP/1.1"
BOUNDS = {"headers_max": 100, "head_bytes_max": 32 * 1024}


def request(*headers: bytes, body: bytes = b"{}", length: bytes | None = None) -> bytes:
    announced = b"Content-Length: " + (b"%d" % len(body) if length is None else length)
    return b"\r\n".join([LINE, b"Host: x", announced, *headers, b"", body])


def read(data: bytes, **bounds: int) -> tuple[dict[bytes, bytes], bytes] | None:
    return read_plain(data, len(LINE), **(BOUNDS | bounds))


class Parsed:
    """What the parser makes of bytes: the requests that it finds whole."""

    def __init__(self, data: bytes) -> None:
        self.whole: list[tuple[dict[bytes, bytes], bytes]] = []
        parser: Any = httptools.HttpRequestParser(self)
        self.keeps_alive = False
        try:
            parser.feed_data(data)
            self.keeps_alive = parser.should_keep_alive()
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.whole = []

    def on_message_begin(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value.strip(b" \t")))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        assert len(dict(self.headers)) == len(self.headers)
        self.whole.append((dict(self.headers), self.body))


def test_a_plain_request_is_read() -> None:
    found = read(request(b"Idempotency-Key:\t k 1 ", b"x-empty:", b"x-high: \xe9", b"Connection: Keep-Alive"))
    assert found == (
        {
            b"host": b"x",
            b"content-length": b"2",
            b"idempotency-key": b"k 1",
            b"x-empty": b"",
            b"x-high": b"\xe9",
            b"connection": b"Keep-Alive",
        },
        b"{}",
    )
    assert read(request(body=b"")) == ({b"host": b"x", b"content-length": b"0"}, b"")


@pytest.mark.parametrize(
    "data",
    [
        request()[:-1],
        request() + b"G",
        request() + request(),
        request()[: len(LINE) + 4],
        LINE + b"\r\n\r\n",
        LINE + b"\r\nhost: x\r\n\r\n",
        LINE + b"\nhost: x\ncontent-length: 0\n\n",
        request(b"transfer-encoding: chunked"),
        request(b"Transfer-Encoding : chunked"),
        request(b"Expect: 100-continue"),
        request(b"Upgrade: websocket", b"Connection: Upgrade"),
        request(b"Connection: close"),
        request(b"connection: keep-alive, close"),
        request(b"proxy-connection: close"),
        request(b"content-length: 2"),
        request(b"x: 1", b"X: 2"),
        request(b"x: 1", b" folded"),
        request(b"x: 1\ny: 2"),
        request(b"x: 1\ry: 2"),
        request(b"x: a\0b"),
        request(b"x: a\x7fb"),
        request(b"no colon"),
        request(b": no name"),
        request(b"x y: 1"),
        request(b"x\xe9: 1"),
        request(length=b"+2"),
        request(length=b"0x2"),
        request(length=b"2, 2"),
        request(length=b"-2"),
        request(length=b""),
        request(length=b"9" * 5_000),
        request(length=b"\xb2"),
    ],
)
def test_whatever_is_in_doubt_is_left_to_the_parser(data: bytes) -> None:
    assert read(data) is None


def test_what_the_bounds_refuse_is_left_to_the_parser() -> None:
    data = request(*(b"x%d: y" % number for number in range(10)))
    assert read(data, headers_max=12) is not None
    assert read(data, headers_max=11) is None
    assert read(data, head_bytes_max=len(data) - len(LINE) - 6) is not None
    assert read(data, head_bytes_max=len(data) - len(LINE) - 7) is None


PIECES = st.sampled_from([
    b"host: x", b"x: y", b"X: z", b"content-length: 2", b"content-length: 3", b"Content-Length: 2",
    b"content-length: 02", b"content-length: 2 ", b"content-length:2", b"transfer-encoding: chunked",
    b"connection: keep-alive", b"connection: close", b"proxy-connection: close", b"upgrade: h2c",
    b"expect: 100-continue", b" x", b"\tx", b"", b"a", b"{}", b"{}\r\n", b"\r", b"\n", b"0", b"x: \x00", b"x:\x0b1",
    b"x: \xff", b"x : y", b"te: trailers", b"\r\n{}",
])  # fmt: skip


@given(st.lists(PIECES | st.binary(max_size=6), max_size=8))
@example([b"host: x", b"content-length: 2", b"", b"{}"])
@example([b"host: x", b"content-length: 02", b"", b"{}"])
@example([b"proxy-connection: close", b"content-length: 0", b"", b""])
def test_the_parser_reads_the_same(lines: list[bytes]) -> None:
    data = b"\r\n".join([LINE, *lines])
    found = read(data)
    if found is not None:
        parsed = Parsed(data)
        assert (parsed.whole, parsed.keeps_alive) == ([found], True)
