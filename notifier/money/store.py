"""Attempts to pay and refunds in Postgres, taken from the log of outcomes; and letters with them, under one cursor."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import asyncpg

from notifier.money.ports import DueRefund, OpenAttempt
from notifier.money.taking import KINDS, Taken, take
from notifier.store import reaching_postgres
from ticketing.messages import decode_outcomes

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

BATCHES_AT_ONCE = 500
CLAIM_MS = 60_000
"""Longer than a provider is waited for."""
CAPTURE_LOCK = 6_073_747
"""Of the one process that takes what is published; it ends with its transaction."""

LOCK = "SELECT pg_try_advisory_xact_lock($1)"
BEHIND = """
SELECT p.part, coalesce(c.batch_seq, 0) AS taken_seq, least(p.batch_seq, p.published_seq) AS known_seq
FROM published_batches p LEFT JOIN delivery_cursor c USING (part)
WHERE coalesce(c.batch_seq, 0) < least(p.batch_seq, p.published_seq)
"""
NAMING_MONEY = """
SELECT log_gen, payload FROM outcome_batches
WHERE part = $1 AND batch_seq > $2 AND batch_seq <= $3
  AND EXISTS (SELECT 1 FROM unnest($4::bytea[]) AS kind WHERE position(kind IN payload) > 0)
ORDER BY batch_seq
"""
MOVE = """
INSERT INTO delivery_cursor (part, batch_seq) VALUES ($1, $2)
ON CONFLICT (part) DO UPDATE SET batch_seq = EXCLUDED.batch_seq
"""
INSERT_ATTEMPTS = """
INSERT INTO delivery_payment (attempt, part, show_id, reservation_id, provider, lapses_at_ms, due_at_ms)
SELECT *, $7 FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bytea[], $5::text[], $6::bigint[])
ON CONFLICT (attempt) DO NOTHING
"""
END_ATTEMPTS = "UPDATE delivery_payment SET state = 'ended' WHERE attempt = ANY($1) AND state = 'open'"
INSERT_REFUNDS = """
INSERT INTO delivery_refund (refund_id, part, show_id, reservation_id, provider, reference, amount, reason, owner,
                             due_at_ms, created_at_ms)
SELECT *, $10, $10 FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bytea[], $5::text[], $6::text[], $7::bigint[],
                               $8::text[], $9::text[])
ON CONFLICT (refund_id) DO NOTHING
"""
INSERT_MAILS = """
INSERT INTO delivery_mail (mail_id, part, show_id, reservation_id, kind, due_at_ms, created_at_ms)
SELECT *, $6, $6 FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bytea[], $5::text[])
ON CONFLICT (mail_id) DO NOTHING
"""
CLAIM_ATTEMPTS = """
WITH due AS (
    SELECT attempt FROM delivery_payment
    WHERE state = 'open' AND due_at_ms <= $1 AND claimed_until_ms <= $1 AND provider = ANY($3)
    ORDER BY due_at_ms LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE delivery_payment d SET claimed_until_ms = $4, asks = d.asks + 1
FROM due, show_state s WHERE d.attempt = due.attempt AND s.part = d.part AND s.show_id = d.show_id
RETURNING d.attempt, d.part, d.provider, s.currency, d.lapses_at_ms, d.asks, d.claimed_until_ms
"""
SETTLE_ATTEMPT = """
UPDATE delivery_payment SET state = $2, due_at_ms = $3, last_error = $4, claimed_until_ms = 0
WHERE attempt = $1 AND state = 'open' AND claimed_until_ms = $5
"""
CLAIM_REFUNDS = """
WITH due AS (
    SELECT refund_id FROM delivery_refund
    WHERE state = 'due' AND due_at_ms <= $1 AND claimed_until_ms <= $1 AND provider = ANY($3)
    ORDER BY due_at_ms LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE delivery_refund d SET claimed_until_ms = $4, tries = d.tries + 1
FROM due WHERE d.refund_id = due.refund_id
RETURNING d.refund_id AS refund, d.provider, d.reference, d.amount, d.reason, d.tries, d.claimed_until_ms
"""
SETTLE_REFUND = """
UPDATE delivery_refund SET state = $2, due_at_ms = $3, claimed_until_ms = 0, provider_refund = $5, last_error = $6,
    settled_at_ms = CASE WHEN $2 <> 'due' THEN $4::bigint END
WHERE refund_id = $1 AND state = 'due' AND claimed_until_ms = $7
"""
ERROR_CHARS_MAX = 500


class PostgresMoney:
    """`notifier.money.ports.MoneyStore` over a pool. `ask_after_ms`: how long a notice is waited for before the
    provider is asked; `mails`: whether letters are written at all."""

    def __init__(self, pool: Pool, *, ask_after_ms: int, mails: bool) -> None:
        self._pool = pool
        self._mails = mails
        self._ask_after_ms = ask_after_ms

    async def capture(self, now_ms: int) -> int:
        """As in the port: what is taken and the cursor move in one transaction."""
        with reaching_postgres():
            async with self._pool.acquire() as connection, connection.transaction():
                if not await connection.fetchval(LOCK, CAPTURE_LOCK):
                    return 0
                looked_at = 0
                for row in await connection.fetch(BEHIND):
                    up_to_seq = min(row["known_seq"], row["taken_seq"] + BATCHES_AT_ONCE)
                    bounds = row["part"], row["taken_seq"], up_to_seq
                    taken = Taken()
                    for batch in await connection.fetch(NAMING_MONEY, *bounds, list(KINDS)):
                        take(decode_outcomes(batch["payload"]), row["part"], batch["log_gen"], taken)
                    await self._insert(connection, taken, now_ms)
                    await connection.execute(MOVE, row["part"], up_to_seq)
                    looked_at += up_to_seq - row["taken_seq"]
                return looked_at

    async def claim_attempts(self, providers: Sequence[str], now_ms: int, limit: int) -> list[OpenAttempt]:
        """As in the port."""
        with reaching_postgres():
            rows = await self._pool.fetch(CLAIM_ATTEMPTS, now_ms, limit, list(providers), now_ms + CLAIM_MS)
        return [OpenAttempt(**row) for row in rows]

    async def settle_attempt(self, one: OpenAttempt, state: str, due_at_ms: int, error: str) -> None:
        """As in the port."""
        with reaching_postgres():
            await self._pool.execute(
                SETTLE_ATTEMPT, one.attempt, state, due_at_ms, error[:ERROR_CHARS_MAX], one.claimed_until_ms
            )

    async def claim_refunds(self, providers: Sequence[str], now_ms: int, limit: int) -> list[DueRefund]:
        """As in the port."""
        with reaching_postgres():
            rows = await self._pool.fetch(CLAIM_REFUNDS, now_ms, limit, list(providers), now_ms + CLAIM_MS)
        return [DueRefund(**row) for row in rows]

    async def settle_refund(
        self, one: DueRefund, state: str, due_at_ms: int, now_ms: int, *, named: str = "", error: str = ""
    ) -> None:
        """As in the port."""
        with reaching_postgres():
            await self._pool.execute(
                SETTLE_REFUND, one.refund, state, due_at_ms, now_ms, named or None, error[:ERROR_CHARS_MAX],
                one.claimed_until_ms,
            )  # fmt: skip

    async def _insert(self, connection: Any, taken: Taken, now_ms: int) -> None:
        begun, refunds = taken.begun, taken.refunds
        if begun:
            await connection.execute(
                INSERT_ATTEMPTS,
                [it.attempt for it in begun],
                [it.part for it in begun],
                [it.show for it in begun],
                [it.reservation for it in begun],
                [it.provider for it in begun],
                [it.lapses_at_ms for it in begun],
                now_ms + self._ask_after_ms,
            )
        if taken.mails and self._mails:
            await connection.execute(
                INSERT_MAILS,
                [it.mail for it in taken.mails],
                [it.part for it in taken.mails],
                [it.show for it in taken.mails],
                [it.reservation for it in taken.mails],
                [it.kind for it in taken.mails],
                now_ms,
            )
        if taken.ended:
            await connection.execute(END_ATTEMPTS, taken.ended)
        if refunds:
            await connection.execute(
                INSERT_REFUNDS,
                [it.refund for it in refunds],
                [it.part for it in refunds],
                [it.show for it in refunds],
                [it.reservation for it in refunds],
                [it.provider for it in refunds],
                [it.reference for it in refunds],
                [it.amount for it in refunds],
                [it.reason for it in refunds],
                [it.owner for it in refunds],
                now_ms,
            )
