"""Who may touch the stock: nobody but `apply_batch()`, and only the allocator may call that."""

import asyncpg
import pytest

from allocator.arguments import ARGUMENTS
from infra.provision import ROOMS, provision_database
from tests.conftest import Database
from tests.contract.signed_in import connected
from tests.servers import Servers

DENIED = asyncpg.InsufficientPrivilegeError


async def test_a_stranger_is_denied_the_verb_itself(database: Database) -> None:
    nothing = ", ".join(["NULL"] * ARGUMENTS)
    for room in ROOMS:
        async with connected(database, room) as connection:
            if room == "allocator":
                # Allowed, and nothing happens: no cursor is at NULL.
                assert await connection.fetchval(f"SELECT apply_batch({nothing})") is None
            else:
                with pytest.raises(DENIED):
                    await connection.fetchval(f"SELECT apply_batch({nothing})")


async def test_everybody_may_do_nothing(database: Database) -> None:
    async with connected(database) as admin:
        for_all = await admin.fetch(
            """
            SELECT table_name, privilege_type FROM information_schema.role_table_grants
            WHERE grantee = 'PUBLIC' AND table_schema = 'public'
            """
        )
        assert for_all == []
        open_functions = await admin.fetch(
            """
            SELECT p.proname FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
            WHERE p.pronamespace = 'public'::regnamespace AND a.grantee = 0
            """
        )
        assert open_functions == []


async def test_only_the_allocator_moves_the_cursor_and_nobody_adds_or_removes_one(database: Database) -> None:
    for room in ROOMS:
        async with connected(database, room) as connection:
            moving = "UPDATE allocator_cursor SET lease_until = lease_until WHERE part = 0"
            if room == "allocator":
                assert await connection.execute(moving) == "UPDATE 1"
            else:
                with pytest.raises(DENIED):
                    await connection.execute(moving)
            for statement in ("DELETE FROM allocator_cursor", "INSERT INTO allocator_cursor (part) VALUES (99)"):
                with pytest.raises(DENIED):
                    await connection.execute(statement)


async def test_the_verb_runs_with_its_owners_rights_and_looks_nowhere_else(database: Database) -> None:
    async with connected(database) as admin:
        verb = await admin.fetchrow("SELECT prosecdef, proconfig FROM pg_proc WHERE proname = 'apply_batch'")
        assert verb is not None and verb["prosecdef"]
        assert "search_path=public, pg_temp" in verb["proconfig"]


async def test_a_temporary_table_of_the_same_name_does_not_stand_in_for_the_stock(database: Database) -> None:
    async with connected(database, "allocator") as connection:
        await connection.execute("CREATE TEMP TABLE allocator_cursor (LIKE public.allocator_cursor)")
        await connection.execute("INSERT INTO pg_temp.allocator_cursor SELECT * FROM public.allocator_cursor")
        await connection.execute("UPDATE pg_temp.allocator_cursor SET epoch = 77")
        arguments = ", ".join(["0", "77", "0", "0", *["NULL"] * (ARGUMENTS - 4)])
        assert await connection.fetchval(f"SELECT apply_batch({arguments})") is None


async def test_rooms_are_no_superusers(database: Database) -> None:
    rights = ("rolsuper", "rolcreatedb", "rolcreaterole", "rolreplication", "rolbypassrls")
    async with connected(database) as admin:
        for room in ROOMS:
            role = await admin.fetchrow("SELECT * FROM pg_roles WHERE rolname = $1", f"onsale_{room}")
            assert role is not None
            assert [right for right in rights if role[right]] == []


async def test_provisioning_twice_is_harmless(servers: Servers, database: Database) -> None:
    async with connected(database) as admin:
        await admin.execute("UPDATE allocator_cursor SET batch_seq = 5 WHERE part = 1")
        before = await admin.fetch("SELECT * FROM allocator_cursor ORDER BY part")
        history = await admin.fetchval("SELECT history_id FROM installation")
        migrated = await admin.fetch("SELECT * FROM schema_migration ORDER BY name")
    await provision_database(servers.postgres_url, database.name, servers.secret)
    await provision_database(servers.postgres_url, database.name, servers.secret, parts=range(14))
    async with connected(database) as admin:
        after = await admin.fetch("SELECT * FROM allocator_cursor ORDER BY part")
        assert after[: len(before)] == before
        assert [row["part"] for row in after] == list(range(14))
        assert await admin.fetchval("SELECT history_id FROM installation") == history
        assert await admin.fetch("SELECT * FROM schema_migration ORDER BY name") == migrated
