"""Who is signed in, as staff shows it to other rooms. Raises StoreAway."""

from typing import TypeAlias

import asyncpg

from ingress.sessions import Person
from ingress.stores import reaching_postgres

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

OF_SESSION = "SELECT person_id, roles, partner FROM staff_sessions WHERE session_id = $1 AND ends_at_ms > $2"


class SessionTable:
    """`sessions.People` in Postgres."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of_session(self, session: str, now_ms: int) -> Person | None:
        """See `sessions.People`."""
        with reaching_postgres():
            row = await self._pool.fetchrow(OF_SESSION, session, now_ms)
        return None if row is None else Person(row["person_id"], frozenset(row["roles"]), row["partner"])
