"""The tables of what API keys ask for, and of commands that nobody could read. All raise StoreAway."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import asyncpg

from ingress.request_log import LoggedRequest, Usage
from ingress.stores import reaching_postgres

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

ADD_LINES = """
INSERT INTO api_log (key_id, at_ms, operation, method, status, ms, address, user_agent, request_id)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::int[], $6::int[], $7::text[], $8::text[],
                     $9::text[])
"""
ADD_SUMS = """
INSERT INTO api_usage AS u (key_id, hour_ms, operation, requests, refused, failed, ms_total, ms_most)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                     $8::int[])
ON CONFLICT (key_id, hour_ms, operation) DO UPDATE SET
    requests = u.requests + excluded.requests, refused = u.refused + excluded.refused,
    failed = u.failed + excluded.failed, ms_total = u.ms_total + excluded.ms_total,
    ms_most = greatest(u.ms_most, excluded.ms_most)
"""
FORGET = "DELETE FROM api_log WHERE log_no IN (SELECT log_no FROM api_log WHERE at_ms < $1 LIMIT $2) RETURNING true"
LINES = """
SELECT log_no, key_id, at_ms, operation, method, status, ms, address, user_agent, request_id FROM api_log WHERE true
"""
# Each is there only where it is asked for, so that the plan is one for what is asked.
CONDITIONS = {
    "key": "key_id = {}",
    "operation": "operation = {}",
    "status": "status = {}",
    "from": "at_ms >= {}",
    "to": "at_ms < {}",
    "before": "log_no < {}",
}
USAGE = """
SELECT key_id, hour_ms - hour_ms % $1 AS since_ms, operation, sum(requests)::bigint AS requests,
       sum(refused)::bigint AS refused, sum(failed)::bigint AS failed, sum(ms_total)::bigint AS ms_total,
       max(ms_most) AS ms_most
FROM api_usage WHERE hour_ms >= $2 AND hour_ms < $3 AND ($4::text IS NULL OR key_id = $4)
GROUP BY 1, 2, 3 ORDER BY 2 DESC, 1, 3 OFFSET $5 LIMIT $6
"""


@dataclass(frozen=True, slots=True)
class LinesWanted:
    """Which lines: by name of a condition its value. `limit`: at most so many, the newest."""

    conditions: dict[str, Any] = field(default_factory=dict)
    limit: int = 100

    def statement(self) -> tuple[str, list[Any]]:
        """The SQL, put together from the texts above alone, and its parameters."""
        sql, values = LINES, list[Any]()
        for name, value in self.conditions.items():
            values.append(value)
            sql += f"AND {CONDITIONS[name].format(f'${len(values)}')}\n"
        return f"{sql}ORDER BY log_no DESC LIMIT ${len(values) + 1}", [*values, self.limit]


@dataclass(frozen=True, slots=True)
class UsageWanted:
    """Which sums: by periods of `period_ms`, `from_ms` to `to_ms`, of one key or (None) of all."""

    period_ms: int
    from_ms: int
    to_ms: int
    key_id: str | None
    skip: int
    limit: int


class RequestTable:
    """What keys ask for, written in batches and read by admins."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def write(self, requests: Sequence[LoggedRequest], usage: Sequence[Usage]) -> None:
        """Lines, and what they add to the sums: both or neither."""
        with reaching_postgres():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(ADD_LINES, *[list(column) for column in zip(*requests, strict=True)])
                await connection.execute(ADD_SUMS, *[list(column) for column in zip(*usage, strict=True)])

    async def forget(self, before_ms: int, at_most: int) -> int:
        """Remove lines of before; how many are gone."""
        with reaching_postgres():
            return len(await self._pool.fetch(FORGET, before_ms, at_most))

    async def lines(self, wanted: LinesWanted) -> list[tuple[int, LoggedRequest]]:
        """`(number, line)`, the newest first."""
        sql, values = wanted.statement()
        with reaching_postgres():
            rows = await self._pool.fetch(sql, *values)
        return [(row["log_no"], LoggedRequest(*tuple(row)[1:])) for row in rows]

    async def usage(self, wanted: UsageWanted) -> list[Usage]:
        """Sums, the newest periods first; `hour_ms` is the period's beginning."""
        with reaching_postgres():
            rows = await self._pool.fetch(
                USAGE, wanted.period_ms, wanted.from_ms, wanted.to_ms, wanted.key_id, wanted.skip, wanted.limit
            )
        return [Usage(*row) for row in rows]
