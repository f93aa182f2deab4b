"""What somebody has of a show already, and whose a seat is: read from the stock's views."""

from typing import NamedTuple

from ingress.quoting import Held
from ingress.stores import reaching_postgres
from runtime.clusters import Clusters

SEATS_OF = """
SELECT t.seat_no, t.reservation_id FROM taken_seats t JOIN reservations r USING (part, show_id, reservation_id)
WHERE t.part = $1 AND t.show_id = $2 AND t.seat_no = ANY($3::int[]) AND r.account = $4 AND r.person = $5
"""
WHOSE = """
SELECT t.seat_no, r.reservation_id, r.status, r.account, r.expires_at_ms, r.booked_at_ms,
       r.prices[array_position(r.seats, t.seat_no)] AS price
FROM taken_seats t JOIN reservations r USING (part, show_id, reservation_id)
WHERE t.part = $1 AND t.show_id = $2 AND t.seat_no = ANY($3::int[]) AND r.account = coalesce($4, r.account)
"""
# As the partial index has it, in which nobody stands but those who hold something now.
HELD_BY = """
SELECT seats, areas FROM reservations
WHERE part = $1 AND show_id = $2 AND person = $3 AND status IN ('held', 'paying')
"""


class Owned(NamedTuple):
    """A seat that somebody has, at the price that was fixed at the hold."""

    reservation: bytes
    status: str
    account: str
    expires_at_ms: int
    booked_at_ms: int
    price: int


class OwnTable:
    """All raise StoreAway."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    async def seats_of(
        self, part: int, show: int, seats: tuple[int, ...], account: str, person: str
    ) -> dict[int, bytes]:
        """Those of `seats` that are held or booked by an account for a person, and in which reservation."""
        with reaching_postgres():
            rows = await self._clusters.of(part).fetch(SEATS_OF, part, show, seats, account, person)
        return {row["seat_no"]: row["reservation_id"] for row in rows}

    async def held_by(self, part: int, show: int, person: str) -> list[Held]:
        """What a person holds, hold by hold."""
        with reaching_postgres():
            rows = await self._clusters.of(part).fetch(HELD_BY, part, show, person)
        return [(tuple(seats), tuple(zip(areas[::2], areas[1::2], strict=True))) for seats, areas in rows]

    async def whose(self, part: int, show: int, seats: list[int], account: str | None) -> dict[int, Owned]:
        """Those of `seats` that are held or booked, by anybody or by this account."""
        with reaching_postgres():
            rows = await self._clusters.of(part).fetch(WHOSE, part, show, seats, account)
        return {row["seat_no"]: Owned(*tuple(row)[1:]) for row in rows}
