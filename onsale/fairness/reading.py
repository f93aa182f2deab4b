"""Reads what a waiting room has kept of a sale, in one snapshot, as a role that can only read."""

import json
from collections import defaultdict

import asyncpg

from onsale.fairness.judging import Act, Claim, Sale
from waiting_room.draw import place_of
from waiting_room.record_book import moment_in

SHOW = "SELECT name, opens_at_ms FROM shows WHERE show_id = $1"
JOINED = "SELECT line, count(*) AS people FROM room_entry WHERE show_id = $1 GROUP BY line"
GIVEN_UP = "SELECT count(*) FROM room_claim WHERE show_id = $1 AND given_up_at_ms IS NOT NULL"
CLAIMS = """
SELECT c.line, c.n, c.deferred_to, c.claimed_at_ms, coalesce(e.joined_at_ms, 0) AS joined_at_ms
FROM room_claim c LEFT JOIN room_entry e USING (show_id, line, n) WHERE show_id = $1 AND c.claimed_at_ms IS NOT NULL
"""
DRAWS = "SELECT line, size, seed FROM room_draw WHERE show_id = $1 AND seed IS NOT NULL"
TRACK = """
SELECT at_ms, phase, lines, claimed, given_up, available, held, booked, rate_target, limited_by, lag_ms
FROM room_track WHERE show_id = $1 ORDER BY at_ms
"""
TALLIES = "SELECT kind, name, n FROM room_tally WHERE show_id = $1"
ACTS = "SELECT at_ms, act, reason, changes FROM room_act WHERE show_id = $1 ORDER BY version"


async def read(connection: "asyncpg.Connection[asyncpg.Record]", show: int) -> Sale | None:
    """All that is kept of a sale; None where there is no such show."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        named = await connection.fetchrow(SHOW, show)
        if named is None:
            return None
        draws = {row["line"]: (row["seed"], row["size"]) for row in await connection.fetch(DRAWS, show)}
        claims = []
        async for row in connection.cursor(CLAIMS, show, prefetch=5_000):
            line, n = row["line"], row["n"]
            seed, size = draws.get(line, (b"", 0))
            place = place_of(seed, size, n) if n <= size else n
            place = max(place, row["deferred_to"] or 0)
            claims.append(Claim(line, place, row["joined_at_ms"], row["claimed_at_ms"]))
        tallies: dict[str, dict[str, int]] = defaultdict(dict)
        for row in await connection.fetch(TALLIES, show):
            tallies[row["kind"]][row["name"]] = row["n"]
        return Sale(
            name=named["name"],
            opens_at_ms=named["opens_at_ms"],
            joined={row["line"]: row["people"] for row in await connection.fetch(JOINED, show)},
            given_up=await connection.fetchval(GIVEN_UP, show),
            claims=claims,
            track=[moment_in(row) for row in await connection.fetch(TRACK, show)],
            tallies=tallies,
            acts=[_act(row) for row in await connection.fetch(ACTS, show)],
        )


def _act(row: asyncpg.Record) -> Act:
    until_ms = json.loads(row["changes"]).get("open_until_ms", 0)
    return Act(row["at_ms"], row["act"], row["reason"], until_ms)
