"""Refunds as the notifier carries them out: read, and told to be tried again. All raise StoreAway."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingress.stores import fetch_merged, reaching_postgres
from runtime.clusters import Clusters

LISTED = """refund_id, show_id, reservation_id, provider, reference, amount, reason, owner, state, tries, due_at_ms,
       provider_refund, last_error, created_at_ms, settled_at_ms"""
PAGE = f"""
SELECT {LISTED} FROM delivery_refund
WHERE (created_at_ms, refund_id) > ($1, $2)
  AND ($3::text IS NULL OR state = $3) AND ($4::bigint IS NULL OR show_id = $4)
ORDER BY created_at_ms, refund_id LIMIT $5
"""  # noqa: S608 -- of constants
# One that is under way stays with whoever has it.
RETRY = f"""
UPDATE delivery_refund SET state = 'due', tries = 0, due_at_ms = $2, settled_at_ms = NULL
WHERE refund_id = $1 AND state <> 'done' AND claimed_until_ms <= $2 RETURNING {LISTED}
"""  # noqa: S608 -- of constants
READ = f"SELECT {LISTED} FROM delivery_refund WHERE refund_id = $1"  # noqa: S608 -- of constants


@dataclass(frozen=True, slots=True)
class RefundRow:
    """One refund. `state`: `due`, `done` or `failed`."""

    refund_id: str
    show_id: int
    reservation_id: bytes
    provider: str
    reference: str
    amount: int
    reason: str
    owner: str
    state: str
    tries: int
    due_at_ms: int
    provider_refund: str | None
    last_error: str
    created_at_ms: int
    settled_at_ms: int | None


class RefundTable:
    """Over a pool."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    async def page(
        self, after: tuple[int, str], state: str | None, show: int | None, limit: int
    ) -> Sequence[RefundRow]:
        """Refunds behind `after` (when they were due first, and their id), in that order."""
        with reaching_postgres():
            rows = await fetch_merged(
                self._clusters, PAGE, *after, state, show, limit,
                key=lambda row: (row["created_at_ms"], row["refund_id"]), limit=limit,
            )  # fmt: skip
        return [RefundRow(**row) for row in rows]

    async def read(self, refund_id: str) -> RefundRow | None:
        """One refund."""
        return await self._one(READ, refund_id)

    async def retry(self, refund_id: str, now_ms: int) -> RefundRow | None:
        """Let it be tried again now; None: there is none, or it is done, or under way."""
        return await self._one(RETRY, refund_id, now_ms)

    async def _one(self, sql: str, *values: str | int) -> RefundRow | None:
        with reaching_postgres():
            for pool in self._clusters.pools:
                row = await pool.fetchrow(sql, *values)
                if row is not None:
                    return RefundRow(**row)
        return None
