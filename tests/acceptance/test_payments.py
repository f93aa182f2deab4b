"""Fans pay with the sandbox: every edge that money can take, on real servers, and `verify` follows each coin."""

import asyncio
import mailbox
from email import message_from_bytes, policy
from typing import Any

import httpx
import pytest

from onsale.dev_mail.arrival import by_arrival
from onsale_client import AsyncClient
from payments import notices
from payments.provider import Charge, Found, Notice, State
from tests.acceptance.sale import PATIENT, Answer, Sale
from ticketing.clock import SystemClock

pytestmark = pytest.mark.anyio

WITHIN_S = 20
ADA = {"name": "Ada Lovelace", "email": "ada@example.org", "language": "de-AT"}
POLICY = {"payment": "required", "hold_s": 60}
NOTICES = "/api/payments/webhook/sandbox"


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
    async with asyncio.timeout(WITHIN_S):
        while True:
            read = await sale.call("GET", f"/api/reservations/{begun['reservation']}", token=fan)
            if read.body["status"] == status:
                return read
            await asyncio.sleep(0.05)


async def until_none(sale: Sale, sql: str) -> None:
    """Until the tables have no such row."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            if not await sale.rows(sql):
                return
            await asyncio.sleep(0.05)


async def refunds_due(sale: Sale) -> list[tuple[int, bool, int]]:
    """`(amount, whether it paid for a booking, what is due back)` of every payment."""
    rows = await sale.rows("SELECT amount, accepted, refund_due FROM payment ORDER BY refund_due")
    return [(row["amount"], row["accepted"], row["refund_due"]) for row in rows]


async def a_show(sale: Sale, **policy: Any) -> str:
    """Two rows of five at 50.00, to be paid for."""
    categories = [{"name": "hall", "price": 5000}]
    made = await sale.new_show(
        rows=2, seats_per_row=5, categories=categories, currency="EUR", test=True, policy=POLICY | policy
    )
    return str(made["show"])


async def test_a_fan_pays_and_only_then_has_a_booking(sale: Sale) -> None:
    show = await a_show(sale)
    fan = sale.fan(show)
    begun = await paying(sale, show, fan, "A-1", "A-2")
    unpaid = {"reservation": begun["reservation"], "contact": ADA}
    refused = await sale.call("POST", "/api/bookings", unpaid, token=fan, prefer=PATIENT)
    assert (refused.status, refused.body["code"]) == (409, "payment_missing")
    gone = await choose(sale, begun, "pay")
    assert (gone.status_code, gone.headers["location"]) == (303, "/done")
    read = await until(sale, begun, fan, "booked")
    booking = await sale.call("GET", f"/api/bookings/{read.body['booking']}", token=fan)
    assert booking.body["total_amount"] == begun["total_amount"] == 10_000
    assert (await sale.http.post(begun["pay_at"], data={"choice": "pay"})).status_code == 409
    await until_none(sale, "SELECT 1 FROM sandbox_notice WHERE NOT done")
    assert await refunds_due(sale) == [(10_000, True, 0)]
    await the_way_back_by_mail(sale, show, read.body["booking"])


async def the_way_back_by_mail(sale: Sale, show: str, booking: str) -> None:
    """A letter comes in their language, with a link to the booking and nothing else; if asked for, once more."""
    letter = await letter_to(sale, 0, ADA["email"])
    assert booking in letter and "A-1, A-2" in letter and "Sie haben Plätze" in letter
    (link,) = [line for line in letter.splitlines() if line.startswith("http")]
    token = link.partition("#token=")[2]
    path = f"/api/bookings/{booking}"
    assert (await sale.call("GET", path, token=token)).body["contact"]["name"] == ADA["name"]
    assert (await sale.hold(show, token, "A-4")).status == 403
    for email in ("eve@example.org", "ADA@example.org", "ada@example.org"):
        told = await sale.call("POST", f"{path}/link", {"email": email})
        assert told.status == 200 and set(told.body) == {"message", "created_at"}
    assert link in await letter_to(sale, 1, ADA["email"])
    gone = await sale.call("DELETE", path, token=token)
    assert (gone.status, gone.body["status"]) == (200, "cancelled"), gone.body
    assert "ist storniert" in await letter_to(sale, 2, ADA["email"])
    await until_none(sale, "SELECT 1 FROM delivery_mail WHERE state = 'due'")
    rows = await sale.rows("SELECT kind, state FROM delivery_mail ORDER BY kind")
    assert [(row["kind"], row["state"]) for row in rows] == [
        ("cancelled", "sent"), ("confirmed", "sent"), ("link", "sent"),
    ]  # fmt: skip


async def letter_to(sale: Sale, number: int, email: str) -> str:
    """The plain text of the letter that came as number so many, once it has come."""
    maildir = mailbox.Maildir(sale.letters)
    async with asyncio.timeout(WITHIN_S):
        while True:
            keys = by_arrival(maildir.keys())
            if len(keys) > number:
                break
            await asyncio.sleep(0.05)
    message = message_from_bytes(maildir.get_bytes(keys[number]), policy=policy.default)
    text = message.get_body(("plain",))
    assert email in message["To"] and text is not None
    return str(text.get_content())


async def test_money_that_books_nothing_goes_back_once(sale: Sale) -> None:
    """Twice, too little, and too late for seats that somebody else has: each goes back by itself."""
    show = await a_show(sale, hold_s=2, payment_s=2)
    anna, ben, cleo, dora = (sale.fan(show) for _ in range(4))
    twice = await paying(sale, show, anna, "A-1")
    await choose(sale, twice, "twice")
    less = await paying(sale, show, ben, "A-2")
    await choose(sale, less, "less")
    late, later = await paying(sale, show, cleo, "A-3"), await paying(sale, show, dora, "A-4")
    for begun in (late, later):
        await choose(sale, begun, "late")
    await until(sale, twice, anna, "booked")
    await until(sale, later, dora, "expired")
    taken = await sale.hold(show, sale.partner_key, "A-4")
    assert taken.status == 201
    told = {"reservation": taken.body["reservation"], "payment": {"provider": "till", "reference": "1", "amount": 5000}}
    booked = await sale.call("POST", "/api/bookings", told, token=sale.partner_key)
    assert booked.status == 201, booked.body
    ours = told | {"payment": {"provider": "sandbox", "reference": "2", "amount": 5000}}
    refused = await sale.call("POST", "/api/bookings", ours, token=sale.partner_key)
    assert (refused.status, refused.body["errors"][0]["pointer"]) == (400, "/payment/provider")
    # Whoever is late has the seats if they are still free, and the money back if not.
    await until(sale, late, cleo, "booked")
    await until_none(sale, "SELECT 1 FROM sandbox_notice WHERE NOT done")
    assert await refunds_due(sale) == [
        (5000, True, 0), (5000, True, 0), (5000, True, 0),
        (4999, False, 4999), (5000, False, 5000), (5000, False, 5000),
    ]  # fmt: skip
    await until_none(
        sale, "SELECT 1 FROM payment WHERE refund_due > 0 AND reference NOT IN (SELECT reference FROM sandbox_refund)"
    )
    await until_none(sale, "SELECT 1 FROM delivery_refund WHERE state <> 'done'")
    rows = await sale.rows("SELECT reason, amount FROM delivery_refund ORDER BY reason")
    assert [(row["reason"], row["amount"]) for row in rows] == [
        ("already_booked", 5000), ("amount_wrong", 4999), ("seats_unavailable", 5000),
    ]  # fmt: skip
    code, report = await sale.verify()
    assert code == 0, report


async def test_a_payment_of_which_nothing_is_said_is_asked_for(sale: Sale) -> None:
    show = await a_show(sale)
    fan = sale.fan(show)
    begun = await paying(sale, show, fan, "A-1")
    await choose(sale, begun, "silent")
    # The notifier takes it from the log by itself, and would ask in a minute.
    await until_none(sale, "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM delivery_payment)")
    await sale.rows("UPDATE delivery_payment SET due_at_ms = 0")
    await until(sale, begun, fan, "booked")
    await until_none(sale, "SELECT 1 FROM delivery_payment WHERE state = 'open'")


async def test_a_decline_gives_another_try_and_forged_news_give_nothing(sale: Sale) -> None:
    show = await a_show(sale)
    fan = sale.fan(show)
    begun = await paying(sale, show, fan, "A-1")
    paid = Found(State.PAID, (Charge("c1", 5000, "EUR"),))
    row = (await sale.rows("SELECT attempt FROM sandbox_attempt"))[0]
    body = notices.notice_body(Notice(row["attempt"], paid))
    forged = notices.signed(notices.as_secret(b"a guess"), "n1", body, SystemClock().now_ms())
    assert (await sale.http.post(NOTICES, content=body, headers=forged)).status_code == 401
    await choose(sale, begun, "decline")
    await until(sale, begun, fan, "held")
    async with AsyncClient(sale.url, token=fan) as client:
        again = await client.checkout(begun["reservation"])
    assert (again.status, again.provider) == ("paying", "sandbox") and again.pay_at != begun["pay_at"]
    await choose(sale, {"pay_at": again.pay_at}, "pay")
    await until(sale, begun, fan, "booked")


async def test_a_cancelled_show_ends_its_bookings_and_gives_the_money_back(sale: Sale) -> None:
    show = await a_show(sale)
    fans = [sale.fan(show) for _ in range(3)]
    begun = [await paying(sale, show, fan, f"A-{number}") for number, fan in enumerate(fans, 1)]
    for one, fan in zip(begun, fans, strict=True):
        await choose(sale, one, "pay")
        await until(sale, one, fan, "booked")
    late = await paying(sale, show, sale.fan(show), "B-1")
    path = f"/api/admin/shows/{show}/cancel"
    assert (await sale.call("POST", path, {}, token=sale.partner_key)).status == 403
    gone = await sale.call("POST", path, {"reason": "flooded"}, token=sale.admin_key, prefer=PATIENT)
    assert (gone.status, gone.body["status"]) == (200, "cancelled"), gone.body
    for one, fan in zip(begun, fans, strict=True):
        await until(sale, one, fan, "cancelled")
    await choose(sale, late, "pay")
    await until_none(sale, "SELECT 1 FROM sandbox_notice WHERE NOT done")
    assert await refunds_due(sale) == [(5000, True, 5000)] * 3 + [(5000, False, 5000)]
    await until_none(
        sale, "SELECT 1 FROM payment WHERE reference NOT IN (SELECT reference FROM sandbox_refund WHERE amount = 5000)"
    )
    await until_none(sale, "SELECT 1 FROM delivery_refund WHERE state <> 'done'")
    seen = (await sale.call("GET", f"/api/admin/refunds?show={show}", token=sale.admin_key)).body["data"]
    assert {(line["state"], line["reason"], line["amount"]) for line in seen} == {("done", "show_cancelled", 5000)}
    assert len(seen) == 4
    code, report = await sale.verify()
    assert code == 0, report
