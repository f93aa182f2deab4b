"""What a batch costs does not grow with what was sold before, whatever the planner believes of the tables."""

import asyncpg
import pytest

from tests.conftest import Database
from tests.contract.stock_stores import postgres_ground
from tests.contract.stock_story import ANNA, PART, T0, a_hold, owned
from tests.simulation.crowd import IN_ROWS, SHOWS, opening
from ticketing import messages

pytestmark = [pytest.mark.anyio, pytest.mark.servers]

SHOW = SHOWS[0]
SOLD = 3_000
SOLD_BEFORE = f"""
INSERT INTO reservation
SELECT {PART}, 77, decode(md5(n::text), 'hex'), 'held', 1, 'ent_x', 'ent_x', '{{}}', '{{}}', '{{}}', 0, 0, 0, 0, 0, '', 0, '', ''
FROM generate_series(1, {SOLD}) n
"""  # noqa: E501 -- one row
SEATS_BEFORE = f"INSERT INTO seat_taken SELECT {PART}, 77, n, '' FROM generate_series(1, {SOLD}) n"
READ = "SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes WHERE relname IN ('reservation', 'seat_taken')"


async def read_by_indexes(admin: "asyncpg.Connection[asyncpg.Record]") -> int:
    read: int = await admin.fetchval(READ)
    return read


def release(seat: int) -> messages.ReleaseHold:
    return messages.ReleaseHold(
        show=SHOW,
        key=(100 + seat).to_bytes(16),
        sent_at_ms=T0,
        account=f"ent_{1 + seat}",
        reservation=(1 + seat).to_bytes(16),
    )


async def test_changes_find_their_rows_by_key_though_they_were_planned_when_the_tables_were_small(
    database: Database,
) -> None:
    async with postgres_ground(database) as ground:
        store, _, writer = await owned(ground)
        seats = range(IN_ROWS)
        opens = opening(SHOW, T0)
        await store.apply(writer.sealed(opens, *(a_hold(1 + seat, seat) for seat in seats)))
        assert await store.apply(writer.sealed(release(0))) is not None
        await ground.admin.execute(SOLD_BEFORE)
        await ground.admin.execute(SEATS_BEFORE)
        await ground.admin.execute("SELECT pg_stat_force_next_flush()")
        before = await read_by_indexes(ground.admin)

        batch = writer.sealed(*map(release, seats[1:]))
        assert len(batch.freed) == len(batch.changed) == len(seats) - 1
        assert await store.apply(batch) is not None

        await ground.cut(ANNA)  # a backend that ends has told all its counts
        await ground.admin.execute("SELECT pg_stat_clear_snapshot()")
        assert await read_by_indexes(ground.admin) - before < 20 * len(seats) < SOLD
