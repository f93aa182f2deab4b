"""The sandbox's page, as HTML without scripts."""

from html import escape

from payments.provider import State
from payments.sandbox.book import Attempt
from payments.sandbox.choices import WORDS
from ticketing.money import money_text

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sandbox payment</title><link rel="stylesheet" href="/static/style/tokens.css">
<link rel="stylesheet" href="/static/style/page.css"></head>
<body><main><h1>Sandbox payment</h1>
<p>Nobody's money moves here: choose what becomes of this payment.</p>
{content}</main></body></html>
"""


def choose_page(attempt: Attempt, state: State) -> str:
    """What is to be paid, and the buttons while it can be."""
    if state is not State.OPEN or attempt.state is not State.OPEN:
        said = "It is on its way." if state is State.OPEN else f"It is {state}."
        return told_page(said, attempt)
    buttons = "".join(
        f'<p><button name="choice" value="{choice}">{escape(name)}</button> <span>{escape(says)}</span></p>'
        for choice, (name, says) in WORDS.items()
    )
    return PAGE.format(content=f'{_about(attempt)}<form method="post">{buttons}</form>')


def told_page(said: str, attempt: Attempt | None) -> str:
    """One sentence, and the way back."""
    if attempt is None:
        return PAGE.format(content=f"<p>{escape(said)}.</p>")
    back = f'<p><a href="{escape(attempt.return_to)}">Back</a></p>'
    return PAGE.format(content=f"{_about(attempt)}<p role='status'>{escape(said)}</p>{back}")


def _about(attempt: Attempt) -> str:
    return (
        f"<p>{escape(attempt.description)}: <strong>{escape(money_text(attempt.amount, attempt.currency))}</strong></p>"
    )
