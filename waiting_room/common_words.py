"""How a room stands for somebody who comes now, in the field names that the waiting rooms of two large networks share.

Programs that know those find their way here: `GET /room/{show}` with `Accept: application/json`. Times in minutes, as
there; everything else is in the status document. (Cloudflare, Waiting Room, "Get JSON response for mobile and other
non-browser traffic"; Alibaba Cloud ESA, "JSON response parameters".)
"""

import math

from ticketing.clock import rfc3339
from waiting_room.looks import Poll
from waiting_room.phases import JOINABLE, Phase
from waiting_room.rooms import Room


def in_common_words(room: Room, now_ms: int, poll: Poll) -> dict[str, object]:
    """For the general line. `queueIsFull`: nobody can join any more; `queueAll`: nobody is called at present."""
    phase = room.phase(now_ms)
    pace = room.general.eta.pace(room.rates(now_ms)[room.general.line.name])
    through = phase is Phase.IDLE
    known = through or (phase in {Phase.OPEN, Phase.DRAINING} and pace is not None)
    soonest = latest = 0
    if known and pace is not None and not through:
        soonest = math.floor(room.general.waiting / pace.fast_per_min)
        latest = math.ceil(room.general.waiting / pace.slow_per_min)
    return {
        "inWaitingRoom": not through,
        "waitTime": latest,
        "waitTimeKnown": known,
        "waitTimeFormatted": _words(soonest, latest) if known else "unknown",
        "queueIsFull": phase not in JOINABLE,
        "queueAll": phase in {Phase.PREQUEUE, Phase.PAUSED},
        "lastUpdated": rfc3339(now_ms),
        "refreshIntervalSeconds": poll.ceiling_s,
    }


def _words(soonest: int, latest: int) -> str:
    return f"{latest} minutes" if soonest == latest else f"{soonest} minutes to {latest} minutes"
