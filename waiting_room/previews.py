"""What is to be expected of a rate: when everything is sold, and how long people wait. Pure."""

import copy
from dataclasses import dataclass

from waiting_room.operating import RoomRow
from waiting_room.rooms import Room

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Preview:
    """Should things go on as they are now. None: not at this rate.

    `reached`: how many of those who wait now are called while there is something to buy; the waits are theirs.
    """

    rate_per_min: int
    limited_by: str
    sold_out_at_ms: int | None
    reached: int
    wait_p50_s: int | None
    wait_p90_s: int | None


def preview(room: Room, row: RoomRow, now_ms: int) -> Preview:
    """What to expect of `room` if it were as `row` says."""
    then = copy.copy(room)
    then.row = row
    admission = then.admission(now_ms)
    waiting = sum(queue.waiting for queue in room.queues.values())
    calls = admission.calls_per_min
    if calls == 0:
        return Preview(0, admission.limited_by, None, 0, None, None)
    buyers: float | None = None
    if room.heard is not None:
        crowd = room.flow.crowd()
        buyers = max(0.0, room.heard.stock.available - crowd.expected) / max(crowd.places_per_call, 0.01)
    reached = waiting if buyers is None else min(waiting, round(buyers))
    # Who has not joined yet buys as well, but nobody knows how many there are: sold out by those who wait, or not.
    sold_out = buyers is not None and waiting >= buyers
    return Preview(
        admission.rate_per_min,
        admission.limited_by,
        now_ms + round((buyers or 0) * MINUTE_MS / calls) if sold_out else None,
        reached,
        round(reached * 0.5 * 60 / calls),
        round(reached * 0.9 * 60 / calls),
    )
