"""Bookings of all shows, the newest first, with whom they are for: what admins and partners page through."""

from dataclasses import dataclass, field
from typing import Any

from ingress.ledger import ContactRow, reservation_of
from ingress.stores import fetch_merged, reaching_postgres
from runtime.clusters import Clusters
from ticketing.messages import Reservation

LISTED = """
SELECT r.part, r.show_id, r.reservation_id, r.status, r.version, r.account, r.person, r.seats, r.areas, r.prices,
       r.amount, r.held_at_ms, r.expires_at_ms, r.hold_s, r.booked_at_ms, r.external_id, r.payment_until_ms, r.noted,
       c.name, c.email, c.phone, c.notes, c.special_requests, c.language
FROM reservations r
LEFT JOIN LATERAL (
    SELECT name, email, phone, notes, special_requests, language FROM contact_booking
    WHERE show_id = r.show_id AND reservation_id = r.reservation_id ORDER BY created_at_ms DESC LIMIT 1
) c ON true
WHERE r.status IN ('booked', 'cancelled')
"""
ASK_FOR_LINK = """
INSERT INTO delivery_mail (mail_id, part, show_id, reservation_id, kind, due_at_ms, created_at_ms)
SELECT $1, $2, $3, $4, 'link', $6, $6
FROM (
    SELECT email FROM contact_booking WHERE show_id = $3 AND reservation_id = $4 ORDER BY created_at_ms DESC LIMIT 1
) c
WHERE lower(c.email) = lower($5)
ON CONFLICT DO NOTHING
"""
RATE = """
INSERT INTO booking_rating (show_id, reservation_id, stars, rated_at_ms) VALUES ($1, $2, $3, $4)
ON CONFLICT (show_id, reservation_id) DO UPDATE SET stars = EXCLUDED.stars, rated_at_ms = EXCLUDED.rated_at_ms
"""
CONTACT = ("name", "email", "phone", "notes", "special_requests", "language")
# Each is there only where it is asked for, so that the plan is one for what is asked.
CONDITIONS = {
    "show": "r.part = {} AND r.show_id = {}",
    "status": "r.status = {}",
    "account": "r.account = {}",
    "channel": "r.account = {}",
    "fans": "r.account NOT LIKE 'key\\_%'",
    "from": "r.booked_at_ms >= {}",
    "to": "r.booked_at_ms < {}",
    "external_id": "r.external_id = {}",
    "email": "lower(c.email) = lower({})",
    "before": "(r.booked_at_ms, r.reservation_id) < ({}, {})",
}


@dataclass(frozen=True, slots=True)
class BookingsWanted:
    """Which bookings: by name of a condition its values. `limit`: at most so many."""

    conditions: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    limit: int = 100

    def statement(self) -> tuple[str, list[Any]]:
        """The SQL, put together from the texts above alone, and its parameters."""
        sql, values = LISTED, list[Any]()
        for name, given in self.conditions.items():
            numbers = [f"${len(values) + n + 1}" for n in range(len(given))]
            sql += f"AND {CONDITIONS[name].format(*numbers)}\n"
            values += given
        sql += f"ORDER BY r.booked_at_ms DESC, r.reservation_id DESC LIMIT ${len(values) + 1}"
        return sql, [*values, self.limit]


@dataclass(frozen=True, slots=True)
class BookingRow:
    """A booking, its show, and whom it is for (None: unknown, or erased)."""

    show: int
    reservation: Reservation
    contact: ContactRow | None


class BookingTable:
    """Reads bookings, and keeps what is asked about them. Raises StoreAway."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    async def page(self, wanted: BookingsWanted) -> list[BookingRow]:
        """Bookings, the newest first."""
        sql, values = wanted.statement()
        with reaching_postgres():
            rows = await fetch_merged(self._clusters, sql, *values, key=_place, limit=wanted.limit, newest_first=True)
        return [
            BookingRow(
                row["show_id"],
                reservation_of(row),
                None if row["name"] is None else ContactRow(*(row[name] for name in CONTACT)),
            )
            for row in rows
        ]

    async def ask_for_link(
        self, mail: str, part: int, show: int, reservation: bytes, *, email: str, now_ms: int
    ) -> None:
        """Have a letter with the link written, if that is the booking's address; one for each `mail`."""
        with reaching_postgres():
            await self._clusters.of(part).execute(ASK_FOR_LINK, mail, part, show, reservation, email, now_ms)

    async def rate(self, part: int, show: int, reservation: bytes, stars: int, *, now_ms: int) -> None:
        """Keep what somebody thought of it, in place of what they thought before."""
        with reaching_postgres():
            await self._clusters.of(part).execute(RATE, show, reservation, stars, now_ms)


def _place(row: Any) -> tuple[int, bytes]:
    return row["booked_at_ms"], row["reservation_id"]
