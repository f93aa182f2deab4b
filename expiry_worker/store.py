"""The live holds in Postgres, as of one moment."""

from dataclasses import dataclass

import asyncpg

from expiry_worker.deadlines import Hold

# One snapshot for both statements: the holds are those after exactly these batches.
CURSORS = "SELECT part, batch_seq, history_id FROM published_batches"
LIVE_HOLDS = """
SELECT part, show_id, reservation_id, version, account, expires_at_ms, hold_s FROM live_holds WHERE part = ANY($1)
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`holds` after the batches up to `batch_seqs[part]`; not to be used before those are published."""

    history_id: str
    batch_seqs: dict[int, int]
    holds: list[Hold]


async def read_snapshot(pool: "asyncpg.Pool[asyncpg.Record]", parts: list[int]) -> Snapshot:
    """Every live hold of `parts`. Raises OSError, `asyncpg.PostgresError`, `asyncpg.InterfaceError`."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        cursors = await connection.fetch(CURSORS)
        rows = await connection.fetch(LIVE_HOLDS, parts)
    return Snapshot(
        history_id=cursors[0]["history_id"],
        batch_seqs={row["part"]: row["batch_seq"] for row in cursors if row["part"] in parts},
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
