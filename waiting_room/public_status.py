"""The one public document of a room: the same bytes for everybody, from which each finds their own place and wait."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from ticketing.clock import rfc3339
from ticketing.vocabulary import show_text
from waiting_room.inventory import inventory
from waiting_room.looks import Poll
from waiting_room.phases import Phase, opens_later
from waiting_room.queues import Queue
from waiting_room.rooms import Room

RESTORING_AFTER_MS = 5_000


@dataclass(frozen=True, slots=True)
class Document:
    """`etag` is quoted, as the header wants it."""

    body: bytes
    etag: str


def document(room: Room, now_ms: int, poll: Poll) -> Document:
    """The document at `now_ms`.

    Rates are in people per minute, times RFC 3339 in UTC; `inventory` is null while no allocator has spoken of the
    show; `version` counts what operators changed. A client whose place is not yet served waits about
    `(place - serving) / rate_now` minutes and looks again after a `divisor`th of it, within `floor_s` and `ceiling_s`;
    while the line stands, or the places are not drawn, after `ceiling_s`.
    """
    phase = room.phase(now_ms)
    admission, rates = room.admission(now_ms), room.rates(now_ms)
    stock = None if room.heard is None else room.heard.stock
    schedule = room.row.schedule
    body = json.dumps(
        {
            "show": show_text(room.row.show),
            "name": room.row.name,
            "phase": phase,
            "lines": {name: _line(room, queue, rates[name]) for name, queue in sorted(room.queues.items())},
            "limited_by": admission.limited_by,
            "message": _message(room, phase, now_ms),
            "inventory": stock and inventory(stock),
            "poll": {"floor_s": poll.floor_s, "ceiling_s": poll.ceiling_s, "divisor": poll.divisor},
            "prequeue_at": rfc3339(schedule.prequeue_at_ms) if schedule.prequeue_at_ms else None,
            "opens_at": rfc3339(schedule.opens_at_ms) if schedule.opens_at_ms else None,
            "closes_at": rfc3339(schedule.ends_at_ms),
            "server_time": rfc3339(now_ms),
            "version": room.row.version,
        },
        separators=(",", ":"),
        ensure_ascii=False,
    ).encode()
    return Document(body, f'"{hashlib.sha256(body).hexdigest()[:20]}"')


def _line(room: Room, queue: Queue, rate_per_min: int) -> dict[str, object]:
    """`drawn` is null where there is no draw; of a draw, `size` and `seed` tell each their place (docs/draw.md).

    `eta`: whoever has so many before them waits `ahead / fast_per_min` to `ahead / slow_per_min` minutes; `slower`: the
    line has become slower, because of what `limited_by` names; null: nobody can say. `hope`: up to which place one
    likely gets to buy, and from which one on likely not; null while nothing is known of the stock. `coded`: whoever
    joins needs a code.
    """
    draw = queue.draw
    pace, hope = queue.eta.pace(rate_per_min), room.hope(queue)
    return {
        "coded": queue.line.name in room.row.coded,
        "serving": queue.position.serving,
        "issued": queue.position.issued,
        "rate_target": rate_per_min,
        "rate_now": queue.rate_now(),
        "eta": pace
        and {
            "fast_per_min": round(pace.fast_per_min, 2),
            "slow_per_min": round(pace.slow_per_min, 2),
            "slower": pace.slower,
        },
        "hope": hope and {"likely_to": hope[0], "unlikely_from": hope[1]},
        "drawn": draw
        and {"state": draw.state, "size": draw.size, "seed": None if draw.seed is None else draw.seed.hex()},
    }


def _message(room: Room, phase: Phase, now_ms: int) -> Mapping[str, object] | None:
    if room.row.message:
        return room.row.message
    return _own_message(room, phase, now_ms)


def _own_message(room: Room, phase: Phase, now_ms: int) -> dict[str, object] | None:
    if phase is Phase.PAUSED:
        return _say("warning", room.row.reason or "The line is paused. Your place is kept.")
    if phase is Phase.DRAINING:
        return _say("info", "Nobody else can join. Whoever has a place is served.")
    if phase is Phase.SOLDOUT:
        return _say("warning", "Everything is booked.")
    if opens_later(now_ms, room.row.schedule, phase):
        return _say("info", "Nobody can join yet.")
    if phase is Phase.CLOSED:
        return _say("info", "The sale is over.")
    if phase is not Phase.PREQUEUE and any(queue.undrawn for queue in room.queues.values()):
        return _say("info", "The places are being drawn now.")
    if now_ms - min(queue.seen_at_ms for queue in room.queues.values()) > RESTORING_AFTER_MS:
        return _say("warning", "The line is being restored. Your place is kept.")
    stock = None if room.heard is None else room.heard.stock
    if stock is not None and stock.available == 0:
        return _say("info", f"Everything is held at the moment. Up to {stock.held} places may come back.")
    return None


def _say(severity: str, english: str) -> dict[str, object]:
    return {"severity": severity, "text": {"en": english}}
