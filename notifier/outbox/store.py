"""The outbox in Postgres: events taken from the log of outcomes, webhooks, deliveries."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from notifier.outbox.events import CallerEvent, Taken, caller_events, concerns_callers
from notifier.outbox.ports import Answered, Due, Settled
from notifier.store import PostgresStore, reaching_postgres
from runtime.clusters import Clusters
from ticketing.messages import decode_outcomes
from ticketing.sandbox import comes_twice
from ticketing.telling import Where

BATCHES_AT_ONCE = 500
CLAIM_MS = 60_000
"""Longer than an attempt may take."""
CAPTURE_LOCK = 6_073_746
"""Of the one process that takes events; it ends with its transaction."""

LOCK = "SELECT pg_try_advisory_xact_lock($1)"
TAKEN = "SELECT part, batch_seq FROM caller_event_cursor"
KNOWN = "SELECT part, least(batch_seq, published_seq) FROM published_batches"
# Most batches of a rush are of fans alone, who have no feed: those that name no key stay where they are.
NAMING_KEYS = """
SELECT log_gen, decided_at_ms, payload FROM outcome_batches
WHERE part = $1 AND batch_seq > $2 AND batch_seq <= $3 AND position('key_'::bytea IN payload) > 0
ORDER BY batch_seq
"""
MOVE = """
INSERT INTO caller_event_cursor (part, batch_seq) VALUES ($1, $2)
ON CONFLICT (part) DO UPDATE SET batch_seq = EXCLUDED.batch_seq
"""
INSERT = """
WITH made AS (
    INSERT INTO caller_event (account, event_id, kind, body, decided_at_ms)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::bigint[])
    ON CONFLICT DO NOTHING
    RETURNING event_no, account, kind
)
INSERT INTO webhook_delivery (webhook_id, event_no, due_at_ms)
SELECT w.webhook_id, made.event_no, $6
FROM made JOIN webhook w USING (account)
WHERE w.disabled_at_ms IS NULL AND (cardinality(w.events) = 0 OR made.kind = ANY(w.events))
"""
CLAIM = """
WITH due AS (
    SELECT d.webhook_id, d.event_no
    FROM webhook_delivery d JOIN webhook w USING (webhook_id)
    WHERE d.state = 'due' AND d.due_at_ms <= $1 AND d.claimed_until_ms <= $1
      AND w.disabled_at_ms IS NULL AND d.webhook_id <> ALL($3)
    ORDER BY d.due_at_ms, d.event_no LIMIT $2
    FOR UPDATE OF d SKIP LOCKED
)
UPDATE webhook_delivery d SET claimed_until_ms = $4, attempts = d.attempts + 1
FROM due JOIN caller_event e USING (event_no) JOIN webhook w USING (webhook_id) JOIN api_key k ON k.key_id = w.account
WHERE d.webhook_id = due.webhook_id AND d.event_no = due.event_no
RETURNING d.webhook_id, d.event_no, d.attempts, d.claimed_until_ms, e.event_id, e.body, w.url, w.secret,
          CASE WHEN w.previous_ends_at_ms > $1 THEN w.previous_secret END AS previous_secret, k.sandbox
"""
SETTLE = """
UPDATE webhook_delivery SET state = $3, due_at_ms = $4, claimed_until_ms = 0, last_status = $5, last_error = $6,
    settled_at_ms = CASE WHEN $3 <> 'due' THEN $7::bigint END
WHERE webhook_id = $1 AND event_no = $2 AND claimed_until_ms = $8
"""
DISABLE = "UPDATE webhook SET disabled_at_ms = $2, disabled_why = $3 WHERE webhook_id = $1 AND disabled_at_ms IS NULL"
FORGET = "DELETE FROM caller_event WHERE decided_at_ms < $1"


class PostgresOutbox:
    """`notifier.outbox.ports.OutboxStore`. What partners are told is in the first cluster, wherever its show is."""

    def __init__(self, clusters: Clusters, shows: PostgresStore) -> None:
        self._clusters = clusters
        self._pool = clusters.first
        self._shows = shows

    async def capture(self, now_ms: int, cluster: int = 0) -> int:
        """As in the port: events, deliveries and cursor move in one transaction."""
        with reaching_postgres():
            async with self._pool.acquire() as connection, connection.transaction():
                if not await connection.fetchval(LOCK, CAPTURE_LOCK):
                    return 0
                source = self._clusters.pools[cluster] if cluster else connection
                taken = {row["part"]: row["batch_seq"] for row in await connection.fetch(TAKEN)}
                looked_at = 0
                for part, known_seq in await source.fetch(KNOWN):
                    taken_seq = taken.get(part, 0)
                    up_to_seq = min(known_seq, taken_seq + BATCHES_AT_ONCE)
                    if up_to_seq <= taken_seq:
                        continue
                    batches = await source.fetch(NAMING_KEYS, part, taken_seq, up_to_seq)
                    await self._insert(connection, part, batches, now_ms)
                    await connection.execute(MOVE, part, up_to_seq)
                    looked_at += up_to_seq - taken_seq
                return looked_at

    async def claim(self, now_ms: int, limit: int, busy: Sequence[str]) -> list[Due]:
        """As in the port."""
        with reaching_postgres():
            rows = await self._pool.fetch(CLAIM, now_ms, limit, list(busy), now_ms + CLAIM_MS)
        return [
            Due(
                webhook_id=row["webhook_id"],
                event_no=row["event_no"],
                event_id=row["event_id"],
                url=row["url"],
                secrets=tuple(secret for secret in (row["secret"], row["previous_secret"]) if secret is not None),
                body=row["body"],
                attempt=row["attempts"],
                claimed_until_ms=row["claimed_until_ms"],
                twice=row["sandbox"] and comes_twice(row["body"]),
            )
            for row in rows
        ]

    async def settle(self, due: Due, answered: Answered, settled: Settled, now_ms: int) -> None:
        """As in the port."""
        with reaching_postgres():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(
                    SETTLE, due.webhook_id, due.event_no, settled.state, settled.due_at_ms, answered.status,
                    answered.error or None, now_ms, due.claimed_until_ms,
                )  # fmt: skip
                if settled.disabled_why:
                    await connection.execute(DISABLE, due.webhook_id, now_ms, settled.disabled_why)

    async def forget(self, before_ms: int) -> int:
        """As in the port."""
        with reaching_postgres():
            return int((await self._pool.execute(FORGET, before_ms)).rpartition(" ")[2])

    async def _insert(self, connection: Any, part: int, batches: Sequence[asyncpg.Record], now_ms: int) -> None:
        taken = [
            one
            for batch in batches
            for outcome in decode_outcomes(batch["payload"])
            if concerns_callers(one := Taken(outcome, part, batch["log_gen"], batch["decided_at_ms"]))
        ]
        wheres: dict[int, Where] = {}
        for show in {one.outcome.show for one in taken}:
            where = await self._shows.where(show)
            if where is not None:
                wheres[show] = where
        events: list[CallerEvent] = list(caller_events(taken, wheres))
        if events:
            await connection.execute(
                INSERT,
                [event.account for event in events],
                [event.event_id for event in events],
                [event.kind for event in events],
                [event.body for event in events],
                [event.decided_at_ms for event in events],
                now_ms,
            )
