"""Frames as they go over the line; what stands in them is `ticketing/socket_frames.py`."""

from dataclasses import dataclass
from typing import get_args

import msgspec

from notifier.merging import Merged
from ticketing.clock import rfc3339
from ticketing.layout import Seat
from ticketing.show_view import AVAILABLE, STATUS_NAMES, ShowView
from ticketing.socket_frames import (
    CLIENT_FRAME_BYTES_MAX,
    AnyClientFrame,
    Box,
    Counts,
    Data,
    SeatStatusChanged,
    Snapshot,
)
from ticketing.vocabulary import show_text


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
    data: Data
    v: int = 1


_encode = msgspec.json.Encoder().encode


def frame(kind: str, data: Data, *, show: int, seq: int, at_ms: int, event: str = "") -> Frame:
    """A server frame; `event` is its id."""
    made = _ServerFrame(type=kind, id=event, seq=seq, show=show_text(show), ts=rfc3339(at_ms), data=data)
    return Frame(kind, pack(_encode(made)))


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A frame that cannot be acted on. `hopeless`: it is not a frame at all, so the socket is closed."""

    code: str
    detail: str
    reply_to: str = ""
    hopeless: bool = False


_NO_JSON = Unreadable("malformed_json", "a frame is one JSON object", hopeless=True)


class _Head(msgspec.Struct, frozen=True):
    type: str
    id: str = ""


KINDS = frozenset(kind.__struct_config__.tag for kind in get_args(AnyClientFrame))
_frames = msgspec.json.Decoder(AnyClientFrame)


def read_client_frame(raw: bytes) -> AnyClientFrame | Unreadable:
    """What the client says."""
    if len(raw) > CLIENT_FRAME_BYTES_MAX:
        return Unreadable("body_too_large", f"a frame has at most {CLIENT_FRAME_BYTES_MAX} bytes", hopeless=True)
    try:
        said: AnyClientFrame = _frames.decode(raw)
    except msgspec.ValidationError as error:
        return _why_not(raw, error)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _NO_JSON
    return said


def _why_not(raw: bytes, error: msgspec.ValidationError) -> Unreadable:
    try:
        head = msgspec.json.decode(raw, type=_Head)
    except msgspec.ValidationError:
        return Unreadable("invalid_request", f"a frame is an object with a type: {error}")
    except (msgspec.DecodeError, UnicodeDecodeError):
        # What is no JSON may stand behind what was wrong first.
        return _NO_JSON
    if head.type not in KINDS:
        return Unreadable("not_supported", f"there is no client frame of type {head.type[:50]!r}", head.id[:100])
    return Unreadable("invalid_request", str(error), head.id[:100])


def snapshot_frame(view: ShowView, show: int, at_ms: int, box: Box | None = None) -> Frame:
    """Everything about the show as it stands in `view`; of seats those inside `box`."""
    labels = view.layout.seats
    seats: dict[str, list[str]] = {name: [] for name in STATUS_NAMES[1:]}
    for seat, status in enumerate(view.seats):
        if status != AVAILABLE and (box is None or inside(box, labels[seat])):
            seats[STATUS_NAMES[status]].append(labels[seat].label)
    data = Snapshot(
        seq=view.seq,
        status=view.status,
        seats=seats,
        areas={area.label: view.area_left(number) for number, area in enumerate(view.layout.areas)},
        counts=Counts(**view.counts()),
        bbox=box,
    )
    return frame("snapshot", data, show=show, seq=view.seq, at_ms=at_ms, event=f"{show_text(show)}.{view.seq}")


def changes_frame(merged: Merged, view: ShowView, show: int, at_ms: int, box: Box | None = None) -> Frame:
    """What changed in a range that ends where `view` stands; of seats those inside `box`."""
    labels, areas = view.layout.seats, view.layout.areas
    seats: dict[str, list[str]] = {}
    for seat, status in merged.seats.items():
        if box is None or inside(box, labels[seat]):
            seats.setdefault(STATUS_NAMES[status], []).append(labels[seat].label)
    data = SeatStatusChanged(
        from_seq=merged.from_seq,
        to_seq=merged.to_seq,
        status=view.status,
        seats=seats,
        areas={areas[area].label: left for area, left in merged.areas.items()},
        counts=Counts(**view.counts()),
        bbox=box,
    )
    event = f"{show_text(show)}.{merged.from_seq}-{merged.to_seq}"
    return frame("seat_status_changed", data, show=show, seq=merged.to_seq, at_ms=at_ms, event=event)


def inside(box: Box, seat: Seat) -> bool:
    """Whether a seat lies in the box."""
    x0, y0, x1, y1 = box
    return x0 <= seat.x <= x1 and y0 <= seat.y <= y1
