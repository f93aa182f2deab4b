"""Letters in Postgres."""

from typing import TypeAlias

import asyncpg

from notifier.mail.ports import BookingFacts, DueMail
from notifier.store import reaching_postgres, reservation_of

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

CLAIM_MS = 60_000
"""Longer than a mail server is waited for."""
ERROR_CHARS_MAX = 500

CLAIM = """
WITH due AS (
    SELECT mail_id FROM delivery_mail WHERE state = 'due' AND due_at_ms <= $1 AND claimed_until_ms <= $1
    ORDER BY due_at_ms LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE delivery_mail d SET claimed_until_ms = $3, tries = d.tries + 1
FROM due WHERE d.mail_id = due.mail_id
RETURNING d.mail_id AS mail, d.part, d.show_id AS show, d.reservation_id AS reservation, d.kind, d.tries,
          d.created_at_ms, d.claimed_until_ms
"""
FACTS = """
SELECT r.*, s.name AS show_name, s.starts_at_ms, a.name, a.email, a.language
FROM reservations r JOIN shows s USING (show_id)
LEFT JOIN LATERAL (
    SELECT name, email, language FROM mail_addresses m
    WHERE m.show_id = r.show_id AND m.reservation_id = r.reservation_id
    ORDER BY created_at_ms DESC LIMIT 1
) a ON true
WHERE r.part = $1 AND r.show_id = $2 AND r.reservation_id = $3
"""
SETTLE = """
UPDATE delivery_mail SET state = $2, due_at_ms = $3, claimed_until_ms = 0, last_error = $5,
    settled_at_ms = CASE WHEN $2 <> 'due' THEN $4::bigint END
WHERE mail_id = $1 AND state = 'due' AND claimed_until_ms = $6
"""


class PostgresMails:
    """`notifier.mail.ports.MailStore` over a pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def claim(self, now_ms: int, limit: int) -> list[DueMail]:
        """As in the port."""
        with reaching_postgres():
            rows = await self._pool.fetch(CLAIM, now_ms, limit, now_ms + CLAIM_MS)
        return [DueMail(**row) for row in rows]

    async def facts(self, mail: DueMail) -> BookingFacts | None:
        """As in the port."""
        with reaching_postgres():
            row = await self._pool.fetchrow(FACTS, mail.part, mail.show, mail.reservation)
        if row is None:
            return None
        return BookingFacts(
            reservation_of(row), row["show_name"], row["starts_at_ms"], row["name"] or "", row["email"] or "",
            row["language"] or "",
        )  # fmt: skip

    async def settle(self, one: DueMail, state: str, due_at_ms: int, now_ms: int, error: str = "") -> None:
        """As in the port."""
        with reaching_postgres():
            await self._pool.execute(
                SETTLE, one.mail, state, due_at_ms, now_ms, error[:ERROR_CHARS_MAX], one.claimed_until_ms
            )
