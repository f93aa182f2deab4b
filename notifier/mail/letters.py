"""The letters: plain text, the same as HTML, and the ticket as a QR code. Values in, a message out."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from html import escape

import segno

Words = Mapping[str, str]
"""What is said in one language; the files of them are words/*.json."""
QR_SCALE = 6
PAGE = """<!doctype html><html lang="{language}" dir="{direction}"><head><meta charset="utf-8"></head>
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
    language: str = "en"


def compose(letter: Letter, words: Words) -> EmailMessage:
    """The message, in `words` of its language. Raises `NoAddress`."""
    message = EmailMessage()
    name, show = _one_line(letter.name), _one_line(letter.show)
    subject, heading = (words[f"{part}.{letter.kind}"].format(show=show) for part in ("subject", "heading"))
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
        (words["show"], show),
        (words["begins"], _moment(letter.starts_at_ms, words)),
        (words["places"], ", ".join(letter.places)),
        (words["total"], letter.total),
        (words["booking"], letter.booking),
    ]
    greeting = words["hello"].format(name=name)
    message.set_content(_text(words, greeting, heading, rows, letter.link, stands=stands))
    message.add_alternative(_html(words, letter, greeting, heading, rows, stands=stands), subtype="html")
    page = message.get_body(("html",))
    if stands and page is not None:
        page.add_related(
            qr_code(letter.booking), "image", "png", cid="<ticket>", filename="ticket.png", disposition="inline"
        )
    # At last: what begins with "Content-" goes along into the first part, whenever another part is added.
    message["Content-Language"] = letter.language
    return message


def qr_code(text: str) -> bytes:
    """A picture (PNG) of `text`, which doors can read."""
    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(picture, kind="png", scale=QR_SCALE)
    return picture.getvalue()


def _text(words: Words, greeting: str, heading: str, rows: list[tuple[str, str]], link: str, *, stands: bool) -> str:
    longest = max(len(word) for word, _ in rows) + 2
    lines = [greeting, "", heading, ""]
    lines += [f"{word + ':':<{longest}}{said}" for word, said in rows]
    if stands:
        lines += ["", words["ticket"]]
    lines += ["", words["see"], link, "", words["keep"]]
    return "\n".join(lines) + "\n"


def _html(
    words: Words, letter: Letter, greeting: str, heading: str, rows: list[tuple[str, str]], *, stands: bool
) -> str:
    ticket = f'<p><img src="cid:ticket" alt="{escape(words["ticket.alt"])}"></p><p>{escape(words["ticket"])}</p>'
    rest = ticket if stands else ""
    rest += f'<p>{escape(words["see"])} <a href="{escape(letter.link)}">{escape(words["see.link"])}</a></p>'
    rest += f"<p>{escape(words['keep'])}</p>"
    return PAGE.format(
        language=letter.language,
        direction=words["direction"],
        greeting=escape(greeting),
        heading=escape(heading),
        rows="".join(f"<tr><td>{escape(word)}</td><td>{escape(said)}</td></tr>" for word, said in rows),
        rest=rest,
    )


def _moment(at_ms: int, words: Words) -> str:
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return words["moment"].format(
        weekday=words["weekdays"].split()[at.weekday()],
        day=at.day,
        month=words["months"].split()[at.month - 1],
        year=at.year,
        time=f"{at:%H:%M}",
    )


def _one_line(text: str) -> str:
    """Without what would begin a header of its own."""
    return " ".join(text.split())
