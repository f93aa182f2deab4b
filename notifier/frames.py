"""What goes over a socket: subprotocol `onsale.v1+json`, text frames of JSON, at most 16 kB from the client.

Server frames are `{"v": 1, "type", "id", "seq", "show", "ts", "data"}`: `seq` is the show's sequence number when the
frame was made, `ts` that moment (RFC 3339). `id` tells a frame heard twice: `evt_…` of a personal one, empty where
nothing is sent again. Public frames:

- `welcome` `{account, venue, expires_at, heartbeat_s}`: the answer to `hello`; `account` is absent for the public.
- `snapshot` `{seq, status, seats: {held: [label], booked: […], blocked: […]}, areas: {label: places left}, counts}`:
  every seat that is not named is available.
- `seat_status_changed` `{from_seq, to_seq, status, seats: {available: […], held: […], …}, areas, counts}`: the last
  word on every place that changed in the range. One begins where the one before ended, or a `snapshot` came between.
- `show_status` `{status}`: the sale was opened, closed or cancelled.
- `message` `{code, text, closes_at}`, `resync_required` `{reason}`, `goodbye` `{reconnect_after_ms}`, `pong`, and
  `error` `{code, detail, reply_to}`, which closes nothing by itself.

Personal frames are `{request, status: granted | rejected, outcome}` with the body that waiting over HTTP would have
got (`bodies.py`), and `reservation_expiring` `{reservation, expires_at}`.
"""

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from notifier.merging import Merged
from ticketing.clock import rfc3339
from ticketing.show_view import AVAILABLE, STATUS_NAMES, ShowView
from ticketing.vocabulary import show_text

SUBPROTOCOL = "onsale.v1+json"
CLIENT_FRAME_BYTES_MAX = 16 * 1024
HEARTBEAT_S = 20

GOING_AWAY = 1001
POLICY_VIOLATION = 1008
RESTARTING = 1012
FULL = 1013
UNAUTHENTICATED = 4401
FORBIDDEN = 4403
TOO_SLOW = 4408
TOO_MANY = 4429


@dataclass(frozen=True, slots=True)
class Frame:
    """One text frame, made once and sent to any number of sockets. `packed`: as it goes over the line."""

    kind: str
    packed: bytes


def pack(text: bytes) -> bytes:
    """A server's text frame around `text` (RFC 6455 section 5.2): whole, unmasked."""
    size = len(text)
    if size < _SIZE_IN_TWO:
        return bytes((_WHOLE_TEXT, size)) + text
    if size < 1 << 16:
        return bytes((_WHOLE_TEXT, _SIZE_IN_TWO)) + size.to_bytes(2) + text
    return bytes((_WHOLE_TEXT, _SIZE_IN_EIGHT)) + size.to_bytes(8) + text


_WHOLE_TEXT, _SIZE_IN_TWO, _SIZE_IN_EIGHT = 0x81, 126, 127


class _ServerFrame(msgspec.Struct):
    type: str
    id: str
    seq: int
    show: str
    ts: str
    data: dict[str, Any]
    v: int = 1


_encode = msgspec.json.Encoder().encode


def frame(kind: str, data: dict[str, Any], *, show: int, seq: int, at_ms: int, event: str = "") -> Frame:
    """A server frame; `event` is its id."""
    made = _ServerFrame(type=kind, id=event, seq=seq, show=show_text(show), ts=rfc3339(at_ms), data=data)
    return Frame(kind, pack(_encode(made)))


class Resume(msgspec.Struct, frozen=True):
    """`after_seq`: the last number that the client has seen."""

    after_seq: Annotated[int, msgspec.Meta(ge=0, lt=2**53)]


class Hello(msgspec.Struct, frozen=True):
    """The first frame; again at any time to bring a newer token."""

    id: str = ""
    token: str | None = None
    resume: Resume | None = None


class Subscribe(msgspec.Struct, frozen=True):
    """Public frames from now on, beginning with a snapshot. `hello` has done that already."""

    id: str = ""
    bbox: msgspec.Raw | None = None


class Unsubscribe(msgspec.Struct, frozen=True):
    """No public frames from now on."""

    id: str = ""


class Ping(msgspec.Struct, frozen=True):
    """Is anybody there? Answered by `pong`."""

    id: str = ""


class _Head(msgspec.Struct, frozen=True):
    type: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A frame that cannot be acted on. `hopeless`: it is not a frame at all, so the socket is closed."""

    code: str
    detail: str
    reply_to: str = ""
    hopeless: bool = False


ClientFrame = Hello | Subscribe | Unsubscribe | Ping
_KINDS: dict[str, type[ClientFrame]] = {
    "hello": Hello,
    "subscribe": Subscribe,
    "unsubscribe": Unsubscribe,
    "ping": Ping,
}


def read_client_frame(raw: bytes) -> ClientFrame | Unreadable:
    """What the client says."""
    if len(raw) > CLIENT_FRAME_BYTES_MAX:
        return Unreadable("body_too_large", f"a frame has at most {CLIENT_FRAME_BYTES_MAX} bytes", hopeless=True)
    try:
        head = msgspec.json.decode(raw, type=_Head)
    except msgspec.ValidationError as error:
        return Unreadable("invalid_request", f"a frame is an object with a type: {error}")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Unreadable("malformed_json", "a frame is one JSON object", hopeless=True)
    kind = _KINDS.get(head.type)
    if kind is None:
        return Unreadable("not_supported", f"there is no client frame of type {head.type[:50]!r}", head.id)
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        return Unreadable("invalid_request", str(error), head.id)


def snapshot_frame(view: ShowView, show: int, at_ms: int) -> Frame:
    """Everything about the show as it stands in `view`."""
    labels = view.layout.seats
    seats: dict[str, list[str]] = {name: [] for name in STATUS_NAMES[1:]}
    for seat, status in enumerate(view.seats):
        if status != AVAILABLE:
            seats[STATUS_NAMES[status]].append(labels[seat].label)
    data = {
        "seq": view.seq,
        "status": view.status,
        "seats": seats,
        "areas": {area.label: view.area_left(number) for number, area in enumerate(view.layout.areas)},
        "counts": view.counts(),
    }
    return frame("snapshot", data, show=show, seq=view.seq, at_ms=at_ms, event=f"{show_text(show)}.{view.seq}")


def changes_frame(merged: Merged, view: ShowView, show: int, at_ms: int) -> Frame:
    """What changed in a range that ends where `view` stands."""
    labels, areas = view.layout.seats, view.layout.areas
    seats: dict[str, list[str]] = {}
    for seat, status in merged.seats.items():
        seats.setdefault(STATUS_NAMES[status], []).append(labels[seat].label)
    data = {
        "from_seq": merged.from_seq,
        "to_seq": merged.to_seq,
        "status": view.status,
        "seats": seats,
        "areas": {areas[area].label: left for area, left in merged.areas.items()},
        "counts": view.counts(),
    }
    event = f"{show_text(show)}.{merged.from_seq}-{merged.to_seq}"
    return frame("seat_status_changed", data, show=show, seq=merged.to_seq, at_ms=at_ms, event=event)
