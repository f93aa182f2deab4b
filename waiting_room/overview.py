"""`GET /room/admin`: every room at once, as the console shows them each second."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ticketing.clock import Clock, rfc3339
from waiting_room.answers import answer
from waiting_room.flow import Sample
from waiting_room.operator_keys import Operators
from waiting_room.operator_views import as_json
from waiting_room.rooms import Room
from waiting_room.service import WaitingRoom

PAST_MS = 10 * 60_000
PAST_STEP_MS = 5_000
RATE_OVER_MS = 10_000
ROOMS_MAX = 200


class OverviewRoutes:
    """Reads what this instance has in memory; nothing is asked of the stores but who is asking."""

    def __init__(self, room: WaitingRoom, operators: Operators, *, clock: Clock) -> None:
        self._room = room
        self._operators = operators
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        """What they answer; to be asked before the fans' routes."""
        return [Route("/room/admin", self.all, methods=["GET"])]

    async def all(self, request: Request) -> Response:
        """The rooms, those that open soonest first. `?past=true`: with the last ten minutes of each."""
        await self._operators.of(request)
        now_ms = self._clock.now_ms()
        past = request.query_params.get("past") == "true"
        rooms = [room for room in self._room.rooms.values() if room.queues]
        rooms.sort(key=lambda room: (room.row.schedule.opens_at_ms, room.row.show))
        return answer(
            {
                "rooms": [seen(room, now_ms, past=past) for room in rooms[:ROOMS_MAX]],
                "more": max(0, len(rooms) - ROOMS_MAX),
                "server_time": rfc3339(now_ms),
            }
        )


def seen(room: Room, now_ms: int, *, past: bool) -> dict[str, object]:
    """A room as `operator_views.as_json`, with what its show and the allocator say. Places and people are counts.

    `lag_ms`, `decide_p99_ms`, `heard_ms_ago`, `places` are null until an allocator has spoken; `places_per_s`: taken,
    over ten seconds; `counted`: `[epoch ms, called, places taken so far]` (null as they are), `past`: the same every
    five seconds.
    """
    schedule, heard, rates = room.row.schedule, room.heard, room.calls(now_ms)
    then = room.flow.past(now_ms - RATE_OVER_MS, now_ms, RATE_OVER_MS)
    found: dict[str, object] = as_json(room, now_ms, "The room as it is") | {
        "name": room.row.name,
        "opens_at": rfc3339(schedule.opens_at_ms) if schedule.opens_at_ms else None,
        "ends_at": rfc3339(schedule.ends_at_ms),
        "waiting": sum(queue.waiting for queue in room.queues.values()),
        "stalled": any(queue.stalled(rates[name]) for name, queue in room.queues.items()),
        "joined_per_min": room.joined_per_min(),
        "places_per_s": round((then[-1].taken - then[0].taken) * 1000 / RATE_OVER_MS, 1) if then else None,
        "counted": _counted(then[-1]) if then else None,
        "places": None,
        "lag_ms": None,
        "decide_p99_ms": None,
        "heard_ms_ago": None,
    }
    if heard is not None:
        stock = heard.stock
        found |= {
            "places": {
                "status": stock.status,
                "available": stock.available,
                "held": stock.held,
                "booked": stock.booked,
            },
            "lag_ms": heard.lag_ms,
            "decide_p99_ms": heard.decide_p99_ms,
            "heard_ms_ago": now_ms - heard.heard_at_ms,
        }
    if past:
        samples = room.flow.past(now_ms - PAST_MS, now_ms, PAST_STEP_MS)
        found["past"] = [_counted(sample) for sample in samples]
    return found


def _counted(sample: Sample) -> list[int]:
    return [sample.at_ms, sample.called, sample.taken]
