"""The stock's two stores, the one in memory and the one in Postgres, as one suite sees them."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol
from uuid import UUID

import asyncpg

from allocator.errors import ResultUnknown, WritesRefused
from allocator.membership import Membership
from allocator.ownership import Seat
from allocator.ports import Store
from allocator.store import PostgresStore
from runtime import postgres
from tests.conftest import Database
from tests.simulation.memory_store import MemoryStore
from tests.simulation.memory_tables import Step, Tables
from ticketing.clock import ManualClock

Row = dict[str, Any]
TABLES = ("show", "area", "seat_taken", "reservation", "payment", "outcome_log", "dead_letter", "allocator_cursor")
CLOSED_WITHIN_S = 30
LEASES_LAST = """
CREATE FUNCTION lasts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.lease_until := 'infinity'; RETURN NEW; END $$;
CREATE TRIGGER lasts BEFORE UPDATE OF lease_until ON allocator_cursor
FOR EACH ROW WHEN (NEW.owner IS NOT NULL AND NEW.lease_until > now()) EXECUTE FUNCTION lasts();
"""
"""Three seconds are short on a busy machine: in these stories a lease ends when it is said to (`lapse`)."""


class StockStore(Store, Protocol):
    """A store, as its owner holds it."""

    def close(self) -> None: ...


class Ground(Protocol):
    """One database, and what may happen to it behind the stores' backs."""

    def store(self, part: int, owner: UUID) -> StockStore:
        """A connection of this owner."""
        ...

    async def live(self, owner: UUID) -> None:
        """The owner says that it lives, on the connection that renews its leases."""
        ...

    async def renew(self, owner: UUID, *leases: tuple[int, int, int]) -> frozenset[int]:
        """Renew `(part, epoch, published batch)` each; the parts that were renewed."""
        ...

    async def die(self, owner: UUID) -> None:
        """That connection is gone."""
        ...

    async def leave(self, owner: UUID) -> None:
        """It leaves in order."""
        ...

    async def look(self, owner: UUID) -> tuple[list[Seat], list[str]]:
        """The partitions as they are owned, and who is alive: what this owner sees."""
        ...

    async def lapse(self, part: int) -> None:
        """The lease is over."""
        ...

    async def warn_at_commit(self) -> None:
        """From now on batches are committed, but the server warns."""
        ...

    async def fill_disk(self) -> None:
        """From now on no batch can be written."""
        ...

    async def free_disk(self) -> None:
        """There is room again."""
        ...

    async def cut(self, owner: UUID) -> None:
        """Its stores' connections break before the next call reaches the server."""
        ...

    async def put_layout(self, layout_id: str, sha256: bytes, document: bytes) -> None: ...

    async def put_steps(self, *steps: Step) -> None:
        """What a restore leaves in decided_before."""
        ...

    async def rows(self, table: str) -> list[Row]:
        """All rows of a table in any order, without what only one of the two knows."""
        ...


class MemoryGround:
    """`Tables`, shared by its stores."""

    def __init__(self) -> None:
        self.clock = ManualClock(1_800_000_000_000)
        self.tables = Tables(self.clock, partitions=12)
        self._cut: set[str] = set()
        self._warns = False
        self._is_full = False

    def store(self, part: int, owner: UUID) -> StockStore:
        async def pause(point: str) -> None:
            if point.endswith(".sent") and owner.hex in self._cut:
                raise ResultUnknown("the connection is broken")
            if point == "apply.sent" and self._is_full:
                raise WritesRefused("no space is left")
            if point == "apply.done" and self._warns:
                raise ResultUnknown("the server warned")

        return MemoryStore(part, owner.hex, self.tables, pause)

    async def live(self, owner: UUID) -> None:
        self.tables.renew(owner.hex, [])

    async def renew(self, owner: UUID, *leases: tuple[int, int, int]) -> frozenset[int]:
        return self.tables.renew(owner.hex, leases)

    async def die(self, owner: UUID) -> None:
        self.tables.member[owner.hex]["has_backend"] = False

    async def leave(self, owner: UUID) -> None:
        self.tables.leave(owner.hex)

    async def look(self, owner: UUID) -> tuple[list[Seat], list[str]]:
        return self.tables.look()

    async def lapse(self, part: int) -> None:
        self.tables.cursor[part]["lease_until"] = self.clock.now_ms() - 1

    async def warn_at_commit(self) -> None:
        self._warns = True

    async def fill_disk(self) -> None:
        self._is_full = True

    async def free_disk(self) -> None:
        self._is_full = False

    async def cut(self, owner: UUID) -> None:
        self._cut.add(owner.hex)

    async def put_layout(self, layout_id: str, sha256: bytes, document: bytes) -> None:
        self.tables.layouts[layout_id] = sha256, document

    async def put_steps(self, *steps: Step) -> None:
        self.tables.decided_before += steps

    async def rows(self, table: str) -> list[Row]:
        held = self.tables.cursor if table == "allocator_cursor" else getattr(self.tables, table)
        return [_plain(row) for row in held.values()]


class PostgresGround:
    """A database of the test's own; stores connect with the allocator's own role."""

    def __init__(self, database: Database, admin: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.url = postgres.room_url(database.url, "onsale_allocator", database.secret)
        self.admin = admin
        self._members: dict[UUID, Membership] = {}
        self._stores: list[PostgresStore] = []

    def store(self, part: int, owner: UUID) -> StockStore:
        async def connect(warned: Callable[[str], None]) -> "asyncpg.Connection[asyncpg.Record]":
            return await postgres.connect(self.url, application_name=f"store {owner.hex}", on_warning=warned)

        store = PostgresStore(part, owner, connect)
        self._stores.append(store)
        return store

    async def live(self, owner: UUID) -> None:
        await self.member(owner).renew([])

    async def renew(self, owner: UUID, *leases: tuple[int, int, int]) -> frozenset[int]:
        return await self.member(owner).renew(leases)

    async def leave(self, owner: UUID) -> None:
        await self.member(owner).leave()

    async def look(self, owner: UUID) -> tuple[list[Seat], list[str]]:
        return await self.member(owner).look()

    async def die(self, owner: UUID) -> None:
        # Cut off by the server, as when the machine is gone: an orderly end would take its row away.
        ended = await self.admin.fetchval(
            "SELECT pg_terminate_backend(backend_pid, $2) FROM allocator_member WHERE owner = $1",
            owner,
            CLOSED_WITHIN_S * 1000,
        )
        assert ended

    async def lapse(self, part: int) -> None:
        await self.admin.execute("UPDATE allocator_cursor SET lease_until = '-infinity' WHERE part = $1", part)

    async def warn_at_commit(self) -> None:
        await self.admin.execute(
            """
            CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE WARNING 'canceling wait for synchronous replication due to user request'; RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER warn AFTER INSERT ON outcome_log DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION warn()
            """
        )

    async def fill_disk(self) -> None:
        # As the server says it when a file of that table cannot grow.
        await self.admin.execute(
            """
            CREATE FUNCTION grow() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
            CREATE TRIGGER grow BEFORE INSERT ON outcome_log FOR EACH ROW EXECUTE FUNCTION grow()
            """
        )

    async def free_disk(self) -> None:
        await self.admin.execute("DROP FUNCTION grow CASCADE")

    async def cut(self, owner: UUID) -> None:
        await self.admin.fetch(
            "SELECT pg_terminate_backend(pid, $2) FROM pg_stat_activity "
            "WHERE application_name = $1 AND datname = current_database()",
            f"store {owner.hex}",
            CLOSED_WITHIN_S * 1000,
        )

    async def put_layout(self, layout_id: str, sha256: bytes, document: bytes) -> None:
        await self.admin.execute("INSERT INTO catalogue_venue VALUES ('ven', 'venue', 0) ON CONFLICT DO NOTHING")
        await self.admin.execute(
            "INSERT INTO catalogue_layout SELECT $1, 'ven', 1 + count(*), $2, 10, $3, 0 FROM catalogue_layout"
            " ON CONFLICT DO NOTHING",
            layout_id,
            sha256,
            document,
        )

    async def put_steps(self, *steps: Step) -> None:
        await self.admin.executemany("INSERT INTO decided_before VALUES ($1, $2, $3, $4)", steps)

    async def rows(self, table: str) -> list[Row]:
        return [_plain(dict(row)) for row in await self.admin.fetch(f"SELECT * FROM {table}")]

    async def close(self) -> None:
        """Leave no connection behind."""
        for store in self._stores:
            store.close()
        for member in self._members.values():
            await member.leave()

    def member(self, owner: UUID) -> Membership:
        """The owner's place in the table of members."""
        if owner not in self._members:
            self._members[owner] = Membership(owner, self._connect, lambda part: True)
        return self._members[owner]

    async def _connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        return await postgres.connect(self.url, application_name="leases")


@asynccontextmanager
async def postgres_ground(database: Database, *, leases_last: bool = True) -> AsyncIterator[PostgresGround]:
    """The real one, with a superuser's connection for what happens behind the stores' backs. `leases_last`: they end
    when a story says so, and not by time."""
    admin = await asyncpg.connect(database.url)
    if leases_last:
        await admin.execute(LEASES_LAST)
    ground = PostgresGround(database, admin)
    try:
        yield ground
    finally:
        await ground.close()
        await admin.close()


def _plain(row: Row) -> Row:
    """The row without its lease, its owner as text, and JSON as what it says."""
    owner = row.get("owner")
    plain = {name: value for name, value in row.items() if name != "lease_until"}
    if isinstance(owner, UUID):
        plain["owner"] = owner.hex
    for name in ("prices", "policy", "allocations"):
        if isinstance(row.get(name), str):
            plain[name] = json.loads(row[name])
    return plain
