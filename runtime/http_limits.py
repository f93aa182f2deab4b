"""What an HTTP connection is granted, and what it is told when it takes more."""

import json
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What is granted to each connection; times in seconds."""

    connections_max: int = 50_000
    """Open at once, sockets among them; and requests that run at once."""
    head_s: float = 10.0
    """From a connection's first moment, or a request's first byte, to the end of its headers."""
    body_s: float = 60.0
    """From the end of the headers to the end of the body. A room may be stricter, never laxer."""
    unread_s: float = 60.0
    """How long a client may leave an answer unread once the buffers are full."""
    idle_s: int = 20
    """Between an answer and the next request."""
    linger_s: float = 1.0
    """How long what a client still sends is thrown away, so that it can read why it was refused."""
    url_bytes_max: int = 8 * 1024
    head_bytes_max: int = 32 * 1024
    """Names and values of all headers, trailers among them."""
    headers_max: int = 100


DEFAULTS = HttpLimits()


class Fault(Enum):
    """Why a connection is ended: the code and status of the problem that is answered."""

    MALFORMED = ("request_malformed", 400, "This is not HTTP")
    HEAD_SLOW = ("headers_too_slow", 408, "The headers did not arrive in time")
    BODY_SLOW = ("body_too_slow", 408, "The body did not arrive in time")
    URL_LONG = ("url_too_long", 414, "The URL is longer than 8 kB")
    HEAD_LARGE = ("headers_too_large", 431, "The headers are larger than 32 kB, or more than 100")
    TOO_MANY = ("busy", 503, "More requests are waiting than can be taken")

    @property
    def code(self) -> str:
        return self.value[0]

    @property
    def status(self) -> int:
        return self.value[1]

    def answer(self) -> bytes:
        """The whole answer, head and body: a problem document (RFC 9457)."""
        request_id, phrase = uuid4().hex, HTTPStatus(self.status).phrase
        _, _, title = self.value
        problem = {
            "type": f"/api/problems/{self.code}",
            "title": title,
            "status": self.status,
            "detail": title,
            "instance": "",
            "code": self.code,
            "request_id": request_id,
            "retryable": self.status in (408, 503),
            **({"retry_after_s": 1} if self.status == 503 else {}),
        }
        body = json.dumps(problem).encode()
        head = [
            f"HTTP/1.1 {self.status} {phrase}",
            "content-type: application/problem+json",
            f"content-length: {len(body)}",
            f"x-request-id: {request_id}",
            *(["retry-after: 1"] if self.status == 503 else []),
            "connection: close",
        ]
        return "\r\n".join([*head, "", ""]).encode() + body
