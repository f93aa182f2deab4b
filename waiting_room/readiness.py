"""What has to be in order before a sale opens, asked of everything that it rests on."""

from dataclasses import dataclass

from ticketing.clock import Clock
from waiting_room.drawing import Beacon
from waiting_room.draws import Draw
from waiting_room.operating import RoomTable
from waiting_room.phases import Phase
from waiting_room.ports import LedgerUnavailable, StoreUnavailable
from waiting_room.rooms import Room
from waiting_room.service import WaitingRoom

CLOCKS_APART_MAX_MS = 500
SILENT_AFTER_MS = 5_000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing, whether it is in order, and what was found."""

    name: str
    ok: bool
    found: str


class Readiness:
    """Asks; changes nothing."""

    def __init__(self, waiting_room: WaitingRoom, table: RoomTable, beacon: Beacon, clock: Clock) -> None:
        self._waiting_room = waiting_room
        self._table = table
        self._beacon = beacon
        self._clock = clock

    async def checks(self, room: Room) -> list[Check]:
        """Every check of one room."""
        counters, clocks = await self._counters(room)
        ledger = await self._ledger(room)
        now_ms = self._clock.now_ms()
        return [counters, clocks, ledger, *_allocator(room, now_ms), *await self._draws(room, now_ms), _rate(room)]

    async def _counters(self, room: Room) -> tuple[Check, Check]:
        try:
            position = await self._waiting_room.look(room.general)
        except (StoreUnavailable, LedgerUnavailable) as error:
            away = f"Redis: {error}"
            return Check("counters", False, away), Check("clock", False, away)
        apart_ms = position.at_ms - self._clock.now_ms()
        started = f"{position.issued} numbers given, started {position.gen} times"
        fits = abs(apart_ms) <= CLOCKS_APART_MAX_MS
        return Check("counters", True, started), Check("clock", fits, f"{apart_ms} ms between Redis and here")

    async def _ledger(self, room: Room) -> Check:
        try:
            row = await self._table.open_room(room.row.show, self._clock.now_ms())
        except LedgerUnavailable as error:
            return Check("ledger", False, f"Postgres: {error}")
        return Check("ledger", row is not None, "the room is kept" if row else "the show is gone")

    async def _draws(self, room: Room, now_ms: int) -> list[Check]:
        draws = [queue.draw for queue in room.queues.values() if queue.draw is not None]
        if room.phase(now_ms) is not Phase.PREQUEUE and not draws:
            return [Check("draw", True, "none: whoever comes first is first")]
        missing = sorted(name for name, queue in room.queues.items() if queue.draw is None)
        if missing:
            return [Check("draw", False, f"without a draw: {', '.join(missing)}")]
        trouble = await self._beacon.trouble(now_ms)
        keys = [draw for draw in draws if not self._knows(draw)]
        return [
            Check("draw", True, ", ".join(f"{draw.line.name}: {draw.state}" for draw in draws)),
            Check("beacon", trouble is None, trouble or f"{self._beacon.source} answers"),
            Check("keys", not keys, "our secrets lead to what was committed to" if not keys else "a secret is missing"),
        ]

    def _knows(self, draw: Draw) -> bool:
        return self._beacon.knows(draw)


def _allocator(room: Room, now_ms: int) -> list[Check]:
    heard = room.heard
    if heard is None:
        return [Check("allocator", False, "no allocator has spoken of the show"), Check("stock", False, "not known")]
    age_ms = now_ms - heard.heard_at_ms
    speaks = age_ms <= SILENT_AFTER_MS
    return [
        Check("allocator", speaks, f"heard {age_ms / 1000:.1f} s ago, lags {heard.lag_ms} ms"),
        Check("stock", heard.stock.available > 0, f"{heard.stock.available} places, {heard.stock.status}"),
    ]


def _rate(room: Room) -> Check:
    return Check("rate", room.ceiling_per_min > 0, f"{room.ceiling_per_min} people per minute at most")
