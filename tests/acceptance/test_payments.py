"""Fans pay with the sandbox: every edge that money can take, on real servers, and `verify` follows each coin."""

import asyncio
from typing import Any

import httpx
import pytest

from payments import notices
from payments.provider import Charge, Found, Notice, State
from payments.sandbox.client import notice_secret
from tests.acceptance.sale import Answer, Sale
from ticketing.clock import SystemClock

pytestmark = pytest.mark.anyio

WITHIN_S = 20
POLICY = {"payment": "required", "hold_s": 60}
NOTICES = "/api/payments/webhook/sandbox"


async def paying(sale: Sale, show: str, fan: str, *seats: str) -> dict[str, Any]:
    """A hold for which a payment has begun."""
    held = await sale.hold(show, fan, *seats)
    assert held.status == 201, held.body
    path = f"/api/reservations/{held.body['reservation']}/checkout"
    begun = await sale.call("POST", path, {"return_to": "/done"}, token=fan)
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
    async with asyncio.timeout(WITHIN_S):
        while True:
            read = await sale.call("GET", f"/api/reservations/{begun['reservation']}", token=fan)
            if read.body["status"] == status:
                return read
            await asyncio.sleep(0.05)


async def refunds_due(sale: Sale) -> list[tuple[int, bool, int]]:
    """`(amount, whether it paid for a booking, what is due back)` of every payment."""
    rows = await sale.rows("SELECT amount, accepted, refund_due FROM payment ORDER BY refund_due")
    return [(row["amount"], row["accepted"], row["refund_due"]) for row in rows]


async def test_a_fan_pays_and_only_then_has_a_booking(sale: Sale) -> None:
    show = (await sale.new_show(rows=2, seats_per_row=5, policy=POLICY))["show"]
    fan = sale.fan(show)
    begun = await paying(sale, show, fan, "A-1", "A-2")
    refused = await sale.confirm(begun["reservation"], fan)
    assert (refused.status, refused.body["code"]) == (409, "payment_missing")
    gone = await choose(sale, begun, "pay")
    assert (gone.status_code, gone.headers["location"]) == (303, "/done")
    read = await until(sale, begun, fan, "booked")
    booking = await sale.call("GET", f"/api/bookings/{read.body['booking']}", token=fan)
    assert booking.body["total_amount"] == begun["total_amount"]
    assert (await sale.http.post(begun["pay_at"], data={"choice": "pay"})).status_code == 409
    async with asyncio.timeout(WITHIN_S):
        while await sale.rows("SELECT 1 FROM sandbox_notice WHERE NOT done"):
            await asyncio.sleep(0.05)
    assert await refunds_due(sale) == [(begun["total_amount"], True, 0)]
    code, report = await sale.verify()
    assert code == 0, report
