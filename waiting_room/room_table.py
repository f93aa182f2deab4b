"""Rooms as operators leave them, in Postgres, and the keys by which operators are known."""

import json

import asyncpg

from waiting_room.ledger import reaching
from waiting_room.phases import Control, Schedule
from waiting_room.ports import Act, RoomRow

ROOM = """
SELECT s.show_id, s.name, s.opens_at_ms, s.closes_at_ms, s.starts_at_ms, r.control, r.reason, r.rate_per_min, r.wave,
       r.version, r.shares
FROM room r JOIN shows s USING (show_id)
"""
ROOMS = ROOM + " WHERE CASE WHEN s.closes_at_ms > 0 THEN s.closes_at_ms ELSE s.starts_at_ms END > $1"
ONE_ROOM = ROOM + " WHERE r.show_id = $1"
# Only shows of the catalogue have a room.
MAKE_ROOM = """
INSERT INTO room (show_id, created_at_ms, changed_at_ms) SELECT show_id, $2, $2 FROM shows WHERE show_id = $1
ON CONFLICT DO NOTHING
"""
CHANGE_ROOM = """
UPDATE room SET control = COALESCE($2, control), rate_per_min = COALESCE($3, rate_per_min), reason = $4,
    version = version + 1, changed_at_ms = $5
WHERE show_id = $1 RETURNING version
"""
ADD_ACT = """
INSERT INTO room_act (show_id, version, at_ms, key_id, act, rate_per_min, reason) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
# A rotated key's secret before is good for a while longer.
KEY_ROLES = """
SELECT key_id, roles FROM api_key WHERE revoked_at_ms IS NULL AND (key_hash = $1
    OR previous_hash = $1 AND previous_ends_at_ms > extract(epoch FROM clock_timestamp()) * 1000)
"""


class PostgresRooms:
    """`ports.RoomTable` on the tables `room` and `room_act` and on what ingress lets us see."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def rooms(self, now_ms: int) -> list[RoomRow]:
        """See `ports.RoomTable`."""
        async with reaching():
            rows = await self._pool.fetch(ROOMS, now_ms)
        return [_room(row) for row in rows]

    async def open_room(self, show: int, now_ms: int) -> RoomRow | None:
        """See `ports.RoomTable`."""
        async with reaching():
            row = await self._pool.fetchrow(ONE_ROOM, show)
            if row is None:
                await self._pool.execute(MAKE_ROOM, show, now_ms)
                row = await self._pool.fetchrow(ONE_ROOM, show)
        return None if row is None else _room(row)

    async def change_room(self, show: int, act: Act, now_ms: int) -> RoomRow | None:
        """See `ports.RoomTable`."""
        async with reaching(), self._pool.acquire() as connection, connection.transaction():
            await connection.execute(MAKE_ROOM, show, now_ms)
            control = None if act.control is None else act.control.value
            version = await connection.fetchval(CHANGE_ROOM, show, control, act.rate_per_min, act.reason, now_ms)
            if version is None:
                return None
            await connection.execute(ADD_ACT, show, version, now_ms, act.key_id, act.name, act.rate_per_min, act.reason)
            row = await connection.fetchrow(ONE_ROOM, show)
        return None if row is None else _room(row)

    async def key_roles(self, key_hash: bytes) -> tuple[str, frozenset[str]] | None:
        """See `ports.RoomTable`."""
        async with reaching():
            row = await self._pool.fetchrow(KEY_ROLES, key_hash)
        return None if row is None else (row["key_id"], frozenset(row["roles"]))


def _room(row: asyncpg.Record) -> RoomRow:
    return RoomRow(
        show=row["show_id"],
        name=row["name"],
        schedule=Schedule(row["opens_at_ms"], row["closes_at_ms"], row["starts_at_ms"]),
        control=Control(row["control"]),
        reason=row["reason"],
        rate_per_min=row["rate_per_min"],
        wave=row["wave"],
        version=row["version"],
        shares=json.loads(row["shares"]),
    )
