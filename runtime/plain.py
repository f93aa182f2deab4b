"""A plain request read from its bytes at once, without the parser.

The parser calls back for each header, which costs more than all the rest of reading. A request that came whole in one
read and has nothing in its head but ordinary headers is cut apart here for a fraction of that. Only what is beyond
doubt is read: whoever sends anything else (chunks, two of a header, folded lines, a lone line feed) gets None, and goes
by the parser, which alone decides what is refused and how. Pure.
"""

import string

HEAD_END = b"\r\n\r\n"
# RFC 9112 section 5: names are tokens (RFC 9110 section 5.6.2), the colon right behind. No control character but
# the tab is in a value, so neither is a line feed that others might take for the end of a line.
_OF_NAMES = f"!#$%&'*+-.^_`|~{string.digits}{string.ascii_letters}".encode()
_OF_LINES = bytes([0x09, *range(0x20, 0x7F), *range(0x80, 0x100)])
_NOT_PLAIN = frozenset({b"transfer-encoding", b"expect", b"upgrade", b"proxy-connection"})
"""Headers that change where the request ends, or what is to be answered first."""
LENGTH_DIGITS_MAX = 8


def read_plain(
    data: bytes, line_bytes: int, *, headers_max: int, head_bytes_max: int
) -> tuple[dict[bytes, bytes], bytes] | None:
    """`(headers, body)` of the one whole HTTP/1.1 request that `data` is, whose first line is `line_bytes` long.

    Header names in lower case, values without the blanks around them. None: it is not that plain.
    """
    head_end = data.find(HEAD_END, line_bytes)
    if head_end < 0 or head_end - line_bytes > head_bytes_max:
        return None
    lines = data[line_bytes + 2 : head_end].split(b"\r\n")
    try:
        headers = {name.lower(): value.strip() for name, value in [line.split(b":", 1) for line in lines]}
    except ValueError:
        return None  # a line without a colon
    length = headers.get(b"content-length", b"")
    if (
        b"".join(lines).translate(None, _OF_LINES)
        or b"".join(headers).translate(None, _OF_NAMES)
        or b"" in headers
        or len(headers) != len(lines)
        or len(lines) > headers_max
        or not length.isdigit()
        or len(length) > LENGTH_DIGITS_MAX
        or len(data) != head_end + len(HEAD_END) + int(length)
        or not _NOT_PLAIN.isdisjoint(headers)
        or headers.get(b"connection", b"keep-alive").lower() != b"keep-alive"
    ):
        return None
    return headers, data[head_end + len(HEAD_END) :]
