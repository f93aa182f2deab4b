"""A room as its operators see it. Pure."""

from ticketing.clock import rfc3339
from ticketing.vocabulary import show_text
from waiting_room.previews import Preview, preview
from waiting_room.rooms import Room


def as_json(room: Room, now_ms: int, message: str) -> dict[str, object]:
    """Rates in people per minute, of all lines together."""
    admission = room.admission(now_ms)
    positions = [queue.position for queue in room.queues.values()]
    crowd = room.flow.crowd()
    row = room.row
    return {
        "message": message,
        "show": show_text(row.show),
        "control": room.control(now_ms),
        "open_until": rfc3339(row.open_until_ms) if row.open_until_ms > now_ms else None,
        "phase": room.phase(now_ms),
        "prequeue_at": rfc3339(row.schedule.prequeue_at_ms) if row.schedule.prequeue_at_ms else None,
        "reason": row.reason,
        "shown": dict(row.message) or None,
        "rate_per_min": room.ceiling_per_min,
        "rate_target": admission.rate_per_min,
        "rate_now": sum(queue.rate_now() for queue in room.queues.values()),
        "limited_by": admission.limited_by,
        "shares": dict(row.shares),
        "active": crowd.active,
        "active_max": room.limits.active_max if row.active_max is None else row.active_max,
        "no_shows": round(1 - crowd.comes, 3),
        "places_per_call": round(crowd.places_per_call, 2),
        "eta_coverage": {name: queue.eta.coverage for name, queue in sorted(room.queues.items())},
        "issued": sum(position.issued for position in positions),
        "serving": room.general.position.serving,
        "claimed": sum(position.claimed for position in positions),
        "given_up": sum(position.given_up for position in positions),
        "wave": row.wave,
        "version": row.version,
        "expected": preview_json(preview(room, row, now_ms)),
        "server_time": rfc3339(now_ms),
    }


def preview_json(found: Preview) -> dict[str, object]:
    """What to expect, as operators read it."""
    return {
        "rate_target": found.rate_per_min,
        "limited_by": found.limited_by,
        "sold_out_at": None if found.sold_out_at_ms is None else rfc3339(found.sold_out_at_ms),
        "reached": found.reached,
        "wait_p50_s": found.wait_p50_s,
        "wait_p90_s": found.wait_p90_s,
    }
