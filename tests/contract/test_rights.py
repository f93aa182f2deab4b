"""Least rights, one by one: what each room's role may do with each relation, by the server's word and by trying it."""

import asyncpg
import pytest

from infra.provision import ROLE_LIMITS, ROOMS
from tests.conftest import Database
from tests.contract.signed_in import Connection, connected

LETTERS = {
    "SELECT": "r",
    "INSERT": "a",
    "UPDATE": "w",
    "DELETE": "d",
    "TRUNCATE": "D",
    "REFERENCES": "x",
    "TRIGGER": "t",
    "MAINTAIN": "m",
}
"""As Postgres writes them in its access control lists; MAINTAIN since 17."""
BY_COLUMN = ("SELECT", "INSERT", "UPDATE", "REFERENCES")

# Every relation, and every right that a room has on it: r reads, a adds, w changes, d removes. A room that is not named
# has none. A new relation fails the test until it is written down here.
EXPECTED: dict[str, dict[str, str]] = {
    # The stock: written by apply_batch() alone, which runs with its owner's rights.
    "installation": {"allocator": "r", "verify": "r"},
    "show": {"allocator": "r", "verify": "r"},
    "area": {"allocator": "r", "verify": "r"},
    "seat_taken": {"allocator": "r", "verify": "r"},
    "reservation": {"allocator": "r", "verify": "r"},
    "payment": {"allocator": "r", "verify": "r"},
    "outcome_log": {"allocator": "r", "verify": "r"},
    "dead_letter": {"allocator": "r", "verify": "r"},
    # Where the log begins: written by whoever owns the database, when the log is pruned.
    "log_pruned": {"verify": "r"},
    "show_pruned": {"verify": "r"},
    # Leases and who is alive.
    "allocator_cursor": {"allocator": "rw", "verify": "r"},
    "allocator_member": {"allocator": "rawd", "verify": "r"},
    # What a restore has written down.
    "decided_before": {"allocator": "r"},
    # What others see of the stock.
    "published_batches": {"ingress": "r", "notifier": "r", "expiry_worker": "r"},
    "outcome_batches": {"ingress": "r", "notifier": "r", "expiry_worker": "r"},
    "show_state": {"ingress": "r", "notifier": "r", "expiry_worker": "r", "waiting_room": "r"},
    "show_snapshot": {"ingress": "r", "notifier": "r"},
    "reservations": {"ingress": "r", "notifier": "r"},
    "bookings": {"ingress": "r", "notifier": "r"},
    "taken_seats": {"ingress": "r"},
    "live_holds": {"expiry_worker": "r"},
    "bookings_to_end": {"expiry_worker": "r"},
    # The catalogue is only added to.
    "catalogue_venue": {"ingress": "ra"},
    "catalogue_layout": {"ingress": "ra"},
    "catalogue_show": {"ingress": "ra"},
    "layouts": {"allocator": "r", "ingress": "r", "notifier": "r", "verify": "r"},
    "shows": {"waiting_room": "r", "notifier": "r", "expiry_worker": "r", "verify": "r"},
    # Personal data: of ingress alone, but for the names and addresses that letters go to.
    "booking_rating": {"ingress": "raw"},
    "contact_booking": {"ingress": "rad"},
    "contact_hold": {"ingress": "rad"},
    "contact_basket": {"ingress": "rad"},
    "mail_addresses": {"notifier": "r"},
    "api_key": {"ingress": "raw", "waiting_room": "r", "notifier": "r"},
    # What callers are told: events from the log of outcomes, and where they are sent.
    "caller_event": {"ingress": "r", "notifier": "rad"},
    "caller_event_cursor": {"notifier": "raw"},
    "webhook": {"ingress": "rawd", "notifier": "rw"},
    "webhook_delivery": {"ingress": "rw", "notifier": "raw"},
    # What is done about money.
    "delivery_cursor": {"notifier": "raw"},
    "delivery_payment": {"ingress": "r", "notifier": "raw"},
    "delivery_refund": {"ingress": "rw", "notifier": "raw"},
    # Letters.
    "delivery_mail": {"ingress": "a", "notifier": "raw"},
    # The sandbox provider's own book.
    "sandbox_attempt": {"sandbox": "raw"},
    "sandbox_charge": {"sandbox": "ra"},
    "sandbox_refund": {"sandbox": "ra"},
    "sandbox_notice": {"sandbox": "raw"},
    # What keys ask for, and what was done with commands that nobody could read.
    "api_log": {"ingress": "rad"},
    "api_usage": {"ingress": "raw"},
    "dead_letters": {"ingress": "r"},
    "dead_letter_settled": {"ingress": "ra"},
    # People with a password: of staff alone; who is signed in is asked of it by the session.
    "staff_person": {"staff": "raw"},
    "staff_session": {"staff": "rad"},
    "staff_try": {"staff": "rawd"},
    "staff_sessions": {"staff": "r", "waiting_room": "r", "ingress": "r"},
    # The waiting room.
    "room": {"waiting_room": "raw", "verify": "r"},
    "room_line": {"waiting_room": "raw", "verify": "r"},
    "room_claim": {"waiting_room": "raw", "verify": "r"},
    "room_entry": {"waiting_room": "ra", "verify": "r"},
    "room_act": {"waiting_room": "ra", "verify": "r"},
    "room_draw": {"waiting_room": "raw", "verify": "r"},
    "room_root": {"waiting_room": "ra", "verify": "r"},
    "room_track": {"waiting_room": "ra", "verify": "r"},
    "room_tally": {"waiting_room": "raw", "verify": "r"},
    "room_plan": {"waiting_room": "raw", "verify": "r"},
    "room_code": {"waiting_room": "raw", "verify": "r"},
    "room_code_use": {"waiting_room": "ra", "verify": "r"},
    "room_waves": {"ingress": "r", "notifier": "r"},
    # Provisioning's own.
    "schema_migration": {},
}
SOME_COLUMNS = {("notifier", "webhook"): "disabled_at_ms"}
"""Where a room may change some columns only: one of these. The others are tried in a test of their own."""
RELATIONS = """
SELECT relname, relkind FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'p', 'f')
"""
ATTEMPTS = {
    "r": "SELECT 1 FROM {table} LIMIT 0",
    "a": "INSERT INTO {table} DEFAULT VALUES",
    "w": "UPDATE {table} SET {column} = DEFAULT WHERE false",
    "d": "DELETE FROM {table} WHERE false",
    "D": "TRUNCATE {table}",
}
DENIED = asyncpg.InsufficientPrivilegeError


async def relations(admin: Connection, kinds: str = "rvmpf") -> set[str]:
    return {row["relname"] for row in await admin.fetch(RELATIONS) if row["relkind"].decode() in kinds}


async def test_every_role_has_on_every_relation_what_is_written_down_and_nothing_else(database: Database) -> None:
    async with connected(database) as admin:
        found: dict[str, dict[str, str]] = {}
        for relation in await relations(admin):
            rights = found.setdefault(relation, {})
            for room in ROOMS:
                letters = ""
                for right, letter in LETTERS.items():
                    whole = "SELECT has_table_privilege($1, $2, $3)"
                    some = "SELECT has_any_column_privilege($1, $2, $3)"
                    name = (f"onsale_{room}", f"public.{relation}", right)
                    has = await admin.fetchval(whole, *name)
                    if has or (right in BY_COLUMN and await admin.fetchval(some, *name)):
                        letters += letter
                if letters:
                    rights[room] = letters
    assert found == EXPECTED


async def test_what_a_role_may_not_do_is_refused_when_it_tries(database: Database) -> None:
    async with connected(database) as admin:
        columns = {
            table: await admin.fetchval(
                "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum = 1", table
            )
            for table in sorted(await relations(admin, "rp"))
        }
    wrong = []
    for room in ROOMS:
        async with connected(database, room) as connection:
            for table, column in columns.items():
                for letter, statement in ATTEMPTS.items():
                    allowed = letter in EXPECTED[table].get(room, "")
                    tries = statement.format(table=table, column=SOME_COLUMNS.get((room, table), column))
                    if allowed != await tried(connection, tries):
                        wrong.append((room, table, letter))
    assert wrong == []


async def test_the_notifier_switches_webhooks_off_and_changes_nothing_else_of_them(database: Database) -> None:
    async with connected(database, "notifier") as connection:
        assert await tried(connection, "UPDATE webhook SET disabled_at_ms = 1, disabled_why = '' WHERE false")
        for column in ("url", "secret", "account", "events"):
            assert not await tried(connection, f"UPDATE webhook SET {column} = DEFAULT WHERE false")


async def tried(connection: Connection, statement: str) -> bool:
    """Whether the server lets this role do it; nothing stays of it."""
    attempt = connection.transaction()
    await attempt.start()
    try:
        await connection.execute(statement)
    except DENIED:
        return False
    except (asyncpg.IntegrityConstraintViolationError, asyncpg.PostgresSyntaxError):
        return True
    finally:
        await attempt.rollback()
    return True


async def test_no_role_is_in_another_or_owns_or_may_make_anything(database: Database) -> None:
    names = [f"onsale_{room}" for room in ROOMS]
    async with connected(database) as admin:
        memberships = "SELECT count(*) FROM pg_auth_members JOIN pg_roles r ON r.oid = member WHERE rolname = ANY ($1)"
        assert await admin.fetchval(memberships, names) == 0
        owned = """
            SELECT deptype, classid::regclass::text FROM pg_shdepend JOIN pg_roles r ON r.oid = refobjid
            WHERE rolname = ANY ($1) AND deptype = 'o' AND dbid IN (0, (SELECT oid FROM pg_database
            WHERE datname = current_database()))
        """
        assert await admin.fetch(owned, names) == []
        assert await admin.fetch("SELECT * FROM pg_default_acl") == []
        schemas = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
        made = {
            (name, schema["nspname"])
            for schema in await admin.fetch(schemas)
            for name in names
            if await admin.fetchval("SELECT has_schema_privilege($1, $2, 'CREATE')", name, schema["nspname"])
        }
        assert made == set()
        databases = "SELECT has_database_privilege($1, current_database(), 'CREATE')"
        assert [name for name in names if await admin.fetchval(databases, name)] == []


async def test_no_role_runs_a_function_but_the_one_verb(database: Database) -> None:
    async with connected(database) as admin:
        functions = await admin.fetch("SELECT oid, proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
        may = {
            (room, function["proname"])
            for function in functions
            for room in ROOMS
            if await admin.fetchval(
                "SELECT has_function_privilege($1, $2::oid, 'EXECUTE')", f"onsale_{room}", function["oid"]
            )
        }
        definers = "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
        assert [row["proname"] for row in await admin.fetch(definers)] == ["apply_batch"]
    assert may == {("allocator", "apply_batch")}


@pytest.mark.parametrize("room", ROOMS)
async def test_a_session_that_says_nothing_has_its_limits_all_the_same(database: Database, room: str) -> None:
    async with connected(database, room) as connection:
        shown = {name: await connection.fetchval("SELECT current_setting($1)", name) for name in ROLE_LIMITS}
        assert shown == ROLE_LIMITS
        assert {"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"} <= set(ROLE_LIMITS)
        assert "0" not in shown.values()
