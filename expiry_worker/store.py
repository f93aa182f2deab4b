"""The live holds in Postgres, as of one moment, and what cancelled shows still have."""

from dataclasses import dataclass

import asyncpg

from expiry_worker.deadlines import Hold
from expiry_worker.endings import Booking
from expiry_worker.givebacks import Share

# One snapshot for all statements: the holds are those after exactly these batches.
CURSORS = "SELECT part, batch_seq, history_id FROM published_batches"
LIVE_HOLDS = """
SELECT part, show_id, reservation_id, version, account, expires_at_ms, hold_s FROM live_holds WHERE part = ANY($1)
"""
CANCELLED = "SELECT part, show_id FROM show_state WHERE status = 'cancelled' AND part = ANY($1)"
KEPT = """
SELECT part, show_id, name, kept ->> 'give_back_at_ms' AS at_ms
FROM show_state, jsonb_each(allocations) AS a (name, kept)
WHERE part = ANY($1) AND kept ? 'give_back_at_ms' AND NOT kept ? 'said_back_at_ms'
"""
BOOKED = "SELECT reservation_id, version FROM bookings_to_end WHERE part = $1 AND show_id = $2 LIMIT $3"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`holds` after the batches up to `batch_seqs[part]`; not to be used before those are published. `cancelled`:
    `(part, show)` of every cancelled show; `kept`: what is kept for partners, and until when (ms)."""

    history_id: str
    batch_seqs: dict[int, int]
    holds: list[Hold]
    cancelled: list[tuple[int, int]]
    kept: list[tuple[Share, int]]


async def read_snapshot(pool: "asyncpg.Pool[asyncpg.Record]", parts: list[int]) -> Snapshot:
    """Every live hold of `parts`. Raises OSError, `asyncpg.PostgresError`, `asyncpg.InterfaceError`."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        cursors = await connection.fetch(CURSORS)
        rows = await connection.fetch(LIVE_HOLDS, parts)
        cancelled = await connection.fetch(CANCELLED, parts)
        kept = await connection.fetch(KEPT, parts)
    return Snapshot(
        history_id=cursors[0]["history_id"],
        batch_seqs={row["part"]: row["batch_seq"] for row in cursors if row["part"] in parts},
        cancelled=[(row["part"], row["show_id"]) for row in cancelled],
        kept=[share_of(row["part"], row["show_id"], row["name"], int(row["at_ms"])) for row in kept],
        holds=[
            Hold(
                part=row["part"],
                show=row["show_id"],
                reservation=row["reservation_id"],
                version=row["version"],
                account=row["account"],
                expires_at_ms=row["expires_at_ms"],
                hold_s=row["hold_s"],
            )
            for row in rows
        ],
    )


def share_of(part: int, show: int, name: str, at_ms: int) -> tuple[Share, int]:
    """A share by its name in the table: the account, and behind a space the category, if it is of one."""
    account, _, category = name.partition(" ")
    return (part, show, account, category), at_ms


class PostgresBookings:
    """As `service.Bookings`."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def bookings(self, part: int, show: int, limit: int) -> list[Booking]:
        """As in the port. Raises OSError, `asyncpg.PostgresError`, `asyncpg.InterfaceError`."""
        rows = await self._pool.fetch(BOOKED, part, show, limit)
        return [(row["reservation_id"], row["version"]) for row in rows]
