"""What the room counts. `show` is a label because each sale is watched by itself, and shows are few."""

from prometheus_client import Counter, Gauge

from ticketing.vocabulary import show_text
from waiting_room.gate import Limiter
from waiting_room.rooms import Room

WAITING = Gauge("room_waiting", "People who have a number and are not yet called", ["show"])
ISSUED = Counter("room_issued_total", "Numbers given away by this instance")
ADMITTED = Counter("room_admitted_total", "Places claimed for the first time through this instance")
ABANDONED = Counter("room_abandoned_total", "Places given up through this instance")
REFUSED = Counter("room_refused_total", "Requests of fans answered with a no, by its code", ["reason"])
CLEARED = Counter("room_cleared_total", "Joins that did not have to wait because of what they showed", ["by"])
NO_SHOW_RATIO = Gauge("room_no_show_ratio", "Of those called in the last two minutes, who did not come", ["show"])
RATE_TARGET = Gauge("room_rate_target", "People per minute that may be let in now", ["show"])
RATE_EFFECTIVE = Gauge("room_rate_effective", "People per minute called over the last ten seconds", ["show"])
LIMITER = Gauge("room_limiter", "1 for the limit that binds", ["show", "which"])
ALLOCATOR_LAG = Gauge("room_allocator_lag_seconds", "The allocator's lag as last heard of", ["show"])
STALLED = Gauge("room_stalled", "1 while people wait, the rate is above zero and nobody is called", ["show"])
STORE_GENERATION = Gauge("room_store_generation", "How often the counters of the line were started", ["show"])
ETA_ERROR = Gauge("room_eta_error_seconds", "How far the last wait that was told missed its interval", ["show"])
SEATS = Gauge("room_seats", "Places as the allocator last said: free, held or booked", ["show", "state"])
STEP_OK = Gauge("room_step_ok", "1 while a loop of the room does its work, 0 while what it needs is away", ["step"])
LEDGER_BACKLOG = Gauge("room_ledger_backlog_rows", "Joins and claims that are not written to Postgres yet")


def measure(room: Room, now_ms: int) -> None:
    """Set the gauges of one room, all its lines together."""
    show = show_text(room.row.show)
    admission, rates = room.admission(now_ms), room.calls(now_ms)
    queues = room.queues.values()
    WAITING.labels(show).set(sum(queue.waiting for queue in queues))
    NO_SHOW_RATIO.labels(show).set(1 - room.flow.crowd().comes)
    RATE_TARGET.labels(show).set(admission.rate_per_min)
    RATE_EFFECTIVE.labels(show).set(sum(queue.rate_now() for queue in queues))
    STORE_GENERATION.labels(show).set(max(queue.position.gen for queue in queues))
    ETA_ERROR.labels(show).set(max(queue.eta.missed_by_ms for queue in queues) / 1000)
    STALLED.labels(show).set(any(queue.stalled(rates[name]) for name, queue in room.queues.items()))
    for which in Limiter:
        LIMITER.labels(show, which).set(which is admission.limited_by)
    if room.heard is not None:
        ALLOCATOR_LAG.labels(show).set(room.heard.lag_ms / 1000)
        stock = room.heard.stock
        for state, seats in (("free", stock.available), ("held", stock.held), ("booked", stock.booked)):
            SEATS.labels(show, state).set(seats)
