"""`/dev/mail`: what the sink took is listed and shown, and nothing in a letter runs or loads."""

from importlib import resources
from pathlib import Path

import httpx
import pytest
from aiosmtpd.smtp import Envelope

from notifier.mail.letters import Letter, compose
from onsale.dev_mail.arrival import by_arrival
from onsale.dev_mail.pages import dev_mail_app
from onsale.dev_mail.sink import Sink
from runtime.localised import read_words

pytestmark = pytest.mark.anyio

ENGLISH = read_words(resources.files("notifier.mail") / "words" / "en.json")
LETTER = Letter(
    mail="evt_1", kind="confirmed", sender="tickets@house.example", name="<Ada>", email="ada@example.org",
    show="Hay & Straw", starts_at_ms=1_800_000_000_000, booking="bkg_7", places=("A-1",), total="50.00 EUR",
    link="https://house.example/bookings/bkg_7#token=t",
)  # fmt: skip


def envelope(content: bytes) -> Envelope:
    made = Envelope()
    made.content = content
    return made


async def test_a_letter_that_was_taken_can_be_read(tmp_path: Path) -> None:
    transport = httpx.ASGITransport(dev_mail_app(tmp_path / "mail"))
    browser = httpx.AsyncClient(transport=transport, base_url="http://house.example")
    empty = (await browser.get("/dev/mail")).text
    assert "No letter has come yet" in empty and "<ul>" not in empty
    sink = Sink(tmp_path / "mail")
    assert (await sink.handle_DATA(None, None, envelope(compose(LETTER, ENGLISH).as_bytes()))).startswith("250")
    listed = await browser.get("/dev/mail")
    assert "Your booking: Hay &amp; Straw" in listed.text and "script-src" not in listed.text
    (path,) = [piece.split('"')[0] for piece in listed.text.split('href="') if piece.startswith("/dev/mail/")]
    shown = await browser.get(path)
    assert "data:image/png;base64," in shown.text and "cid:ticket" not in shown.text
    assert 'sandbox="allow-top-navigation-by-user-activation"' in shown.text
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert "<Ada>" not in shown.text
    assert (await browser.get("/dev/mail/1.nobody")).status_code == 404


async def test_the_sink_keeps_the_latest_letters_alone(tmp_path: Path) -> None:
    sink = Sink(tmp_path, letters_max=20)
    for number in range(23):
        await sink.handle_DATA(None, None, envelope(b"Subject: %d\r\n\r\n" % number))
    kept = [path.read_bytes() for path in (tmp_path / "new").iterdir()]
    assert sorted(kept) == sorted(b"Subject: %d\r\n\r\n" % number for number in range(3, 23))


def test_letters_of_one_second_stand_as_they_came() -> None:
    came = [
        "1795000000.M900P77Q2.host",
        "1795000000.M90000P77Q3.host",
        "1795000000.M90000P77Q12.host",
        "1795000001.M1P7Q1.h",
    ]
    assert by_arrival(reversed(came)) == came
