"""Webhooks, their deliveries, and the feed of a caller's events, in Postgres. All raise StoreAway."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg

from ingress.stores import reaching_postgres

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

LISTED = (
    "webhook_id, account, url, events, description, created_at_ms, previous_ends_at_ms, disabled_at_ms, disabled_why"
)
# An account of None is an admin's: all of them.
OWN = "($1::text IS NULL OR account = $1)"
ADD = """
INSERT INTO webhook (webhook_id, account, url, events, description, secret, created_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
READ = f"SELECT {LISTED} FROM webhook WHERE {OWN} AND webhook_id = $2"  # noqa: S608 -- from constants
COUNT = "SELECT count(*) FROM webhook WHERE account = $1"
PAGE = f"""
SELECT {LISTED} FROM webhook WHERE {OWN} AND (created_at_ms, webhook_id) > ($2, $3)
ORDER BY created_at_ms, webhook_id LIMIT $4
"""  # noqa: S608 -- from constants
CHANGE = """
UPDATE webhook SET url = $2, events = $3, description = $4, disabled_at_ms = $5, disabled_why = $6 WHERE webhook_id = $1
"""
ROTATE = """
UPDATE webhook SET previous_secret = secret, previous_ends_at_ms = $3, secret = $2 WHERE webhook_id = $1
"""
REMOVE = "DELETE FROM webhook WHERE webhook_id = $1"
DELIVERIES = """
SELECT d.event_no, e.event_id, e.kind, e.decided_at_ms, d.state, d.attempts, d.due_at_ms, d.last_status, d.last_error,
       d.settled_at_ms
FROM webhook_delivery d JOIN caller_event e USING (event_no)
WHERE d.webhook_id = $1 AND d.event_no < $2 AND ($3::text IS NULL OR d.state = $3)
ORDER BY d.event_no DESC LIMIT $4
"""
AGAIN = """
UPDATE webhook_delivery d SET state = 'due', attempts = 0, due_at_ms = $3, claimed_until_ms = 0, settled_at_ms = NULL
FROM caller_event e WHERE e.event_no = d.event_no AND d.webhook_id = $1 AND e.event_id = $2 RETURNING d.event_no
"""
FEED = (
    "SELECT event_no, event_id, body FROM caller_event WHERE account = $1 AND event_no > $2 ORDER BY event_no LIMIT $3"
)


@dataclass(frozen=True, slots=True)
class WebhookRow:
    """A webhook without its secret."""

    webhook_id: str
    account: str
    url: str
    events: tuple[str, ...]
    description: str
    created_at_ms: int
    previous_ends_at_ms: int | None = None
    disabled_at_ms: int | None = None
    disabled_why: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One event on its way to one webhook."""

    event_no: int
    event_id: str
    kind: str
    decided_at_ms: int
    state: str
    attempts: int
    due_at_ms: int
    last_status: int | None
    last_error: str | None
    settled_at_ms: int | None


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event of the feed; `body` is JSON."""

    event_no: int
    event_id: str
    body: bytes


class WebhookTable:
    """`account` None: whosever it is."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, row: WebhookRow, secret: str) -> bool:
        """A new webhook. Whether there is such an account."""
        try:
            with reaching_postgres():
                await self._pool.execute(
                    ADD, row.webhook_id, row.account, row.url, list(row.events), row.description, secret,
                    row.created_at_ms,
                )  # fmt: skip
        except asyncpg.ForeignKeyViolationError:
            return False
        return True

    async def count(self, account: str) -> int:
        """How many webhooks an account has."""
        with reaching_postgres():
            return int(await self._pool.fetchval(COUNT, account))

    async def read(self, account: str | None, webhook_id: str) -> WebhookRow | None:
        """One webhook."""
        with reaching_postgres():
            row = await self._pool.fetchrow(READ, account, webhook_id)
        return None if row is None else _webhook(row)

    async def page(self, account: str | None, after: tuple[int, str], limit: int) -> list[WebhookRow]:
        """Webhooks in the order in which they were made, behind `after` (`created_at_ms`, id)."""
        with reaching_postgres():
            rows = await self._pool.fetch(PAGE, account, *after, limit)
        return [_webhook(row) for row in rows]

    async def change(self, row: WebhookRow) -> None:
        """Give it another address, other events, another text; switch it on or off."""
        with reaching_postgres():
            await self._pool.execute(
                CHANGE, row.webhook_id, row.url, list(row.events), row.description, row.disabled_at_ms, row.disabled_why
            )

    async def rotate(self, webhook_id: str, secret: str, previous_ends_at_ms: int) -> None:
        """Give it a new secret; until then the one before signs as well."""
        with reaching_postgres():
            await self._pool.execute(ROTATE, webhook_id, secret, previous_ends_at_ms)

    async def remove(self, webhook_id: str) -> None:
        """Remove it with its deliveries."""
        with reaching_postgres():
            await self._pool.execute(REMOVE, webhook_id)

    async def deliveries(self, webhook_id: str, before: int, state: str | None, limit: int) -> list[DeliveryRow]:
        """The newest first, from before `before` on."""
        with reaching_postgres():
            rows = await self._pool.fetch(DELIVERIES, webhook_id, before, state, limit)
        return [DeliveryRow(**row) for row in rows]

    async def send_again(self, webhook_id: str, event_id: str, now_ms: int) -> bool:
        """Send an event once more, under its old id. Whether there is such a delivery."""
        with reaching_postgres():
            return await self._pool.fetchval(AGAIN, webhook_id, event_id, now_ms) is not None

    async def feed(self, account: str, after: int, limit: int) -> Sequence[EventRow]:
        """Events of an account behind `after`, oldest first."""
        with reaching_postgres():
            rows = await self._pool.fetch(FEED, account, after, limit)
        return [EventRow(**row) for row in rows]


def _webhook(row: Any) -> WebhookRow:
    return WebhookRow(**{**row, "events": tuple(row["events"])})
