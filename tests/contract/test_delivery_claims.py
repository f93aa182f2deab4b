"""Who was slower than its claim settles nothing, and who died is followed: refunds and letters, in the real tables."""

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage
from importlib import resources

import asyncpg
import pytest

from notifier.mail.ports import BookingFacts, DueMail
from notifier.mail.postman import Postman
from notifier.mail.store import CLAIM_MS as LETTER_MS
from notifier.mail.store import PostgresMails
from notifier.money.store import CLAIM_MS as MONEY_MS
from notifier.money.store import Pool, PostgresMoney
from runtime.localised import read_words
from runtime.postgres import open_pool, room_url
from tests.conftest import Database
from ticketing.clock import ManualClock
from ticketing.layout import LayoutBody, build_layout
from ticketing.messages import Reservation
from ticketing.telling import Where

pytestmark = [pytest.mark.anyio, pytest.mark.servers]

NOW_MS = 1_795_000_000_000
HALL = build_layout(LayoutBody.model_validate({"rows": 1, "seats_per_row": 10}))
BOOKED = Reservation(id=b"\x01" * 16, status="booked", version=2, account="ent_a", seats=(0,), areas=(), prices=(0,))
FACTS = BookingFacts(BOOKED, "A Night Out", NOW_MS, "Ada", "ada@example.org")
WORDS = read_words(resources.files("notifier.mail") / "words" / "en.json")
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


class Mails(PostgresMails):
    """The real table of letters; what is written about is made up."""

    async def facts(self, mail: DueMail) -> BookingFacts | None:
        return FACTS


class Server:
    """A mail server that has taken a letter before it says so; `answers`: whether it ever does."""

    def __init__(self, *, answers: bool) -> None:
        self.taken: list[EmailMessage] = []
        self.has_taken = asyncio.Event()
        self._answers = answers

    async def send(self, letter: EmailMessage) -> None:
        self.taken.append(letter)
        self.has_taken.set()
        if not self._answers:
            await asyncio.Event().wait()


async def test_a_notifier_that_dies_between_the_servers_word_and_its_own_note_has_the_letter_sent_once_more(
    database: Database, pool: Pool
) -> None:
    """At least once, and by its Message-ID one letter (docs/decisions/0027)."""
    await insert(database, LETTER)
    slow, quick = Server(answers=False), Server(answers=True)
    dying = asyncio.create_task(postman(Mails(pool), slow, NOW_MS).send())
    async with asyncio.timeout(10):
        await slow.has_taken.wait()
    dying.cancel()
    await asyncio.wait({dying})
    # As long as the claim runs nobody can tell that it is dead.
    assert await postman(Mails(pool), quick, NOW_MS + LETTER_MS - 1).send() == 0
    assert await postman(Mails(pool), quick, NOW_MS + LETTER_MS).send() == 1
    assert await postman(Mails(pool), quick, NOW_MS + 2 * LETTER_MS).send() == 0
    assert [it["Message-ID"] for it in slow.taken + quick.taken] == ["<evt_1@house.example>"] * 2


def postman(store: PostgresMails, server: Server, now_ms: int) -> Postman:
    return Postman(
        store=store, shows=Somewhere(), sender=server, sign_link=lambda *_: "token", public_url="https://house.example",
        sender_address="tickets@house.example", words={"en": WORDS}, clock=ManualClock(now_ms),
    )  # fmt: skip


class Somewhere:
    """As `notifier.mail.ports.Shows`."""

    async def where(self, show: int) -> Where | None:
        return Where(show, "ven_x", "EUR", HALL)
