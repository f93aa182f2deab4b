"""People, sessions and tries in Postgres."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg

from runtime.postgres import FAILURES
from staff.people import WINDOW_MS, Bound, Person, Tries, subjects_begin
from staff.ports import StaffAway

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
FORGOTTEN_AT_ONCE = 100

PERSON = "SELECT person_id, email, name, roles, password_hash, disabled_at_ms, partner FROM staff_person"
BY_EMAIL = PERSON + " WHERE email = $1"
OF_SESSION = """
SELECT person_id, p.email, p.name, p.roles, p.password_hash, p.disabled_at_ms, p.partner
FROM staff_sessions s JOIN staff_person p USING (person_id) WHERE s.session_id = $1 AND s.ends_at_ms > $2
"""
# In one order for everybody, or two at once would wait for each other.
COUNT = """
INSERT INTO staff_try AS t (subject, tries, since_ms)
SELECT subject, 1, $2 FROM unnest($1::bytea[]) AS subject ORDER BY subject
ON CONFLICT (subject) DO UPDATE SET
    tries = CASE WHEN t.since_ms <= $2 - $3::bigint THEN 1 ELSE t.tries + 1 END,
    since_ms = CASE WHEN t.since_ms <= $2 - $3::bigint THEN $2 ELSE t.since_ms END
RETURNING subject, tries, since_ms
"""
FORGET = """
DELETE FROM staff_try WHERE subject IN (
    SELECT subject FROM staff_try WHERE since_ms <= $1 ORDER BY since_ms LIMIT $2 FOR UPDATE SKIP LOCKED)
"""
GIVE_BACK = "UPDATE staff_try SET tries = greatest(tries - 1, 0) WHERE subject = ANY ($1)"
ENTERED = "DELETE FROM staff_try WHERE subject = $1"
UNLOCK = "DELETE FROM staff_try WHERE substring(subject FROM 1 FOR length($1::bytea)) = $1"
BEGIN = """
INSERT INTO staff_session (session_id, person_id, address, created_at_ms, ends_at_ms) VALUES ($1, $2, $3, $4, $5)
"""
FORGET_SESSIONS = "DELETE FROM staff_session WHERE ends_at_ms <= $1"
END = "DELETE FROM staff_session WHERE session_id = $1"
SET_HASH = "UPDATE staff_person SET password_hash = $2 WHERE person_id = $1"
ADD = """
INSERT INTO staff_person (person_id, email, name, roles, password_hash, password_at_ms, created_at_ms, partner)
VALUES ($1, $2, $3, $4, $5, $6, $6, $7) ON CONFLICT DO NOTHING RETURNING person_id
"""
NEW_PASSWORD = "UPDATE staff_person SET password_hash = $2, password_at_ms = $3 WHERE email = $1 RETURNING person_id"  # noqa: S105 -- a statement
SHUT_OUT = "UPDATE staff_person SET disabled_at_ms = $2 WHERE email = $1 AND disabled_at_ms IS NULL RETURNING person_id"
LET_IN = "UPDATE staff_person SET disabled_at_ms = NULL WHERE email = $1 RETURNING person_id"
LIST = PERSON + " ORDER BY email"


class PostgresStaff:
    """`ports.People`, and what the command line does with them. All raise `StaffAway`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def by_email(self, email: str) -> Person | None:
        """See `ports.People`."""
        async with reaching():
            row = await self._pool.fetchrow(BY_EMAIL, email)
        return None if row is None else _person(row)

    async def of_session(self, session: str, now_ms: int) -> Person | None:
        """See `ports.People`."""
        async with reaching():
            row = await self._pool.fetchrow(OF_SESSION, session, now_ms)
        return None if row is None else _person(row)

    async def count(self, bounds: Sequence[Bound], now_ms: int) -> list[Tries]:
        """See `ports.People`."""
        subjects = [bound.subject for bound in bounds]
        async with reaching():
            rows = await self._pool.fetch(COUNT, subjects, now_ms, WINDOW_MS)
            await self._pool.execute(FORGET, now_ms - WINDOW_MS, FORGOTTEN_AT_ONCE)
        counted = {row["subject"]: Tries(row["tries"], row["since_ms"]) for row in rows}
        return [counted[subject] for subject in subjects]

    async def forgive(self, bounds: Sequence[Bound]) -> None:
        """See `ports.People`."""
        async with reaching():
            await self._pool.execute(ENTERED, bounds[0].subject)
            await self._pool.execute(GIVE_BACK, [bound.subject for bound in bounds[1:]])

    async def begin(self, session: str, person_id: str, address: str, now_ms: int, ends_at_ms: int) -> None:
        """See `ports.People`."""
        async with reaching():
            await self._pool.execute(FORGET_SESSIONS, now_ms)
            await self._pool.execute(BEGIN, session, person_id, address, now_ms, ends_at_ms)

    async def end(self, session: str) -> None:
        """See `ports.People`."""
        async with reaching():
            await self._pool.execute(END, session)

    async def set_hash(self, person_id: str, password_hash: str) -> None:
        """See `ports.People`."""
        async with reaching():
            await self._pool.execute(SET_HASH, person_id, password_hash)

    async def add(self, person: Person, now_ms: int) -> bool:
        """Whether nobody had the address before."""
        async with reaching():
            found = await self._pool.fetchval(
                ADD, person.person_id, person.email, person.name, sorted(person.roles), person.password_hash, now_ms,
                person.partner,
            )  # fmt: skip
        return found is not None

    async def give_password(self, email: str, password_hash: str, now_ms: int) -> bool:
        """Another password, which ends every session. Whether there is such a person."""
        async with reaching():
            return await self._pool.fetchval(NEW_PASSWORD, email, password_hash, now_ms) is not None

    async def shut_out(self, email: str, now_ms: int) -> bool:
        """They can no longer sign in, and their sessions are over. Whether there is somebody who could."""
        async with reaching():
            return await self._pool.fetchval(SHUT_OUT, email, now_ms) is not None

    async def let_in(self, email: str) -> bool:
        """They may sign in again, and what was guessed of them is forgotten; of others, and of the addresses from which
        it was guessed, nothing is. Whether there is such a person."""
        async with reaching():
            await self._pool.execute(UNLOCK, subjects_begin(email))
            return await self._pool.fetchval(LET_IN, email) is not None

    async def everybody(self) -> list[Person]:
        """By their addresses."""
        async with reaching():
            return [_person(row) for row in await self._pool.fetch(LIST)]


@asynccontextmanager
async def reaching() -> AsyncIterator[None]:
    """Whatever the database fails by is `StaffAway`."""
    try:
        yield
    except FAILURES as error:
        raise StaffAway(type(error).__name__) from error


def _person(row: Any) -> Person:
    return Person(
        row["person_id"],
        row["email"],
        row["name"],
        frozenset(row["roles"]),
        row["password_hash"],
        row["disabled_at_ms"] is not None,
        row["partner"],
    )
