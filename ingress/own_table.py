"""What somebody has of a show already: read from the stock's views."""

from typing import TypeAlias

import asyncpg

from ingress.quoting import Held
from ingress.stores import reaching_postgres

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

SEATS_OF = """
SELECT t.seat_no, t.reservation_id FROM taken_seats t JOIN reservations r USING (part, show_id, reservation_id)
WHERE t.part = $1 AND t.show_id = $2 AND t.seat_no = ANY($3::int[]) AND r.account = $4 AND r.person = $5
"""
# As the partial index has it, in which nobody stands but those who hold something now.
HELD_BY = """
SELECT seats, areas FROM reservations
WHERE part = $1 AND show_id = $2 AND person = $3 AND status IN ('held', 'paying')
"""


class OwnTable:
    """All raise StoreAway."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def seats_of(
        self, part: int, show: int, seats: tuple[int, ...], account: str, person: str
    ) -> dict[int, bytes]:
        """Those of `seats` that are held or booked by an account for a person, and in which reservation."""
        with reaching_postgres():
            rows = await self._pool.fetch(SEATS_OF, part, show, seats, account, person)
        return {row["seat_no"]: row["reservation_id"] for row in rows}

    async def held_by(self, part: int, show: int, person: str) -> list[Held]:
        """What a person holds, hold by hold."""
        with reaching_postgres():
            rows = await self._pool.fetch(HELD_BY, part, show, person)
        return [(tuple(seats), tuple(zip(areas[::2], areas[1::2], strict=True))) for seats, areas in rows]
