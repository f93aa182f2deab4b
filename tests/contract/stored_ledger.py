"""The small sale of the checker's tests (`tests/unit/onsale/ledger.py`) in a real Postgres."""

import asyncpg

from tests.unit.onsale import ledger as sale
from tests.unit.onsale.ledger import PART, SHOW, Ledger

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


async def store_ledger(connection: "asyncpg.Connection[asyncpg.Record]", ledger: Ledger) -> None:
    """Write all of it, as the superuser."""
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
