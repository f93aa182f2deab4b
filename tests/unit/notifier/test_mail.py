"""Letters about bookings: what is written, to whom, and what becomes of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from importlib import resources

import pytest

from notifier.mail.letters import Letter, NoAddress, compose
from notifier.mail.ports import BookingFacts, DueMail, MailAway, MailRefused
from notifier.mail.postman import AGAIN_S, TOO_OLD_MS, Postman
from notifier.money.taking import Taken, take
from runtime.localised import LANGUAGES, RIGHT_TO_LEFT, read_words
from ticketing import messages
from ticketing.clock import ManualClock
from ticketing.layout import LayoutBody, build_layout
from ticketing.messages import Reservation
from ticketing.telling import Where
from ticketing.tokens import BookingLink, TokenKeys
from ticketing.vocabulary import booking_text, event_text, reservation_text

pytestmark = pytest.mark.anyio

T0 = 1_800_000_000_000
SHOW, PART, KEY = 77, 3, b"r" * 16
TOKENS = TokenKeys(["a secret of the house"])
HALL = build_layout(
    LayoutBody.model_validate({
        "rows": 1, "seats_per_row": 4, "categories": [{"name": "hall", "price": 5000}],
        "areas": [{"label": "floor", "category": "hall", "capacity": 9}],
    })
)  # fmt: skip
WHERE = Where(SHOW, "ven_x", "EUR", HALL)
BOOKED = Reservation(
    id=KEY, status="booked", version=2, account="ent_anna", seats=(0, 2), areas=((0, 1),), prices=(5000, 5000, 5000),
    amount=15_000, booked_at_ms=T0,
)  # fmt: skip
FACTS = BookingFacts(BOOKED, "A Night Out", T0, "Ada Lovelace", "ada@example.org")
DUE = DueMail("evt_1", PART, SHOW, KEY, "confirmed", 1, T0, T0 + 60_000)
WORDS = {
    language: read_words(resources.files("notifier.mail") / "words" / f"{language}.json") for language in LANGUAGES
}
ENGLISH = WORDS["en"]
LETTER = Letter(
    mail="evt_1", kind="confirmed", sender="tickets@house.example", name="Ada", email="ada@example.org", show="Hay",
    starts_at_ms=T0, booking="bkg_7", places=("A-1",), total="50.00 EUR", link="https://house.example/bookings/bkg_7#token=t",
)  # fmt: skip


def read(message: EmailMessage) -> EmailMessage:
    """As it arrives: written out and read again."""
    found = message_from_bytes(message.as_bytes(policy=policy.SMTP), policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


# --- what is written


def test_a_letter_says_it_in_text_in_html_and_as_a_picture() -> None:
    message = read(compose(LETTER, ENGLISH))
    assert (message["To"], message["From"]) == ("Ada <ada@example.org>", "tickets@house.example")
    assert (message["Subject"], message["Message-ID"]) == ("Your booking: Hay", "<evt_1@house.example>")
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None and html is not None
    for said in ("A-1", "50.00 EUR", "bkg_7", LETTER.link, "Friday 15 January 2027, 08:00 UTC"):
        assert said in text.get_content() and said in html.get_content()
    (picture,) = [part for part in message.walk() if part.get_content_maintype() == "image"]
    assert picture.get_content().startswith(b"\x89PNG")
    assert f"cid:{picture['Content-ID'].strip('<>')}" in html.get_content()


def test_a_cancelled_booking_has_no_ticket() -> None:
    message = read(compose(replace(LETTER, kind="cancelled"), ENGLISH))
    assert message["Subject"] == "Your booking is cancelled: Hay"
    assert [part for part in message.walk() if part.get_content_maintype() == "image"] == []


def test_nobody_writes_a_header_or_markup_of_their_own() -> None:
    message = read(compose(replace(LETTER, name="Eve\r\nBcc: all@example.org", show="<b>Hay</b>\nX: y"), ENGLISH))
    assert message["Bcc"] is None and message["X"] is None
    html = message.get_body(("html",))
    assert html is not None and "<b>Hay" not in html.get_content()


@pytest.mark.parametrize("email", ["a@b@c", "ada..l@example", "x y@example.org", "a@b\nBcc: c@d.e", ""])
def test_what_is_no_address_is_not_written_to(email: str) -> None:
    with pytest.raises(NoAddress):
        compose(replace(LETTER, email=email), ENGLISH)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["confirmed", "changed", "cancelled", "link"])
def test_a_letter_is_whole_in_each_language(language: str, kind: str) -> None:
    words = WORDS[language]
    assert (set(words), len(words["weekdays"].split()), len(words["months"].split())) == (set(ENGLISH), 7, 12)
    message = read(compose(replace(LETTER, kind=kind, language=language), words))
    assert message["Content-Language"] == language
    assert message["Subject"] == words[f"subject.{kind}"].format(show="Hay")
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None and html is not None
    for said in ("A-1", "50.00 EUR", "bkg_7", LETTER.link, "2027", words[f"heading.{kind}"].format(show="Hay")):
        assert said in text.get_content() and said in html.get_content()
    assert f'lang="{language}" dir="{"rtl" if language in RIGHT_TO_LEFT else "ltr"}"' in html.get_content()
    assert "{" not in text.get_content()


@pytest.mark.parametrize(("said", "spoken"), [("", "en"), ("de", "de"), ("de-AT", "de"), ("JA", "ja"), ("tlh", "en")])
async def test_who_buys_in_a_language_is_written_to_in_it(said: str, spoken: str) -> None:
    desk = Desk(facts_now=replace(FACTS, language=said))
    await postman(desk).send()
    assert desk.sent[0]["Content-Language"] == spoken


# --- what the log says


def test_each_turn_of_a_booking_is_one_letter_named_by_its_event() -> None:
    taken = Taken()
    turns = [messages.BookingConfirmed, messages.BookingChanged, messages.BookingCancelled]
    for offset, turn in enumerate(turns):
        happened = turn(show=SHOW, seq=1, at_ms=T0, offset=offset, reservation=BOOKED)
        again = turn(show=SHOW, seq=1, at_ms=T0, offset=9, reservation=BOOKED, repeat=True)
        take([happened, again], PART, 2, taken)
    assert [mail.kind for mail in taken.mails] == ["confirmed", "changed", "cancelled"]
    assert [mail.mail for mail in taken.mails] == [event_text(PART, 2, offset, 0) for offset in range(3)]


# --- what becomes of it


@dataclass
class Desk:
    """As `MailStore`, `Shows` and `Sender` at once."""

    facts_now: BookingFacts | None = FACTS
    due: list[DueMail] = field(default_factory=lambda: [DUE])
    trouble: Exception | None = None
    sent: list[EmailMessage] = field(default_factory=list)
    settled: list[tuple[str, str, int]] = field(default_factory=list)

    async def claim(self, now_ms: int, limit: int) -> Sequence[DueMail]:
        mine, self.due = self.due[:limit], self.due[limit:]
        return mine

    async def facts(self, mail: DueMail) -> BookingFacts | None:
        return self.facts_now

    async def settle(self, one: DueMail, state: str, due_at_ms: int, now_ms: int, error: str = "") -> None:
        self.settled.append((one.mail, state, due_at_ms))

    async def where(self, show: int) -> Where | None:
        return WHERE

    async def send(self, letter: EmailMessage) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.sent.append(letter)


def postman(desk: Desk, at_ms: int = T0) -> Postman:
    def sign(show: int, reservation: str, account: str) -> str:
        return TOKENS.sign_booking(BookingLink(show, reservation, account))

    return Postman(
        store=desk, shows=desk, sender=desk, sign_link=sign, public_url="https://house.example",
        sender_address="tickets@house.example", words=WORDS, clock=ManualClock(at_ms),
    )  # fmt: skip


async def test_the_link_in_a_letter_is_the_way_back_to_that_booking() -> None:
    desk = Desk()
    assert await postman(desk).send() == 1
    assert desk.settled == [("evt_1", "sent", 0)]
    text = read(desk.sent[0]).get_body(("plain",))
    assert text is not None
    said = text.get_content()
    assert "A-1, A-3, 1 × floor" in said and "150.00 EUR" in said
    (link,) = [line for line in said.splitlines() if line.startswith("https://")]
    address, _, token = link.partition("#token=")
    assert address == f"https://house.example/bookings/{booking_text(SHOW, KEY)}"
    assert TOKENS.read_booking(token) == BookingLink(SHOW, reservation_text(SHOW, KEY), "ent_anna")


@pytest.mark.parametrize(
    "desk",
    [
        Desk(facts_now=None),
        Desk(facts_now=replace(FACTS, email="")),
        Desk(due=[replace(DUE, kind="cancelled")]),
        Desk(due=[replace(DUE, created_at_ms=T0 - TOO_OLD_MS - 1)]),
    ],
    ids=["no such booking", "nobody known", "not cancelled any more", "too old"],
)
async def test_what_has_nobody_to_read_it_or_is_not_so_is_not_sent(desk: Desk) -> None:
    await postman(desk).send()
    assert (desk.sent, desk.settled) == ([], [("evt_1", "not_sent", 0)])


async def test_a_mail_server_that_is_away_is_tried_again_ever_more_rarely_and_not_for_ever() -> None:
    for tries, wait_s in enumerate(AGAIN_S, 1):
        desk = Desk(due=[replace(DUE, tries=tries)], trouble=MailAway("no route"))
        await postman(desk).send()
        assert desk.settled == [("evt_1", "due", T0 + wait_s * 1000)]
    last = Desk(due=[replace(DUE, tries=len(AGAIN_S) + 1)], trouble=MailAway("no route"))
    await postman(last).send()
    assert last.settled == [("evt_1", "failed", 0)]


async def test_a_letter_that_is_refused_is_not_sent_again() -> None:
    desk = Desk(trouble=MailRefused("550 no such mailbox"))
    await postman(desk).send()
    assert desk.settled == [("evt_1", "failed", 0)]
    nowhere = Desk(facts_now=replace(FACTS, email="a@b@c"))
    await postman(nowhere).send()
    assert nowhere.settled == [("evt_1", "failed", 0)]
