"""The letters: plain text, the same as HTML, and the ticket as a QR code. Values in, a message out."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from html import escape

import segno

HEADINGS = {
    "confirmed": ("Your booking: {show}", "You have places for {show}."),
    "changed": ("Your booking has changed: {show}", "Your booking for {show} has changed; this is how it stands now."),
    "cancelled": ("Your booking is cancelled: {show}", "Your booking for {show} is cancelled."),
    "link": ("Your booking: {show}", "Here is the way back to your booking for {show}, as you asked."),
}
QR_SCALE = 6
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"></head>
<body style="font:16px/1.5 sans-serif;max-width:36rem">
<p>{greeting}</p><p>{heading}</p>
<table>{rows}</table>
{rest}</body></html>
"""


class NoAddress(Exception):
    """What was given as an address cannot be written to."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is said. `places`: in words, one each; `total`: with its currency; `link`: opens the booking unasked."""

    mail: str
    kind: str
    sender: str
    name: str
    email: str
    show: str
    starts_at_ms: int
    booking: str
    places: tuple[str, ...]
    total: str
    link: str


def compose(letter: Letter) -> EmailMessage:
    """The message. Raises `NoAddress`."""
    message = EmailMessage()
    name, show = _one_line(letter.name), _one_line(letter.show)
    subject, heading = (text.format(show=show) for text in HEADINGS[letter.kind])
    try:
        message["To"] = Address(name, addr_spec=letter.email)
        message["From"] = letter.sender
        message["Subject"] = subject
    except (ValueError, IndexError, MessageError) as error:
        raise NoAddress(repr(error)) from error
    # The same letter sent twice is one to whoever sorts by it (RFC 5322, 3.6.4).
    message["Message-ID"] = f"<{letter.mail}@{letter.sender.rpartition('@')[2].rstrip('>')}>"
    message["Auto-Submitted"] = "auto-generated"
    stands = letter.kind != "cancelled"
    rows = [
        ("Show", show),
        ("Begins", _moment(letter.starts_at_ms)),
        ("Places", ", ".join(letter.places)),
        ("Total", letter.total),
        ("Booking", letter.booking),
    ]
    message.set_content(_text(name, heading, rows, letter.link, stands=stands))
    message.add_alternative(_html(name, heading, rows, letter.link, stands=stands), subtype="html")
    page = message.get_body(("html",))
    if stands and page is not None:
        page.add_related(
            qr_code(letter.booking), "image", "png", cid="<ticket>", filename="ticket.png", disposition="inline"
        )
    return message


def qr_code(text: str) -> bytes:
    """A picture (PNG) of `text`, which doors can read."""
    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(picture, kind="png", scale=QR_SCALE)
    return picture.getvalue()


def _text(name: str, heading: str, rows: list[tuple[str, str]], link: str, *, stands: bool) -> str:
    lines = [f"Hello {name},", "", heading, ""]
    lines += [f"{word + ':':<9}{said}" for word, said in rows]
    if stands:
        lines += ["", "The picture that comes with this letter is your ticket: show it at the door."]
    lines += ["", "See your booking, at any time and without signing in:", link]
    lines += ["", "Whoever has this link has the booking: do not pass it on."]
    return "\n".join(lines) + "\n"


def _html(name: str, heading: str, rows: list[tuple[str, str]], link: str, *, stands: bool) -> str:
    rest = '<p><img src="cid:ticket" alt="Your ticket as a QR code"></p><p>Show it at the door.</p>' if stands else ""
    rest += f'<p><a href="{escape(link)}">See your booking</a>, at any time and without signing in.</p>'
    rest += "<p>Whoever has this link has the booking: do not pass it on.</p>"
    return PAGE.format(
        greeting=f"Hello {escape(name)},",
        heading=escape(heading),
        rows="".join(f"<tr><td>{escape(word)}</td><td>{escape(said)}</td></tr>" for word, said in rows),
        rest=rest,
    )


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%A %d %B %Y, %H:%M UTC")


def _one_line(text: str) -> str:
    """Without what would begin a header of its own."""
    return " ".join(text.split())
