"""How a fan pays with the sandbox, and what comes of it: the steps of stories about money."""

import mailbox
from email import message_from_bytes, policy
from typing import Any

import httpx

from onsale.dev_mail.arrival import by_arrival
from tests.acceptance.sale import Answer, Sale
from tests.faults import rooms

WITHIN_S = 20
ADA = {"name": "Ada Lovelace", "email": "ada@example.org", "language": "de-AT"}


async def paying(sale: Sale, show: str, fan: str, *seats: str) -> dict[str, Any]:
    """A hold for which a payment has begun."""
    held = await sale.hold(show, fan, *seats)
    assert held.status == 201, held.body
    path = f"/api/reservations/{held.body['reservation']}/checkout"
    begun = await sale.call("POST", path, {"return_to": "/done", "contact": ADA}, token=fan)
    assert (begun.status, begun.body["status"]) == (201, "paying"), begun.body
    answer: dict[str, Any] = begun.body
    return answer


async def choose(sale: Sale, begun: dict[str, Any], choice: str) -> httpx.Response:
    """The payer presses a button on the provider's page."""
    page = await sale.http.get(begun["pay_at"])
    assert page.status_code == 200 and f'value="{choice}"' in page.text
    return await sale.http.post(begun["pay_at"], data={"choice": choice})


async def until(sale: Sale, begun: dict[str, Any], fan: str, status: str) -> Answer:
    """Until the reservation has this status."""

    async def has_it() -> Answer | None:
        read = await sale.call("GET", f"/api/reservations/{begun['reservation']}", token=fan)
        return read if read.body["status"] == status else None

    return await rooms.until(has_it, WITHIN_S)


async def letter_to(sale: Sale, number: int, email: str) -> str:
    """The plain text of the letter that came as number so many, once it has come."""

    async def has_come() -> tuple[str, str] | None:
        came = letters(sale)
        return came[number] if len(came) > number else None

    to, text = await rooms.until(has_come, WITHIN_S)
    assert email in to
    return text


async def letter_about(sale: Sale, booking: str) -> str:
    """The plain text of the first letter that names the booking, once it has come."""

    async def has_come() -> str | None:
        return next((text for _, text in letters(sale) if booking in text), None)

    return await rooms.until(has_come, WITHIN_S)


def letters(sale: Sale) -> list[tuple[str, str]]:
    """`(to whom, plain text)` of what has come, the oldest first."""
    maildir = mailbox.Maildir(sale.letters)
    found = []
    for key in by_arrival(maildir.keys()):
        message = message_from_bytes(maildir.get_bytes(key), policy=policy.default)
        text = message.get_body(("plain",))
        assert text is not None
        found.append((str(message["To"]), str(text.get_content())))
    return found
