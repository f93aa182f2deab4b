"""Whoever looks on at a demo: where to look, whom to sign in as, and a place in the line before the crowd comes."""

import asyncio
import secrets
from dataclasses import dataclass

from rich.console import Console

from onsale.admin import add_person, everybody, give_password
from onsale.crowd.http import Unreachable
from onsale.crowd.sale import Sale
from onsale.installation import Installation

EMAIL, NAME, ROLES = "demo@example.org", "Demo Operator", ["admin", "operator"]
PASSWORD_BYTES = 12
LOOK_EVERY_S = 0.5
LOOKS_MAX = 1_200


@dataclass(frozen=True)
class Guest:
    """Somebody who may sign in at the console and the portal."""

    email: str
    password: str


async def invite(installation: Installation) -> Guest:
    """The demo's operator, with a new password: that of an earlier demo is good for nothing any more."""
    guest = Guest(EMAIL, secrets.token_urlsafe(PASSWORD_BYTES))
    if any(person.email == guest.email for person in await everybody(installation)):
        await give_password(installation, guest.email, guest.password)
    else:
        await add_person(installation, guest.email, NAME, ROLES, guest.password)
    return guest


def print_links(console: Console, url: str, show: str, guest: Guest | None) -> None:
    """Where everything is to be seen; without a guest nobody is known who could sign in."""
    who = f"{guest.email} with the password {guest.password}" if guest else "whom `onsale admin create` makes"
    for name, value in (
        ("all shows", f"{url}/"),
        ("this sale", f"{url}/room/{show}"),
        ("console", f"{url}/console?show={show}"),
        ("portal", f"{url}/partners"),
        ("sign in as", who),
    ):
        console.print(f"  {name:12} {value}", soft_wrap=True)


async def somebody_joins(sale: Sale) -> bool:
    """Whether anybody has taken a place in the line, within ten minutes."""
    for _ in range(LOOKS_MAX):
        status = (await sale.patiently(f"/room/{sale.show}/status")).json()
        if status["lines"]["general"]["issued"]:
            return True
        await asyncio.sleep(LOOK_EVERY_S)
    return False


async def watch_the_stock(sale: Sale) -> None:
    """Ends the sale when everything is booked: a crowd that counts its own bookings does not see those of a visitor."""
    while not sale.over.is_set():
        await asyncio.sleep(LOOK_EVERY_S)
        try:
            counts = await sale.availability()
        except Unreachable:
            continue
        if counts["booked_seats"] == sale.places:
            sale.over.set()
