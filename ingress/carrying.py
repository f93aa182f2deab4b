"""A show's part of the catalogue, carried into the cluster of its partition: all that is joined with it is there.

Rows of the catalogue never change: carrying one twice does nothing, and none can be out of date.
"""

from typing import TypeAlias

import asyncpg

Writer: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Reader: TypeAlias = "asyncpg.Pool[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]"

# Each reads the columns that the statement below it writes, in the same order.
READ_VENUE = "SELECT venue_id, name, created_at_ms FROM catalogue_venue WHERE venue_id = $1"
INSERT_VENUE = """
INSERT INTO catalogue_venue (venue_id, name, created_at_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
"""
READ_LAYOUT = """
SELECT layout_id, venue_id, version, sha256, places, document, created_at_ms FROM catalogue_layout WHERE layout_id = $1
"""
INSERT_LAYOUT = """
INSERT INTO catalogue_layout (layout_id, venue_id, version, sha256, places, document, created_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
READ_SHOW = """
SELECT show_id, part, venue_id, layout_id, name, currency, starts_at_ms, opens_at_ms, closes_at_ms, places, prices,
       policy, created_by, request_key, fingerprint, created_at_ms
FROM catalogue_show WHERE show_id = $1
"""
INSERT_SHOW = """
INSERT INTO catalogue_show (show_id, part, venue_id, layout_id, name, currency, starts_at_ms, opens_at_ms,
                            closes_at_ms, places, prices, policy, created_by, request_key, fingerprint, created_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb, $12::jsonb, $13, $14, $15, $16)
"""
UNLESS_THERE = " ON CONFLICT DO NOTHING"


async def carry_show(first: Reader, there: Writer, show: int) -> None:
    """Write a show of the catalogue, its venue and its layout into the cluster `there`, as far as they are missing.

    Raises what asyncpg raises.
    """
    show_row = await first.fetchrow(READ_SHOW, show)
    if show_row is None:
        return
    venue = await first.fetchrow(READ_VENUE, show_row["venue_id"])
    layout = await first.fetchrow(READ_LAYOUT, show_row["layout_id"])
    async with there.transaction():
        await there.execute(INSERT_VENUE, *(venue or ()))
        await there.execute(INSERT_LAYOUT + UNLESS_THERE, *(layout or ()))
        await there.execute(INSERT_SHOW + UNLESS_THERE, *show_row)
