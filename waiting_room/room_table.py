"""Rooms as operators leave them, in Postgres, and the keys by which operators are known."""

import json

import asyncpg

from waiting_room.acts import GENESIS, after, chained, changes_of
from waiting_room.ledger import reaching
from waiting_room.operating import Act, Changed, KeptAct, RoomRow
from waiting_room.phases import Control, Schedule

ROOM = """
SELECT s.show_id, s.name, s.opens_at_ms, s.closes_at_ms, s.starts_at_ms, r.control, r.reason, r.rate_per_min, r.wave,
       r.version, r.shares, r.active_max, r.message, r.open_until_ms, r.prequeue_at_ms,
       r.coded
FROM room r JOIN shows s USING (show_id)
"""
ROOMS = ROOM + " WHERE CASE WHEN s.closes_at_ms > 0 THEN s.closes_at_ms ELSE s.starts_at_ms END > $1"
ONE_ROOM = ROOM + " WHERE r.show_id = $1"
# Only shows of the catalogue have a room.
MAKE_ROOM = """
INSERT INTO room (show_id, created_at_ms, changed_at_ms) SELECT show_id, $2, $2 FROM shows WHERE show_id = $1
ON CONFLICT DO NOTHING
"""
# Whoever has the row decides alone what comes next in the chain.
LOCK_ROOM = "SELECT 1 FROM room WHERE show_id = $1 FOR UPDATE"
CHANGE_ROOM = """
UPDATE room SET control = $2, rate_per_min = $3, reason = $4, shares = $5, active_max = $6, message = $7,
    open_until_ms = $8, wave = $9, version = $10, changed_at_ms = $11, prequeue_at_ms = $12,
    coded = $13
WHERE show_id = $1
"""
ADD_ACT = """
INSERT INTO room_act (show_id, version, at_ms, key_id, act, reason, changes, chained)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
ACTS = """
SELECT version, at_ms, key_id, act, reason, changes, chained FROM room_act WHERE show_id = $1 AND version > $2
ORDER BY version LIMIT $3
"""
CHAIN = "SELECT chained FROM room_act WHERE show_id = $1 ORDER BY version DESC LIMIT 1"
# A rotated key's secret before is good for a while longer.
KEY_ROLES = """
SELECT key_id, roles FROM api_key WHERE revoked_at_ms IS NULL AND (key_hash = $1
    OR previous_hash = $1 AND previous_ends_at_ms > extract(epoch FROM clock_timestamp()) * 1000)
"""
SESSION_ROLES = "SELECT person_id, roles FROM staff_sessions WHERE session_id = $1 AND ends_at_ms > $2"


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

    async def change_room(self, show: int, act: Act, now_ms: int, *, if_version: int | None = None) -> Changed | None:
        """See `ports.RoomTable`."""
        async with reaching(), self._pool.acquire() as connection, connection.transaction():
            await connection.execute(MAKE_ROOM, show, now_ms)
            await connection.execute(LOCK_ROOM, show)
            found = await connection.fetchrow(ONE_ROOM, show)
            if found is None:
                return None
            before = _room(found)
            if if_version is not None and if_version != before.version:
                return Changed(before, conflict=True)
            row = after(before, act)
            chain: bytes = await connection.fetchval(CHAIN, show) or GENESIS
            kept = KeptAct(row.version, now_ms, act.key_id, act.name, act.reason, changes_of(act), b"")
            await connection.execute(
                CHANGE_ROOM,
                show,
                row.control.value,
                row.rate_per_min,
                row.reason,
                json.dumps(dict(row.shares)),
                row.active_max,
                json.dumps(dict(row.message)),
                row.open_until_ms,
                row.wave,
                row.version,
                now_ms,
                row.schedule.prequeue_at_ms,
                sorted(row.coded),
            )
            await connection.execute(
                ADD_ACT,
                show,
                kept.version,
                kept.at_ms,
                kept.key_id,
                kept.act,
                kept.reason,
                json.dumps(dict(kept.changes)),
                chained(chain, show, kept),
            )
        return Changed(row)

    async def acts(self, show: int, after_version: int, rows_max: int) -> list[KeptAct]:
        """See `ports.RoomTable`."""
        async with reaching():
            rows = await self._pool.fetch(ACTS, show, after_version, rows_max)
        return [
            KeptAct(
                row["version"],
                row["at_ms"],
                row["key_id"],
                row["act"],
                row["reason"],
                json.loads(row["changes"]),
                row["chained"],
            )
            for row in rows
        ]

    async def key_roles(self, key_hash: bytes) -> tuple[str, frozenset[str]] | None:
        """See `ports.RoomTable`."""
        async with reaching():
            row = await self._pool.fetchrow(KEY_ROLES, key_hash)
        return None if row is None else (row["key_id"], frozenset(row["roles"]))

    async def session_roles(self, session: str, now_ms: int) -> tuple[str, frozenset[str]] | None:
        """See `ports.RoomTable`."""
        async with reaching():
            row = await self._pool.fetchrow(SESSION_ROLES, session, now_ms)
        return None if row is None else (row["person_id"], frozenset(row["roles"]))


def _room(row: asyncpg.Record) -> RoomRow:
    return RoomRow(
        show=row["show_id"],
        name=row["name"],
        schedule=Schedule(row["opens_at_ms"], row["closes_at_ms"], row["starts_at_ms"], row["prequeue_at_ms"]),
        control=Control(row["control"]),
        reason=row["reason"],
        rate_per_min=row["rate_per_min"],
        wave=row["wave"],
        version=row["version"],
        shares=json.loads(row["shares"]),
        active_max=row["active_max"],
        message=json.loads(row["message"]),
        open_until_ms=row["open_until_ms"],
        coded=frozenset(row["coded"]),
    )
