"""One booking of the demo is paid for, as a partner's program would have it: by the Python client, and on the sandbox's
page, where the payer presses a button."""

import asyncio
from dataclasses import dataclass

import httpx

from onsale.first_show import starts_at
from onsale_client import AsyncClient, Best, Contact

LOOKS_MAX, LOOK_EVERY_S = 300, 0.1
EVENING = {
    "name": "A Paid Evening", "rows": 2, "seats_per_row": 10, "currency": "EUR", "test": True,
    "categories": [{"name": "hall", "price": 2500}],
}  # fmt: skip


@dataclass(frozen=True)
class Paid:
    """What was paid, in minor units, and the booking that it became: empty where it became none in time."""

    amount: int
    booking: str


async def pay_for_two(url: str, house: AsyncClient, sandbox_key: str) -> Paid:
    """Two places of a show of its own, held, paid for and booked. Raises `OnsaleError`, `httpx.HTTPError`."""
    show = await house.add_show({**EVENING, "starts_at": starts_at()})
    async with AsyncClient(url, api_key=sandbox_key) as partner, httpx.AsyncClient(base_url=url) as payer:
        held = await partner.hold(show.show, best=Best(quantity=2))
        whom = Contact(name="Ada Lovelace", email="ada@example.org")
        begun = await partner.checkout(held.reservation, contact=whom)
        pressed = await payer.post(begun.pay_at, data={"choice": "pay"})
        if pressed.is_error:
            pressed.raise_for_status()
        for _ in range(LOOKS_MAX):
            booking = (await partner.reservation(held.reservation)).booking
            if booking:
                return Paid(begun.total_amount, booking)
            await asyncio.sleep(LOOK_EVERY_S)
        return Paid(begun.total_amount, "")
