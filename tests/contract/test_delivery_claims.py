"""Who was slower than its claim settles nothing: refunds and letters, in the real tables."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from notifier.mail.store import CLAIM_MS as LETTER_MS
from notifier.mail.store import PostgresMails
from notifier.money.store import CLAIM_MS as MONEY_MS
from notifier.money.store import Pool, PostgresMoney
from runtime.postgres import open_pool, room_url
from tests.conftest import Database

pytestmark = [pytest.mark.anyio, pytest.mark.servers]

NOW_MS = 1_795_000_000_000
REFUND = """
INSERT INTO delivery_refund (part, refund_id, show_id, reservation_id, provider, reference, amount, reason, owner,
                             due_at_ms, created_at_ms)
VALUES (0, 'evt_1', 7, '\\x01', 'sandbox', 'c1', 500, 'show_cancelled', 'ent_a', $1, $1)
"""
LETTER = """
INSERT INTO delivery_mail (part, mail_id, show_id, reservation_id, kind, due_at_ms, created_at_ms)
VALUES (0, 'evt_1', 7, '\\x01', 'confirmed', $1, $1)
"""


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    url = room_url(database.url, "onsale_notifier", database.secret)
    async with open_pool(url, min_size=1, max_size=2, application_name="test") as opened:
        yield opened


async def insert(database: Database, sql: str) -> None:
    connection = await asyncpg.connect(database.url)
    try:
        await connection.execute(sql, NOW_MS)
    finally:
        await connection.close()


async def test_a_refund_is_settled_by_whose_it_is(database: Database, pool: Pool) -> None:
    await insert(database, REFUND)
    money = PostgresMoney(pool, ask_after_ms=1, mails=False)
    (slow,) = await money.claim_refunds(["sandbox"], NOW_MS, 9)
    later_ms = NOW_MS + MONEY_MS
    (mine,) = await money.claim_refunds(["sandbox"], later_ms, 9)
    await money.settle_refund(slow, "due", NOW_MS, later_ms, error="late")
    assert await money.claim_refunds(["sandbox"], later_ms, 9) == []
    await money.settle_refund(mine, "due", later_ms, later_ms, error="in time")
    (again,) = await money.claim_refunds(["sandbox"], later_ms, 9)
    assert (slow.tries, mine.tries, again.tries) == (1, 2, 3)


async def test_a_letter_is_settled_by_whose_it_is(database: Database, pool: Pool) -> None:
    await insert(database, LETTER)
    mails = PostgresMails(pool)
    (slow,) = await mails.claim(NOW_MS, 9)
    later_ms = NOW_MS + LETTER_MS
    (mine,) = await mails.claim(later_ms, 9)
    await mails.settle(slow, "due", NOW_MS, later_ms, "late")
    assert await mails.claim(later_ms, 9) == []
    await mails.settle(mine, "sent", 0, later_ms)
    assert await mails.claim(later_ms + LETTER_MS, 9) == []
