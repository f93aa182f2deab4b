"""Presale codes in Postgres."""

from collections.abc import Sequence

import asyncpg

from waiting_room.codes import Redeemed
from waiting_room.ledger import reaching
from waiting_room.ports import Line

ADD = """
INSERT INTO room_code (show_id, line, code_hash, uses_max, added_at_ms)
SELECT $1, $2, h, $4, $5 FROM unnest($3::bytea[]) AS h ON CONFLICT DO NOTHING
"""
# Whoever has the row decides alone whether there is one more use.
LOCK = "SELECT uses_max FROM room_code WHERE show_id = $1 AND line = $2 AND code_hash = $3 FOR UPDATE"
USES = """
SELECT count(*) AS uses, coalesce(bool_or(entry = $4), false) AS mine FROM room_code_use
WHERE show_id = $1 AND line = $2 AND code_hash = $3
"""
USE = "INSERT INTO room_code_use (show_id, line, code_hash, entry, used_at_ms) VALUES ($1, $2, $3, $4, $5)"


class PostgresCodes:
    """`codes.CodeBook` on the tables `room_code` and `room_code_use`."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def add(self, line: Line, hashes: Sequence[bytes], uses_max: int, now_ms: int) -> None:
        """See `codes.CodeBook`."""
        async with reaching():
            await self._pool.execute(ADD, *line, list(hashes), uses_max, now_ms)

    async def redeem(self, line: Line, code_hash: bytes, entry: bytes, now_ms: int) -> Redeemed:
        """See `codes.CodeBook`."""
        async with reaching(), self._pool.acquire() as connection, connection.transaction():
            uses_max = await connection.fetchval(LOCK, *line, code_hash)
            if uses_max is None:
                return Redeemed.UNKNOWN
            found = await connection.fetchrow(USES, *line, code_hash, entry)
            assert found is not None  # an aggregate has a row
            if found["mine"]:
                return Redeemed.GRANTED
            if found["uses"] >= uses_max:
                return Redeemed.USED_UP
            await connection.execute(USE, *line, code_hash, entry, now_ms)
        return Redeemed.GRANTED
