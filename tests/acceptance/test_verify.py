"""`onsale verify` on a real Postgres: one row corrupted by hand, and it exits 1 naming the check that saw it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.conftest import Database
from tests.contract.stored_ledger import store_ledger
from tests.servers import Servers
from tests.unit.onsale.ledger import SHOW, Ledger
from ticketing.vocabulary import show_text

pytestmark = pytest.mark.anyio


def _verify(database: Database, place: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and report of `onsale verify --json`, run as its own process."""
    done = subprocess.run(
        [sys.executable, "-m", "onsale", "verify", "--json", "--data-dir", str(place), *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"ONSALE_POSTGRES_URL": database.url, "ONSALE_SECRET": database.secret},
    )
    report: dict[str, Any] = json.loads(done.stdout) if done.stdout else {"said": done.stderr}
    return done.returncode, report


CORRUPTIONS = {
    "batch_seq": "DELETE FROM outcome_log WHERE batch_seq = 2",
    "offsets": "UPDATE outcome_log SET first_offset = first_offset + 1 WHERE batch_seq = 2",
    "chain": "UPDATE outcome_log SET chain = sha256(chain) WHERE batch_seq = 3",
    "payload": "UPDATE outcome_log SET payload = substring(payload FOR 20) WHERE batch_seq = 1",
    "cursor_table": "UPDATE allocator_cursor SET next_offset = next_offset + 1 WHERE batch_seq > 0",
    "show_table": "UPDATE show SET seq = seq + 1",
    "reservation_table": "UPDATE reservation SET status = 'booked' WHERE status = 'expired'",
    "seat_table": "DELETE FROM seat_taken WHERE seat_no = 2",
    "area_table": "UPDATE area SET taken = taken + 1",
    "payment_table": "UPDATE payment SET amount = amount + 1",
    "layout": "UPDATE area SET capacity = capacity + 1",
}


async def test_verify_is_clean_and_then_names_each_corruption(
    servers: Servers, database: Database, tmp_path: Path
) -> None:
    connection = await asyncpg.connect(database.url)
    try:
        await store_ledger(connection, Ledger())
        code, report = _verify(database, tmp_path)
        assert (code, report.get("violations")) == (0, 0), report
        assert report["read"]["batches"] == 4
        assert report["read"]["reservations"] == 5
        for name, corruption in CORRUPTIONS.items():
            kept = await _rows(connection)
            assert (await connection.execute(corruption)).split()[-1] != "0", name
            code, report = _verify(database, tmp_path)
            assert code == 1, (name, report)
            assert report["checks"][name]["violations"] > 0, (name, report)
            await _put_back(connection, kept)
        assert _verify(database, tmp_path)[0] == 0
    finally:
        await connection.close()


TABLES = ("outcome_log", "allocator_cursor", "show", "reservation", "seat_taken", "area", "payment")


async def _rows(connection: "asyncpg.Connection[asyncpg.Record]") -> dict[str, list[asyncpg.Record]]:
    return {table: await connection.fetch(f"SELECT * FROM {table}") for table in TABLES}


async def _put_back(connection: "asyncpg.Connection[asyncpg.Record]", kept: dict[str, list[asyncpg.Record]]) -> None:
    for table, rows in kept.items():
        await connection.execute(f"DELETE FROM {table}")
        await connection.copy_records_to_table(table, records=[tuple(row) for row in rows])


async def test_one_show_is_judged_alone_and_an_unknown_one_not_at_all(
    servers: Servers, database: Database, tmp_path: Path
) -> None:
    connection = await asyncpg.connect(database.url)
    try:
        await store_ledger(connection, Ledger())
    finally:
        await connection.close()
    code, report = _verify(database, tmp_path, "--show", show_text(SHOW))
    assert (code, report["read"]["parts"]) == (0, 1)
    assert _verify(database, tmp_path, "--show", show_text(SHOW + 1))[0] == 2
    assert _verify(database, tmp_path, "--show", "shw_hello")[0] == 2


async def test_without_a_database_it_says_that_it_could_not_run(tmp_path: Path) -> None:
    nowhere = Database("none", "postgresql://nobody:none@127.0.0.1:1/none", "only-for-tests-only-for-tests")
    code, report = _verify(nowhere, tmp_path)
    assert code == 2
    assert "cannot be read" in report["said"]
