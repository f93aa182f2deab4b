"""`/dev/mail`: the letters in the sink, the newest first, as pages without scripts."""

import base64
import mailbox
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from onsale.dev_mail.arrival import by_arrival

PREFIX = "/dev/mail"
SHOWN_MAX = 200
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="stylesheet" href="/static/style/tokens.css">
<link rel="stylesheet" href="/static/style/page.css"></head>
<body><main><h1>{title}</h1>{content}</main></body></html>
"""
SHOWN_HEADERS = ("From", "To", "Subject", "Message-ID")


def dev_mail_app(directory: Path) -> ASGIApp:
    """Everything under `/dev/mail`."""

    def listed(_request: Request) -> HTMLResponse:
        maildir = mailbox.Maildir(directory, create=True)
        lines = "".join(_lines(maildir))
        letters = f"<ul>{lines}</ul>" if lines else "<p>No letter has come yet.</p>"
        note = "<p>Letters that this machine has written. They went nowhere else.</p>"
        return HTMLResponse(PAGE.format(title="Mail", content=note + letters), headers=HEADERS)

    def letter(request: Request) -> HTMLResponse:
        message = _read(mailbox.Maildir(directory, create=True), request.path_params["key"])
        if message is None:
            back = f'<p><a href="{PREFIX}">All letters</a></p>'
            return HTMLResponse(PAGE.format(title="There is no such letter", content=back), 404, HEADERS)
        return HTMLResponse(
            PAGE.format(title=escape(str(message["Subject"])), content=_shown(message)), headers=HEADERS
        )

    return Starlette(routes=[Route(PREFIX, listed), Route(PREFIX + "/{key}", letter)])


def _lines(maildir: mailbox.Maildir) -> Iterator[str]:
    for key in by_arrival(maildir.keys())[: -SHOWN_MAX - 1 : -1]:
        message = _read(maildir, key)
        if message is not None:
            said = escape(f"{message['Subject']} — {message['To']}")
            yield f'<li><a href="{PREFIX}/{escape(key)}">{said}</a></li>'


def _read(maildir: mailbox.Maildir, key: str) -> EmailMessage | None:
    try:
        raw = maildir.get_bytes(key)
    except KeyError:
        return None
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def _shown(message: EmailMessage) -> str:
    rows = "".join(f"<tr><td>{name}</td><td>{escape(str(message[name] or ''))}</td></tr>" for name in SHOWN_HEADERS)
    html, text = message.get_body(("html",)), message.get_body(("plain",))
    pieces = [f'<p><a href="{PREFIX}">All letters</a></p><table>{rows}</table>']
    if html is not None:
        # What a letter says stays in a frame of its own, without scripts; its links open in place of this page.
        within = f'<base target="_top">{_with_pictures(html.get_content(), message)}'
        pieces.append(
            f'<iframe title="The letter" sandbox="allow-top-navigation-by-user-activation" srcdoc="{escape(within)}" '
            'style="width:100%;height:40rem;border:1px solid;background:#fff"></iframe>'
        )
    if text is not None:
        # Its link is longer than any line.
        style = "white-space:pre-wrap;overflow-wrap:anywhere"
        pieces.append(f'<h2>As plain text</h2><pre style="{style}">{escape(text.get_content())}</pre>')
    return "".join(pieces)


def _with_pictures(html: str, message: EmailMessage) -> str:
    """The pictures that came with the letter, where it names them."""
    for part in message.walk():
        name = part.get("Content-ID", "").strip("<>")
        if name and part.get_content_maintype() == "image":
            picture = base64.b64encode(part.get_content()).decode()
            html = html.replace(f"cid:{name}", f"data:{part.get_content_type()};base64,{picture}")
    return html
