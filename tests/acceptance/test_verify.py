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
from tests.servers import Servers
from tests.unit.onsale import ledger as sale
from tests.unit.onsale.ledger import PART, SHOW, Ledger
from ticketing.vocabulary import show_text

pytestmark = pytest.mark.anyio

INSERT_BATCH = """
INSERT INTO outcome_log (part, batch_seq, log_gen, first_offset, next_offset, decided_at_ms, decider_version, chain,
                         payload)
VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8)
"""
INSERT_SHOW = """
INSERT INTO show (part, show_id, status, seq, layout_id, layout_sha256, currency, starts_at_ms, opens_at_ms,
                  closes_at_ms, prices, policy, opened_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $9, 0, 0, '{}', $8::jsonb, $9)
"""
INSERT_RESERVATION = """
INSERT INTO reservation (part, show_id, reservation_id, status, version, account, person, seats, areas, prices, amount,
                         held_at_ms, expires_at_ms, hold_s, booked_at_ms, external_id, payment_until_ms,
                         fingerprint, recent)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 0, '', '')
"""


async def _store(connection: "asyncpg.Connection[asyncpg.Record]", ledger: Ledger) -> None:
    await connection.execute("INSERT INTO catalogue_venue VALUES ('ven_1', 'The Hall', 0)")
    await connection.execute(
        "INSERT INTO catalogue_layout VALUES ($1, 'ven_1', 1, $2, $3, $4, 0)",
        sale.LAYOUT_ID, sale.SHA256, sale.LAYOUT.places, ledger.document,
    )  # fmt: skip
    for batch in ledger.batches:
        await connection.execute(
            INSERT_BATCH, PART, batch.batch_seq, batch.log_gen, batch.first_offset, batch.next_offset, sale.T0,
            batch.chain, batch.payload,
        )  # fmt: skip
    cursor = ledger.cursor
    assert cursor is not None
    await connection.execute(
        "UPDATE allocator_cursor SET batch_seq = $2, next_offset = $3, log_gen = $4, published_seq = $5, chain = $6"
        " WHERE part = $1",
        PART, cursor.batch_seq, cursor.next_offset, cursor.log_gen, cursor.published_seq, cursor.chain,
    )  # fmt: skip
    for show in ledger.shows:
        await connection.execute(
            INSERT_SHOW, PART, show.show, show.status, show.seq, show.layout, show.layout_sha256, show.currency,
            show.policy, sale.T0,
        )  # fmt: skip
    for area in ledger.areas:
        await connection.execute(
            "INSERT INTO area VALUES ($1, $2, $3, $4, $5)", PART, SHOW, area.area, area.capacity, area.taken
        )
    for seat, owner in ledger.seats.items():
        await connection.execute("INSERT INTO seat_taken VALUES ($1, $2, $3, $4)", PART, SHOW, seat, owner)
    for row in ledger.reservations:
        areas = [number for pair in row.areas for number in pair]
        await connection.execute(
            INSERT_RESERVATION, PART, SHOW, row.id, row.status, row.version, row.account, row.person, list(row.seats),
            areas, list(row.prices), row.amount, row.held_at_ms, row.expires_at_ms, row.hold_s, row.booked_at_ms,
            row.external_id,
        )  # fmt: skip
    for payment in ledger.payments:
        await connection.execute(
            "INSERT INTO payment VALUES ($1, $2, $3, $4, $5, $6, true, 0)",
            PART, SHOW, payment.provider, payment.reference, payment.reservation, payment.amount,
        )  # fmt: skip


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
        await _store(connection, Ledger())
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
        await _store(connection, Ledger())
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
