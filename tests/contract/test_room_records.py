"""How a sale went, in memory and in Postgres: the same suite."""

from dataclasses import replace

import asyncpg
import pytest

from onsale.fairness.judging import report
from onsale.fairness.reading import read
from runtime.postgres import room_url
from tests.conftest import Database
from tests.contract.room_stores import LINE, NOW_MS, SHOW, Stores, entry, real_stores
from tests.servers import Servers
from waiting_room.operating import Act
from waiting_room.ports import ClaimRow, EntryRow
from waiting_room.records import Moment, Tally

MOMENT = Moment(NOW_MS, "open", {"general": (30, 10)}, 4, 1, 5, 2, 3, 600, "operator", 12)


async def test_what_is_written_is_read(stores: Stores) -> None:
    book = stores.records
    silent = replace(MOMENT, at_ms=NOW_MS + 5_000, available=None, held=None, booked=None, lag_ms=None)
    for moment in (MOMENT, silent, replace(MOMENT, claimed=99)):
        await book.add_moment(SHOW, moment)
    assert await book.track(SHOW, 10) == [MOMENT, silent]
    for _ in range(2):
        await book.add_tallies([Tally(SHOW, "refused", "busy", 2), Tally(SHOW, "joined", "phone", 1)])
    many = [replace(MOMENT, at_ms=NOW_MS + 5_000 * number) for number in range(2, 25)]
    for moment in many:
        await book.add_moment(SHOW, moment)
    thinned = await book.track(SHOW, 10)
    assert len(thinned) == 9 and thinned[-1] == many[-1]
    assert await book.plan(SHOW) is None
    await book.keep_plan(SHOW, {"track": [[1, 2, 3, 4]]}, 7)
    await book.keep_plan(SHOW, {"track": [[5, 6, 7, 8]]}, 9)
    assert await book.plan(SHOW) == ({"track": [[5, 6, 7, 8]]}, 9)


@pytest.mark.servers
async def test_a_sale_is_read_for_its_report_by_a_role_that_can_only_read(
    servers: Servers, database: Database, redis_prefix: str
) -> None:
    async with real_stores(servers, database, redis_prefix) as stores:
        leaf = bytes(32)
        rows = [EntryRow(n, entry(n), leaf, NOW_MS + n) for n in range(1, 4)]
        await stores.ledger.add_entries(LINE, rows, maybe_there=False)
        claims = [ClaimRow(1, NOW_MS + 2_000, None), ClaimRow(2, NOW_MS + 3_000, None, 3), ClaimRow(3, None, NOW_MS)]
        await stores.ledger.add_claims(LINE, claims)
        await stores.records.add_moment(SHOW, MOMENT)
        await stores.records.add_tallies([Tally(SHOW, "refused", "busy", 2)])
        await stores.table.change_room(SHOW, Act("fail-open", "key_ops", "it burns", open_until_ms=NOW_MS + 9), NOW_MS)
    connection = await asyncpg.connect(room_url(database.url, "onsale_verify", database.secret))
    try:
        sale = await read(connection, SHOW)
        assert await read(connection, SHOW + 1) is None
    finally:
        await connection.close()
    assert sale is not None
    assert (sale.name, sale.joined, sale.given_up) == ("a show", {"general": 3}, 1)
    assert sorted((claim.place, claim.joined_ms - NOW_MS, claim.claimed_ms - NOW_MS) for claim in sale.claims) == [
        (1, 1, 2_000),
        (3, 2, 3_000),
    ]
    assert sale.track == [MOMENT]
    assert sale.tallies == {"refused": {"busy": 2}}
    assert [(act.act, act.open_until_ms) for act in sale.acts] == [("fail-open", NOW_MS + 9)]
    assert report(sale)["let_in"] == 2
