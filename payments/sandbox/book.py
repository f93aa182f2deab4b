"""The sandbox's book in Postgres: attempts, charges, refunds, notices."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from payments.provider import Charge, Found, Notice, Order, ProviderRefused, Refund, State
from payments.sandbox.choices import Plan, state_now

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

INSERT_ATTEMPT = """
INSERT INTO sandbox_attempt (attempt, page, amount, currency, description, return_to, notify_at, lapses_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (attempt) DO NOTHING
"""
COLUMNS = "attempt, page, amount, currency, description, return_to, lapses_at_ms, state, state_at_ms, reason"
BY_ATTEMPT = f"SELECT {COLUMNS} FROM sandbox_attempt WHERE attempt = $1"  # noqa: S608 -- of constants
BY_PAGE = f"SELECT {COLUMNS} FROM sandbox_attempt WHERE page = $1"  # noqa: S608 -- of constants
CHARGES = "SELECT reference, amount FROM sandbox_charge WHERE attempt = $1 ORDER BY reference"
CHOOSE = """
UPDATE sandbox_attempt SET state = $2, state_at_ms = $3, reason = $4
WHERE attempt = $1 AND state = 'open' AND lapses_at_ms > $5
"""
INSERT_CHARGES = (
    "INSERT INTO sandbox_charge (attempt, reference, amount) SELECT $1, * FROM unnest($2::text[], $3::bigint[])"
)
INSERT_NOTICES = "INSERT INTO sandbox_notice (attempt, due_at_ms, notice_id) SELECT $1, $2, unnest($3::text[])"
# Refunds of one charge one after the other, so that their sum is seen.
LOCK_CHARGE = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
CHARGE = "SELECT amount FROM sandbox_charge WHERE reference = $1"
REFUND = "SELECT reference, amount FROM sandbox_refund WHERE name = $1"
REFUNDED = "SELECT COALESCE(sum(amount), 0)::bigint FROM sandbox_refund WHERE reference = $1"
INSERT_REFUND = "INSERT INTO sandbox_refund (name, reference, amount, reason) VALUES ($1, $2, $3, $4)"
CLAIM = """
WITH due AS (
    SELECT notice_id FROM sandbox_notice WHERE NOT done AND due_at_ms <= $1 AND tries < $2
    ORDER BY due_at_ms LIMIT $3 FOR UPDATE SKIP LOCKED
)
UPDATE sandbox_notice n SET tries = tries + 1, due_at_ms = $1 + least(1000 * 2 ^ tries, 60000)::bigint
FROM due, sandbox_attempt a WHERE n.notice_id = due.notice_id AND a.attempt = n.attempt
RETURNING n.notice_id, n.attempt, a.notify_at
"""
DONE = "UPDATE sandbox_notice SET done = true WHERE notice_id = $1"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to pay, as the sandbox knows it."""

    attempt: str
    page: str
    amount: int
    currency: str
    description: str
    return_to: str
    lapses_at_ms: int
    state: State
    state_at_ms: int
    reason: str

    def state_now(self, now_ms: int) -> State:
        """How it stands."""
        return state_now(self.state, self.state_at_ms, self.lapses_at_ms, now_ms)


@dataclass(frozen=True, slots=True)
class DueNotice:
    """A notice to be sent now, and where to."""

    notice_id: str
    attempt: str
    notify_at: str


class Book:
    """Raises what asyncpg raises."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def begin(self, order: Order, notify_at: str, page: str) -> Attempt:
        """Write an attempt down, or find it there. Raises `ProviderRefused` where it was of another amount."""
        await self._pool.execute(
            INSERT_ATTEMPT, order.attempt, page, order.amount, order.currency, order.description, order.return_to,
            notify_at, order.lapses_at_ms,
        )  # fmt: skip
        attempt = await self.by_attempt(order.attempt)
        if attempt is None or (attempt.amount, attempt.currency) != (order.amount, order.currency):
            raise ProviderRefused("this attempt was of another amount")
        return attempt

    async def by_attempt(self, attempt: str) -> Attempt | None:
        """The attempt of this name."""
        return _attempt(await self._pool.fetchrow(BY_ATTEMPT, attempt))

    async def by_page(self, page: str) -> Attempt | None:
        """The attempt that is paid on this page."""
        return _attempt(await self._pool.fetchrow(BY_PAGE, page))

    async def news(self, attempt: str, now_ms: int) -> Notice:
        """What there is to say of an attempt."""
        found = await self.by_attempt(attempt)
        if found is None:
            return Notice(attempt, Found(State.UNKNOWN))
        state = found.state_now(now_ms)
        if state is not State.PAID:
            return Notice(attempt, Found(state, reason=found.reason if state is State.DECLINED else ""))
        rows = await self._pool.fetch(CHARGES, attempt)
        charges = tuple(Charge(row["reference"], row["amount"], found.currency, "card") for row in rows)
        return Notice(attempt, Found(state, charges))

    async def choose(self, attempt: str, plan: Plan, names: Sequence[str], now_ms: int) -> bool:
        """Let the payer's choice come true; False: somebody has chosen before, or the time is over. `names`: random,
        one for each charge and each notice."""
        async with self._pool.acquire() as connection, connection.transaction():
            done = await connection.execute(CHOOSE, attempt, plan.state, plan.at_ms, plan.reason, now_ms)
            if done != "UPDATE 1":
                return False
            paid, told = names[: len(plan.amounts)], names[len(plan.amounts) :][: plan.notices]
            references = [f"sbx_{name}" for name in paid]
            await connection.execute(INSERT_CHARGES, attempt, references, list(plan.amounts))
            await connection.execute(INSERT_NOTICES, attempt, plan.at_ms, [f"ntc_{name}" for name in told])
        return True

    async def refund(self, refund: Refund) -> str:
        """Give back; the same name twice is one refund. Raises `ProviderRefused`."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(LOCK_CHARGE, refund.reference)
            return await _refund(connection, refund)

    async def claim_notices(self, now_ms: int, tries_max: int, limit: int) -> list[DueNotice]:
        """Notices that are due; each comes again later unless it is `done`."""
        return [DueNotice(**row) for row in await self._pool.fetch(CLAIM, now_ms, tries_max, limit)]

    async def done(self, notice_id: str) -> None:
        """The notice has arrived."""
        await self._pool.execute(DONE, notice_id)


async def _refund(connection: "PoolConnectionProxy[asyncpg.Record]", refund: Refund) -> str:
    before = await connection.fetchrow(REFUND, refund.name)
    if before is not None:
        if (before["reference"], before["amount"]) != (refund.reference, refund.amount):
            raise ProviderRefused("this refund was another one")
        return refund.name
    paid = await connection.fetchval(CHARGE, refund.reference)
    if paid is None:
        raise ProviderRefused("there is no such payment")
    if await connection.fetchval(REFUNDED, refund.reference) + refund.amount > paid:
        raise ProviderRefused("more than was paid")
    await connection.execute(INSERT_REFUND, refund.name, refund.reference, refund.amount, refund.reason)
    return refund.name


def _attempt(row: asyncpg.Record | None) -> Attempt | None:
    return None if row is None else Attempt(**{**row, "state": State(row["state"])})
