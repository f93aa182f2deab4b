"""Commands that the allocator could not decide, and what operators did with them. All raise StoreAway."""

from dataclasses import dataclass
from typing import TypeAlias

import asyncpg

from ingress.stores import fetch_merged, reaching_postgres
from runtime.clusters import Clusters

Place: TypeAlias = tuple[int, int, int]
"""Partition, generation of its log, offset."""

LISTED = """
SELECT l.part, l.log_gen, l.log_offset, l.code, l.raw, COALESCE(s.status, 'open') AS status, s.settled_by,
       s.settled_at_ms, s.request
FROM dead_letters l LEFT JOIN dead_letter_settled s USING (part, log_gen, log_offset)
"""
# The statements below are put together from this text alone; values are parameters.
PAGE = f"""{LISTED}
WHERE ($1::text IS NULL OR COALESCE(s.status, 'open') = $1) AND (l.part, l.log_offset) > ($2, $3)
ORDER BY l.part, l.log_offset LIMIT $4
"""  # noqa: S608 -- from constants
READ = f"{LISTED} WHERE l.part = $1 AND l.log_gen = $2 AND l.log_offset = $3"  # noqa: S608 -- from constants
SETTLE = """
INSERT INTO dead_letter_settled (part, log_gen, log_offset, status, settled_by, settled_at_ms, request)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING true
"""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A command that nobody could read; `status`: open, replayed, discarded."""

    place: Place
    code: str
    raw: bytes
    status: str = "open"
    settled_by: str | None = None
    settled_at_ms: int | None = None
    request: str | None = None


class DeadLetterTable:
    """What the allocator has put aside."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    async def page(self, status: str | None, after: tuple[int, int], limit: int) -> list[DeadLetter]:
        """By partition and offset, behind `after`."""
        with reaching_postgres():
            rows = await fetch_merged(
                self._clusters, PAGE, status, *after, limit,
                key=lambda row: (row["part"], row["log_offset"]), limit=limit,
            )  # fmt: skip
        return [_letter(row) for row in rows]

    async def read(self, place: Place) -> DeadLetter | None:
        """One of them."""
        with reaching_postgres():
            row = await self._clusters.of(place[0]).fetchrow(READ, *place)
        return None if row is None else _letter(row)

    async def settle(self, place: Place, status: str, account: str, now_ms: int, request: str) -> bool:
        """Note what was done with it; False: something was done before."""
        with reaching_postgres():
            return bool(await self._clusters.of(place[0]).fetchval(SETTLE, *place, status, account, now_ms, request))


def _letter(row: asyncpg.Record) -> DeadLetter:
    return DeadLetter(
        (row["part"], row["log_gen"], row["log_offset"]), row["code"], row["raw"], row["status"], row["settled_by"],
        row["settled_at_ms"], row["request"],
    )  # fmt: skip
