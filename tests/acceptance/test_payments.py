"""Fans pay with the sandbox: every edge that money can take, on real servers, and `verify` follows each coin."""

import mailbox
from collections.abc import Sequence
from typing import Any

import pytest

from ingress import link_routes
from onsale_client import AsyncClient
from payments import notices
from payments.provider import Charge, Found, Notice, State
from payments.sandbox import choices
from tests.acceptance.paying import ADA, WITHIN_S, choose, letter_to, paying, until
from tests.acceptance.sale import PATIENT, Sale
from tests.faults import rooms
from ticketing.clock import SystemClock

pytestmark = pytest.mark.anyio

POLICY = {"payment": "required", "hold_s": 60}
NOTICES = "/api/payments/webhook/sandbox"
FAR_MS = 10**13
"""Some centuries, or the year 2286."""


async def refunds_due(sale: Sale) -> list[tuple[int, bool, int]]:
    """`(amount, whether it paid for a booking, what is due back)` of every payment."""
    rows = await sale.rows("SELECT amount, accepted, refund_due FROM payment ORDER BY refund_due")
    return [(row["amount"], row["accepted"], row["refund_due"]) for row in rows]


async def a_show(sale: Sale, *, prices: Sequence[int] = (5000, 5000), **policy: Any) -> str:
    """A row of five at each price, to be paid for."""
    categories = [{"name": f"row {row}", "price": price, "rows": [row]} for row, price in enumerate(prices, 1)]
    made = await sale.new_show(
        rows=len(prices), seats_per_row=5, categories=categories, currency="EUR", test=True, policy=POLICY | policy
    )
    return str(made["show"])


async def test_a_fan_pays_and_only_then_has_a_booking(sale: Sale, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_routes, "LINK_EVERY_MS", FAR_MS)  # no period ends between two who ask for the same link
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
    await sale.until_none("SELECT 1 FROM sandbox_notice WHERE NOT done", WITHIN_S)
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
    await sale.until_none("SELECT 1 FROM delivery_mail WHERE state = 'due'", WITHIN_S)
    rows = await sale.rows("SELECT kind, state FROM delivery_mail ORDER BY kind")
    assert [(row["kind"], row["state"]) for row in rows] == [
        ("cancelled", "sent"), ("confirmed", "sent"), ("link", "sent"),
    ]  # fmt: skip


async def test_every_end_of_a_payment_as_a_partner_is_told_of_it(sale: Sale, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice, too little, never, and too late: for seats that are free still, and for one that somebody else has. What
    books nothing goes back by itself, once."""
    monkeypatch.setattr(choices, "LATE_MS", FAR_MS)  # what is paid too late is paid when the story has come so far
    prices = {"A": 9904, "B": 9905, "C": 5000, "D": 9903}  # all but one press a button, see docs/api/sandbox.md
    show = await a_show(sale, prices=list(prices.values()), hold_s=3, payment_s=1)
    partner = sale.partner_key
    seats = ("A-1", "B-1", "C-1", "D-1", "D-2")
    twice, less, never, late, later = [await paying(sale, show, partner, seat) for seat in seats]
    await until(sale, twice, partner, "booked")
    for begun in (less, never, late, later):
        await until(sale, begun, partner, "expired")
    await somebody_else_books(sale, show, "D-2", prices["D"])
    await sale.rows(f"UPDATE sandbox_attempt SET state_at_ms = 0 WHERE state_at_ms > {FAR_MS}")
    await sale.rows("UPDATE sandbox_notice SET due_at_ms = 0 WHERE NOT done")
    await until(sale, late, partner, "booked")
    await sale.until_none("SELECT 1 FROM sandbox_notice WHERE NOT done", WITHIN_S)
    begins, ends = ["request_decided held", "request_decided paying"], "reservation_expired expired"
    assert await heard(sale, 19) == {
        twice["reservation"]: [*begins, "booking_confirmed booked", "refund_due 9904 already_booked"],
        less["reservation"]: [*begins, "refund_due 9904 amount_wrong", ends],
        never["reservation"]: [*begins, ends],
        late["reservation"]: [*begins, ends, "booking_confirmed booked"],
        later["reservation"]: [*begins, ends, "refund_due 9903 seats_unavailable"],
    }
    for begun, *refused in ((twice, 409, "already_booked"), (never, 410, "hold_expired")):
        again = await sale.call("POST", f"/api/reservations/{begun['reservation']}/checkout", {}, token=partner)
        assert [again.status, again.body["code"]] == refused
    confirmed = await sale.confirm(later["reservation"], partner)
    assert (confirmed.status, confirmed.body["code"]) == (410, "hold_expired")
    await sale.until_none(
        "SELECT 1 FROM payment WHERE refund_due > 0 AND reference NOT IN (SELECT reference FROM sandbox_refund)",
        WITHIN_S,
    )
    await sale.until_none("SELECT 1 FROM delivery_refund WHERE state <> 'done'", WITHIN_S)
    seen = (await sale.call("GET", f"/api/admin/refunds?show={show}", token=sale.admin_key)).body["data"]
    assert sorted((line["state"], line["reason"], line["amount"]) for line in seen) == [
        ("done", "already_booked", 9904), ("done", "amount_wrong", 9904), ("done", "seats_unavailable", 9903),
    ]  # fmt: skip
    given_back = await sale.rows("SELECT reference, amount FROM sandbox_refund")
    assert {(row["reference"], row["amount"]) for row in given_back} == {(it["reference"], it["amount"]) for it in seen}
    letters = {await letter_to(sale, number, ADA["email"]) for number in range(2)}
    assert [sum(seat in letter for letter in letters) for seat in ("A-1", "D-1")] == [1, 1]
    await sale.until_none("SELECT 1 FROM delivery_mail WHERE state = 'due'", WITHIN_S)
    assert len(mailbox.Maildir(sale.letters)) == 2, "nobody else has places"
    code, report = await sale.verify()
    assert code == 0, report


async def somebody_else_books(sale: Sale, show: str, seat: str, amount: int) -> None:
    """A partner says itself what was paid, but not of payments that a provider tells of."""
    taken = await sale.hold(show, sale.admin_key, seat)
    assert taken.status == 201, taken.body
    paid = {"provider": "till", "reference": "1", "amount": amount}
    told = {"reservation": taken.body["reservation"], "payment": paid}
    ours = told | {"payment": paid | {"provider": "sandbox"}}
    refused = await sale.call("POST", "/api/bookings", ours, token=sale.admin_key)
    assert (refused.status, refused.body["errors"][0]["pointer"]) == (400, "/payment/provider")
    assert (await sale.call("POST", "/api/bookings", told, token=sale.admin_key)).status == 201


async def heard(sale: Sale, count: int) -> dict[str, list[str]]:
    """What the partner's feed says of each reservation, once it has so many events."""

    async def has_all() -> list[dict[str, Any]] | None:
        page = await sale.call("GET", "/api/events-feed?limit=100", token=sale.partner_key)
        events: list[dict[str, Any]] = page.body["data"]
        return events if len(events) >= count else None

    told: dict[str, list[str]] = {}
    for event in await rooms.until(has_all, WITHIN_S):
        outcome = event["body"]["data"]["outcome"]
        words = [outcome["status"]] if "status" in outcome else [str(outcome["amount"]), outcome["reason"]]
        told.setdefault(outcome["reservation"], []).append(" ".join((event["body"]["type"], *words)))
    return told


async def test_a_payment_of_which_nothing_is_said_is_asked_for(sale: Sale) -> None:
    show = await a_show(sale, prices=(9906, 9906))  # the amount presses the button
    fan = sale.fan(show)
    begun = await paying(sale, show, fan, "A-1")
    # The notifier takes it from the log by itself, and would ask in a minute.
    await sale.until_none("SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM delivery_payment)", WITHIN_S)
    await sale.rows("UPDATE delivery_payment SET due_at_ms = 0")
    await until(sale, begun, fan, "booked")
    await sale.until_none("SELECT 1 FROM delivery_payment WHERE state = 'open'", WITHIN_S)


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
    await sale.until_none("SELECT 1 FROM sandbox_notice WHERE NOT done", WITHIN_S)
    assert await refunds_due(sale) == [(5000, True, 5000)] * 3 + [(5000, False, 5000)]
    await sale.until_none(
        "SELECT 1 FROM payment WHERE reference NOT IN (SELECT reference FROM sandbox_refund WHERE amount = 5000)",
        WITHIN_S,
    )
    await sale.until_none("SELECT 1 FROM delivery_refund WHERE state <> 'done'", WITHIN_S)
    seen = (await sale.call("GET", f"/api/admin/refunds?show={show}", token=sale.admin_key)).body["data"]
    assert {(line["state"], line["reason"], line["amount"]) for line in seen} == {("done", "show_cancelled", 5000)}
    assert len(seen) == 4
    code, report = await sale.verify()
    assert code == 0, report
