"""What admins page through, in the real tables: Postgres takes each statement, with the rights of ingress."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from ingress.booking_table import CONDITIONS as OF_BOOKINGS
from ingress.booking_table import BookingsWanted, BookingTable
from ingress.dead_letter_table import DeadLetter, DeadLetterTable
from ingress.refund_table import RefundTable
from ingress.request_log import HOUR_MS, LoggedRequest, sums
from ingress.request_table import LinesWanted, Pool, RequestTable, UsageWanted
from runtime.clusters import Clusters
from runtime.postgres import open_pool, room_url
from tests.conftest import Database

pytestmark = [pytest.mark.anyio, pytest.mark.servers]

NOW_MS = 1_795_000_000_000 - 1_795_000_000_000 % (24 * HOUR_MS)
PUT_ASIDE = "INSERT INTO dead_letter (part, log_gen, log_offset, code, raw) VALUES (0, 0, $1, 'malformed', $2)"
DUE = """
INSERT INTO delivery_refund (part, refund_id, show_id, reservation_id, provider, reference, amount, reason, owner,
                             due_at_ms, created_at_ms)
VALUES (0, $1, $2, '\\x01', 'sandbox', $1, 500, 'show_cancelled', 'ent_a', $3, $3)
"""


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    url = room_url(database.url, "onsale_ingress", database.secret)
    async with open_pool(url, min_size=1, max_size=2, application_name="test") as opened:
        yield opened


@pytest.fixture
async def others(database: Database) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection of those who write what ingress only reads."""
    connection = await asyncpg.connect(database.url)
    try:
        yield connection
    finally:
        await connection.close()


def asked(number: int, *, key: str = "key_a", status: int = 200, hours: int = 0) -> LoggedRequest:
    at_ms = NOW_MS + hours * HOUR_MS
    return LoggedRequest(key, at_ms, "hold", "POST", status, number, "192.0.2.7", "till/1", f"r{number}")


async def test_requests_are_lines_and_add_to_sums(pool: Pool) -> None:
    table = RequestTable(pool)
    for batch in ([asked(1), asked(2, status=409), asked(3, key="key_b")], [asked(4, status=503), asked(5, hours=1)]):
        await table.write(batch, sums(batch))
    lines = await table.lines(LinesWanted({"key": "key_a"}, 3))
    assert [line.request_id for _, line in lines] == ["r5", "r4", "r2"]
    rest = await table.lines(LinesWanted({"key": "key_a", "before": lines[-1][0]}, 3))
    assert [line for _, line in rest] == [asked(1)]
    narrow = {"operation": "hold", "status": 409, "from": NOW_MS, "to": NOW_MS + 1}
    assert [line for _, line in await table.lines(LinesWanted(narrow, 9))] == [asked(2, status=409)]

    def wanted(period_ms: int, key: str | None, skip: int = 0) -> UsageWanted:
        return UsageWanted(period_ms, NOW_MS, NOW_MS + 24 * HOUR_MS, key, skip, 9)

    by_hour = await table.usage(wanted(HOUR_MS, "key_a"))
    assert [tuple(it) for it in by_hour] == [
        ("key_a", NOW_MS + HOUR_MS, "hold", 1, 0, 0, 5, 5),
        ("key_a", NOW_MS, "hold", 3, 1, 1, 7, 4),
    ]
    by_day = await table.usage(wanted(24 * HOUR_MS, None))
    assert [(it.key_id, it.requests) for it in by_day] == [("key_a", 4), ("key_b", 1)]
    assert await table.usage(wanted(24 * HOUR_MS, None, skip=1)) == by_day[1:]


async def test_lines_are_forgotten_some_at_a_time_and_sums_stay(pool: Pool) -> None:
    table = RequestTable(pool)
    batch = [asked(number, hours=number) for number in range(4)]
    await table.write(batch, sums(batch))
    assert [await table.forget(NOW_MS + 3 * HOUR_MS, 2) for _ in range(3)] == [2, 1, 0]
    assert [line.request_id for _, line in await table.lines(LinesWanted())] == ["r3"]
    assert len(await table.usage(UsageWanted(HOUR_MS, 0, 2**53, None, 0, 9))) == 4


async def test_a_dead_letter_is_settled_once_and_stays(
    pool: Pool, others: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    for offset in (3, 5):
        await others.execute(PUT_ASIDE, offset, b"raw")
    table = DeadLetterTable(Clusters.alone(pool))
    first, second = await table.page(None, (-1, -1), 9)
    assert (first, second.place) == (DeadLetter((0, 0, 3), "malformed", b"raw"), (0, 0, 5))
    assert [it.place for it in await table.page(None, (0, 3), 9)] == [second.place]
    assert [await table.settle(first.place, verb, "key_house", 7, "") for verb in ("discarded", "replayed")] == [
        True, False,
    ]  # fmt: skip
    settled = await table.read(first.place)
    assert settled is not None
    assert (settled.status, settled.settled_by, settled.settled_at_ms) == ("discarded", "key_house", 7)
    assert await table.page("open", (-1, -1), 9) == [second]
    assert await table.read((0, 1, 3)) is None


async def test_refunds_are_paged_and_tried_again(pool: Pool, others: "asyncpg.Connection[asyncpg.Record]") -> None:
    for number in range(3):
        await others.execute(DUE, f"evt_{number}", number // 2, NOW_MS + number)
    table = RefundTable(Clusters.alone(pool))
    first = await table.page((-1, ""), "due", None, 2)
    rest = await table.page((first[-1].created_at_ms, first[-1].refund_id), None, 1, 2)
    assert [row.refund_id for row in [*first, *rest]] == ["evt_0", "evt_1", "evt_2"]
    await others.execute("UPDATE delivery_refund SET state = 'done' WHERE refund_id = 'evt_1'")
    again = await table.retry("evt_0", NOW_MS + 9)
    assert again is not None
    assert (again.state, again.due_at_ms) == ("due", NOW_MS + 9)
    assert await table.retry("evt_1", NOW_MS + 9) is None


async def test_bookings_are_asked_for_by_any_condition(pool: Pool) -> None:
    values = {"show": (0, 7), "from": (1,), "to": (2,), "before": (NOW_MS, b"\x01")}
    wanted = {name: () if name == "fans" else values.get(name, ("x",)) for name in OF_BOOKINGS}
    assert await BookingTable(Clusters.alone(pool)).page(BookingsWanted(wanted, 9)) == []
