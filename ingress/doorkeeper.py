"""Turning new holds away before they are parsed, while more is asked than can be served.

Even the shortest way through the parser costs so much that at three times the bearable load little would be left for
those who are served, and for whoever confirms what is held. A hold that is refused for the crowd alone, whoever sends
it, is known by its first line; so it is answered from the bytes as they were read. So is a hold of a partner who was
refused for having its share of the places, and comes again at once: it is known by its header, and waits a little for
its answer, as otherwise the others would wait for what its refusals cost. Only the plain case is: one whole request in
one piece. Everything else goes the ordinary way and is told the same.
"""

import re
from collections.abc import Callable
from http import HTTPStatus

from ingress import metrics
from ingress.app import failed
from ingress.asgi import Request
from ingress.crowd import Crowd
from ingress.operations import Operation
from ingress.refusals import from_not_taken
from ingress.service import CROWDED
from runtime.door import Door, Refusals

HEAD_END = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length:"
AUTHORIZATION = b"\r\nauthorization:"
NOT_PLAIN = re.compile(rb"\r\n(?:transfer-encoding|expect|upgrade|connection|x-request-id):")
"""Headers that change what is answered, or where the request ends."""
LENGTH_DIGITS_MAX = 8
INSISTENT_PAUSE_S = 0.25
"""Whoever asks again at once over hundreds of connections is refused some hundred times a second: as often as they can
it would be twenty thousand times, and half of a core."""
ID_PLACE = "-the-id-of-the-request-".ljust(32, "-")
"""As long as an id is, so that the lengths are right."""


class Doorkeeper:
    """Answers requests for `operation` that the `crowd` has no place for, which is all that it turns anybody away for.

    `request_id` makes a new one. `doors`: for those who insist, then for all.
    """

    def __init__(self, operation: Operation, crowd: Crowd, request_id: Callable[[], str]) -> None:
        self._crowd = crowd
        self._request_id = request_id
        self._first_line = f"{operation.method} {operation.path} HTTP/1.1\r\n".encode()
        self._around_the_id = _around_the_id(operation)
        self._answers = metrics.requests(operation.name, HTTPStatus.SERVICE_UNAVAILABLE.value)
        self._not_taken = metrics.not_taken(CROWDED.code)
        self.doors = (Door(self.answer_insistent, Refusals(INSISTENT_PAUSE_S)), Door(self.answer))

    def answer(self, data: bytes) -> bytes | None:
        """The whole answer to the request that `data` is, while nobody has a place; None: it is to go on its way."""
        if not self._crowd.is_full() or not data.startswith(self._first_line) or not is_plain(data):
            return None
        return self._refusal()

    def answer_insistent(self, data: bytes) -> bytes | None:
        """The same, where its caller has been told and comes again."""
        crowd = self._crowd
        # First what costs least, as all others are asked this, too, while one insists.
        if not crowd.may_insist() or not data.startswith(self._first_line):
            return None
        return self._refusal() if crowd.insists(authorization_of(data)) and is_plain(data) else None

    def _refusal(self) -> bytes:
        self._answers.inc()
        self._not_taken.inc()
        return self._request_id().encode().join(self._around_the_id)


def is_plain(data: bytes) -> bool:
    """Whether `data` is one whole HTTP/1.1 request and nothing else, with no header that asks for something special."""
    head_end = data.find(HEAD_END)
    if head_end < 0:
        return False
    head = data[: head_end + 2].lower()
    at = head.find(LENGTH)
    if at < 0 or NOT_PLAIN.search(head) is not None:
        return False
    at += len(LENGTH)
    if head.find(LENGTH, at) >= 0:
        return False
    length = head[at : head.index(b"\r\n", at)].strip()
    return length.isdigit() and len(length) <= LENGTH_DIGITS_MAX and len(data) == head_end + len(HEAD_END) + int(length)


def authorization_of(data: bytes) -> bytes:
    """The header Authorization of a whole request; empty where it has none, or is not whole."""
    head = data[: data.find(HEAD_END) + 2]
    at = head.lower().find(AUTHORIZATION)
    if at < 0:
        return b""
    at += len(AUTHORIZATION)
    return head[at : head.index(b"\r\n", at)].strip()


def _around_the_id(operation: Operation) -> list[bytes]:
    """The pieces of the answer that the ordinary way gives: what is between and around the ids of the request."""
    request = Request(operation.method, operation.path, {}, ID_PLACE)
    response = failed(from_not_taken(CROWDED), operation.name, request)
    status = HTTPStatus(response.status)
    line = f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode()
    return b"".join((line, response.head(ID_PLACE), b"\r\n", response.body)).split(ID_PLACE.encode())
