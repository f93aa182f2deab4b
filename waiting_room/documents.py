"""The status documents at hand, and a window at which the plain question for one is answered from the bytes as read.

In a large line nearly every request is this one, and its answer is the same for everybody: what Starlette does around
it costs many times as much as the answer. Only the plain case goes this way; every other is told the same by the route.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from ticketing.clock import Clock
from ticketing.vocabulary import Malformed, parse_show
from waiting_room.looks import Poll, poll_for
from waiting_room.public_status import Document, document
from waiting_room.rooms import Room

STATUS_CACHE = "public, max-age=1, stale-while-revalidate=5"
KEPT_MS = 200
FIRST = b"GET /room/"
REST = b"/status HTTP/1.1\r\n"
HEAD_END = b"\r\n\r\n"
HEAD_BYTES_MAX = 8_192
SHOW_CHARS_MAX = 64
NOT_PLAIN = re.compile(
    rb"\n(?:transfer-encoding|content-length|expect|upgrade|x-request-id|connection:(?!\s*keep-alive\r))", re.IGNORECASE
)
"""Headers that change what is answered, or where the request ends."""


class Documents:
    """Made anew when somebody asks and the last one is older than `KEPT_MS`. `looks_per_s_max`: see `looks.py`."""

    def __init__(self, clock: Clock, usual: Poll, looks_per_s_max: int) -> None:
        self._clock = clock
        self._usual = usual
        self._looks_per_s_max = looks_per_s_max
        self._kept: dict[int, tuple[int, Document]] = {}

    def poll(self, room: Room) -> Poll:
        """How often everybody in this room is to look now."""
        waiting = sum(queue.waiting for queue in room.queues.values())
        calls_per_s = sum(room.rates(self._clock.now_ms()).values()) / 60
        return poll_for(self._usual, waiting, calls_per_s, self._looks_per_s_max)

    def of(self, room: Room) -> Document:
        """The room's document, which is the same object for as long as it is the same."""
        now_ms = self._clock.now_ms()
        made_at_ms, found = self._kept.get(room.row.show, (0, None))
        if found is None or not 0 <= now_ms - made_at_ms < KEPT_MS:
            found = document(room, now_ms, self.poll(room))
            self._kept[room.row.show] = (now_ms, found)
        return found


@dataclass(frozen=True, slots=True)
class _Ready:
    """Both answers to the question for one document, as they are written."""

    of: Document
    etag: bytes
    whole: bytes
    unchanged: bytes


class Window:
    """`known(show)`: the room of a show where this instance has opened it."""

    def __init__(self, documents: Documents, known: Callable[[int], Room | None]) -> None:
        self._documents = documents
        self._known = known
        self._ready: dict[int, _Ready] = {}
        self._shows: dict[bytes, int] = {}

    def answer(self, data: bytes) -> bytes | None:
        """The whole answer to the request that `data` is; None: it is to go the ordinary way."""
        if not data.startswith(FIRST):
            return None
        end = data.find(REST, len(FIRST), len(FIRST) + SHOW_CHARS_MAX)
        if end < 0 or len(data) > HEAD_BYTES_MAX or data.find(HEAD_END) != len(data) - len(HEAD_END):
            return None
        room = self._room(data[len(FIRST) : end])
        if room is None or NOT_PLAIN.search(data) is not None:
            return None
        ready = self._ready_for(room)
        return ready.unchanged if ready.etag in data else ready.whole

    def _room(self, text: bytes) -> Room | None:
        show = self._shows.get(text)
        if show is not None:
            return self._known(show)
        try:
            show = parse_show(text.decode("latin-1"))
        except Malformed:
            return None
        room = self._known(show)
        if room is not None:
            # One way to write it for each show that there is, so this stays as small as the rooms are.
            self._shows[text] = show
        return room

    def _ready_for(self, room: Room) -> _Ready:
        found = self._documents.of(room)
        ready = self._ready.get(room.row.show)
        if ready is None or ready.of is not found:
            ready = self._ready[room.row.show] = _ready(found)
        return ready


def _ready(found: Document) -> _Ready:
    etag = found.etag.encode()
    same = b"cache-control: %b\r\netag: %b\r\nx-content-type-options: nosniff\r\n" % (STATUS_CACHE.encode(), etag)
    length = b"content-type: application/json\r\ncontent-length: %d\r\n" % len(found.body)
    whole = b"HTTP/1.1 200 OK\r\n" + length + same + b"\r\n" + found.body
    return _Ready(found, etag, whole, b"HTTP/1.1 304 Not Modified\r\n" + same + b"\r\n")
