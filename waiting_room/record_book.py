"""How sales went, in Postgres."""

import json
from collections.abc import Mapping, Sequence

import asyncpg

from waiting_room.ledger import reaching
from waiting_room.records import Moment, Tally

# Shows whose room nobody has looked at have nothing to be kept.
ADD_MOMENT = """
INSERT INTO room_track (show_id, at_ms, phase, lines, claimed, given_up, available, held, booked, rate_target,
                        limited_by, lag_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING
"""
# In one order, so that two instances do not wait for each other in a circle; a show without a room is passed over.
ADD_TALLIES = """
INSERT INTO room_tally (show_id, kind, name, n)
SELECT t.show_id, t.kind, t.name, t.n
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) AS t (show_id, kind, name, n) JOIN room USING (show_id)
ORDER BY t.show_id, t.kind, t.name
ON CONFLICT (show_id, kind, name) DO UPDATE SET n = room_tally.n + excluded.n
"""
TRACK = """
SELECT at_ms, phase, lines, claimed, given_up, available, held, booked, rate_target, limited_by, lag_ms
FROM (SELECT *, row_number() OVER (ORDER BY at_ms DESC) - 1 AS back, count(*) OVER () AS rows FROM room_track
      WHERE show_id = $1) AS numbered
WHERE back % greatest(1, (rows + $2 - 1) / $2) = 0 ORDER BY at_ms
"""
KEEP_PLAN = """
INSERT INTO room_plan (show_id, plan, kept_at_ms) VALUES ($1, $2, $3)
ON CONFLICT (show_id) DO UPDATE SET plan = excluded.plan, kept_at_ms = excluded.kept_at_ms
"""
PLAN = "SELECT plan, kept_at_ms FROM room_plan WHERE show_id = $1"


class PostgresRecords:
    """`records.RecordBook` on the tables `room_track`, `room_tally` and `room_plan`."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def add_moment(self, show: int, moment: Moment) -> None:
        """See `records.RecordBook`."""
        async with reaching():
            await self._pool.execute(
                ADD_MOMENT,
                show,
                moment.at_ms,
                moment.phase,
                json.dumps(dict(moment.lines)),
                moment.claimed,
                moment.given_up,
                moment.available,
                moment.held,
                moment.booked,
                moment.rate_target,
                moment.limited_by,
                moment.lag_ms,
            )

    async def add_tallies(self, tallies: Sequence[Tally]) -> None:
        """See `records.RecordBook`."""
        async with reaching():
            await self._pool.execute(ADD_TALLIES, *(list(column) for column in zip(*tallies, strict=True)))

    async def track(self, show: int, rows_max: int) -> list[Moment]:
        """See `records.RecordBook`."""
        async with reaching():
            rows = await self._pool.fetch(TRACK, show, rows_max)
        return [moment_in(row) for row in rows]

    async def keep_plan(self, show: int, plan: Mapping[str, object], at_ms: int) -> None:
        """See `records.RecordBook`."""
        async with reaching():
            await self._pool.execute(KEEP_PLAN, show, json.dumps(dict(plan)), at_ms)

    async def plan(self, show: int) -> tuple[Mapping[str, object], int] | None:
        """See `records.RecordBook`."""
        async with reaching():
            row = await self._pool.fetchrow(PLAN, show)
        return None if row is None else (json.loads(row["plan"]), row["kept_at_ms"])


def moment_in(row: asyncpg.Record) -> Moment:
    """A row of `room_track`."""
    values = dict(row)
    lines = {name: (issued, serving) for name, (issued, serving) in json.loads(values.pop("lines")).items()}
    return Moment(lines=lines, **values)
