"""The flows of the papers that asked for this product, each through the one API, on one installation.

That of the partner API is in `test_partner_paper.py`.
"""

import asyncio
from typing import Any

import pytest

from tests.acceptance.paying import ADA, choose, letter_about, paying, until
from tests.acceptance.sale import DAY_MS, Answer, Sale
from tests.acceptance.spectator import Spectator, spectator
from ticketing.clock import SystemClock, parse_rfc3339, rfc3339

pytestmark = pytest.mark.anyio

MINUTE_MS = 60_000
BALLROOM: dict[str, Any] = {
    "categories": [{"name": "vip", "price": 15_000}, {"name": "standard", "price": 7_500}],
    "sections": [
        {"name": "hall", "rows": [
            {"label": row, "category": "standard", "seats": [
                {"label": f"{row}-{n}", "x": 30 * n, "y": y} for n in range(1, 1 + seats)
            ]} for row, y, seats in (("A", 50, 8), ("B", 90, 51))
        ]}
    ],
    "tables": [
        {"label": "V1", "x": 300, "y": 300, "seats": 8, "category": "vip"},
        {"label": "V2", "x": 600, "y": 300, "seats": 8, "category": "vip", "bookable": "both"},
    ],
}  # fmt: skip
ENDS_IN_S = 6
"""Of a hold that is let go: its owner is told when a third of that is left, which is time enough on a busy machine."""
HOUSE_TERMS: dict[str, Any] = {"test": True, "policy": {"hold_s": ENDS_IN_S, "payment_s": 1}}
"""Of a show in which nothing lasts."""


async def ballroom(house: Sale) -> tuple[str, str]:
    """`(venue, show)` of a row of eight, one of 51, and two tables, one of which is sold by the seat, too."""
    venue = (await house.call("POST", "/api/admin/venues", {"name": "Ballroom"}, token=house.admin_key)).body["venue"]
    assert (await house.call("PUT", f"/api/admin/venues/{venue}/layout", BALLROOM, token=house.admin_key)).status == 200
    return venue, (await house.new_show(venue=venue, currency="EUR"))["show"]


async def book(house: Sale, token: str, **what: Any) -> Answer:
    """A booking, for Ada."""
    return await house.call("POST", "/api/bookings", {"contact": ADA, **what}, token=token)


async def let_go(house: Sale, reservation: str, token: str) -> None:
    """A hold is given back."""
    gone = await house.call("DELETE", f"/api/reservations/{reservation}", token=token)
    assert gone.body["status"] == "released"


async def warned_and_gone(watcher: Spectator, reservation: str) -> None:
    """The owner of a hold is told that it ends, and that it has ended."""
    await watcher.until("reservation_expiring", reservation=reservation)
    ended = await watcher.until("reservation_expired")
    assert ended["data"]["outcome"]["reservation"] == reservation
    await watcher.until_seq(ended["seq"])


async def test_the_paper_of_booking_examples(house: Sale) -> None:
    """Seats and tables in one basket, a table that is not whole any more, fifty seats, the viewport, the figures."""
    venue, show = await ballroom(house)
    partner = house.partner_key
    table = await house.hold(show, partner, tables=["V1"], reason="payment_processing", hold_s=900)
    assert (table.status, len(table.body["seats"]), table.body["total_amount"]) == (201, 8, 120_000)
    wishes = {"special_requests": "a ramp", "notes": "the company's evening"}
    booked = await book(house, partner, show=show, tables=["V1"], **wishes)
    read = (await house.call("GET", f"/api/bookings/{booked.body['booking']}", token=partner)).body
    assert (booked.status, wishes.items() <= read.items(), read["contact"]) == (201, True, ADA)
    await a_table_with_one_seat_taken(house, show)
    mixed = await house.hold(show, partner, "A-5", "A-6", tables=["V2"])
    assert (mixed.status, mixed.body["total_amount"]) == (201, 2 * 7_500 + 8 * 15_000)
    missing = await book(house, partner, show=show, seats=["A-5", "A-7"], tables=["V2"])
    assert (missing.status, missing.body["code"]) == (409, "hold_not_yours")
    assert [it["label"] for it in missing.body["conflicts"]] == ["A-7"]
    assert (await book(house, partner, reservation=mixed.body["reservation"])).status == 201
    both = await asyncio.gather(*(house.hold(show, house.fan(show), "A-1") for _ in range(2)))
    assert sorted(answer.status for answer in both) == [201, 409]
    await fifty_seats_at_once(house, show)
    await the_hall_as_it_is(house, venue, show)


async def a_table_with_one_seat_taken(house: Sale, show: str) -> None:
    """The seat is named, and nothing is held."""
    fan = house.fan(show)
    one = await house.hold(show, fan, "V2-3")
    torn = await house.hold(show, house.partner_key, "A-8", tables=["V2"])
    assert (torn.status, torn.body["conflicts"]) == (409, [{"label": "V2-3", "reason": "held"}])
    assert (await house.call("GET", f"/api/seats/A-8?show={show}")).body["status"] == "available"
    await let_go(house, one.body["reservation"], fan)


async def fifty_seats_at_once(house: Sale, show: str) -> None:
    """One more is too many."""
    row = [f"B-{number}" for number in range(1, 52)]
    more = await house.hold(show, house.partner_key, *row)
    assert (more.status, more.body["code"]) == (422, "too_many_seats")
    fifty = await house.hold(show, house.partner_key, *row[:50])
    assert (fifty.status, len(fifty.body["seats"])) == (201, 50)
    await let_go(house, fifty.body["reservation"], house.partner_key)
    unknown = await house.hold(show, house.partner_key, "A-98", "A-99")
    assert (unknown.status, [it["label"] for it in unknown.body["conflicts"]]) == (422, ["A-98", "A-99"])


async def the_hall_as_it_is(house: Sale, venue: str, show: str) -> None:
    """A part of the plan with what is free in it, where the table stands, and what was sold of each category."""
    seats = (await house.call("GET", f"/api/venues/{venue}/shows/{show}/seats?bbox=0,0,130,60")).body
    assert [(it["label"], it["status"]) for it in seats["seats"]] == [
        ("A-1", "held"), ("A-2", "available"), ("A-3", "available"), ("A-4", "available"),
    ]  # fmt: skip
    whose = [(await house.call("GET", f"/api/seats/{label}?show={show}", token=house.admin_key)).body["whose"]
             for label in ("A-1", "V1-1")]  # fmt: skip
    assert (whose[0]["held_by"][:4], whose[1]["booked_by"][:4], whose[1]["booked_price"]) == ("ent_", "key_", 15_000)
    assert "booked_at" in whose[1] and "hold_expires_at" in whose[0]
    (first, _) = (await house.call("GET", f"/api/venues/{venue}/seat-map")).body["tables"]
    assert (first["label"], first["shape"], first["x"], first["y"], len(first["seats"])) == ("V1", "round", 300, 300, 8)
    stats = (await house.call("GET", f"/api/shows/{show}/stats", token=house.admin_key)).body
    assert (stats["booked_seats"], stats["held_seats"], stats["total_amount"]) == (18, 1, 255_000), stats
    assert {it["name"]: (it["total"], it["booked"], it["total_amount"]) for it in stats["categories"]} == {
        "vip": (16, 16, 240_000), "standard": (59, 2, 15_000),
    }  # fmt: skip


async def test_the_paper_of_holds_and_reserves(house: Sale) -> None:
    """An event by name and count, so many places on hold and no more, refreshed, reserved, listed; one that ends."""
    event = {"name": "tiny", "starts_at": rfc3339(SystemClock().now_ms() + 30 * DAY_MS)}
    for capacity in (9, 200_001):
        refused = await house.call("POST", "/api/admin/shows", event | {"capacity": capacity}, token=house.admin_key)
        assert (refused.status, refused.body["code"]) == (422, "layout_invalid")
    terms: dict[str, Any] = {"max_held_seats_per_person": 6, "hold_s": ENDS_IN_S}
    made = await house.new_show(rows=1, seats_per_row=10, test=True, policy=terms)
    show = made["show"]
    assert (await house.call("GET", f"/api/events/{show}")).body["total_seats"] == 10
    anna, ben = house.fan(show), house.fan(show)
    held = await house.hold(show, anna, *(f"A-{n}" for n in range(1, 7)), hold_s=300)
    assert (held.status, await available(house, made)) == (201, ["A-7", "A-8", "A-9", "A-10"])
    more = await house.hold(show, anna, "A-7")
    assert (more.status, more.body["code"]) == (409, "limit_exceeded")
    longer = await house.call("PUT", f"/api/reservations/{held.body['reservation']}/extend", {"by_s": 600}, token=anna)
    assert longer.body["expires_at"] > held.body["expires_at"]
    async with spectator(house, made) as bens:
        await bens.hello(ben)
        short = await house.hold(show, ben, "A-8")
        await warned_and_gone(bens, short.body["reservation"])
    assert (await house.confirm(short.body["reservation"], ben)).body["code"] == "hold_expired"
    assert (await house.confirm(held.body["reservation"], ben)).body["code"] == "not_yours"
    assert (await house.confirm(held.body["reservation"], anna)).status == 201
    assert await available(house, made) == ["A-7", "A-8", "A-9", "A-10"]
    assert (await house.call("GET", f"/api/seats/A-1?show={show}")).body["status"] == "booked"


async def available(house: Sale, made: dict[str, Any]) -> list[str]:
    """The seats that can be had."""
    path = f"/api/venues/{made['venue']}/shows/{made['show']}/seats?status=available"
    return [seat["label"] for seat in (await house.call("GET", path)).body["seats"]]


async def test_the_paper_of_requirements(house: Sale) -> None:
    """List, details, hold, pay, book, a letter; a hold that nobody pays comes back, and everybody sees it."""
    tiers = [{"name": name, "price": price, "rows": [row]} for row, (name, price) in enumerate(
        (("VIP", 9_000), ("Regular", 5_000), ("Economy", 2_000)), 1)]  # fmt: skip
    terms: dict[str, Any] = {"rows": 3, "seats_per_row": 20, "categories": tiers, "currency": "EUR"}
    made = await house.new_show(**terms, policy={"payment": "required"})
    show = made["show"]
    assert show in [line["show"] for line in (await house.call("GET", "/api/events?status=open")).body["data"]]
    event = (await house.call("GET", f"/api/events/{show}")).body
    assert [(it["category"], it["price"]) for it in event["tiers"]] == [(it["name"], it["price"]) for it in tiers]
    await held_paid_and_written_of(house, show)
    await what_one_person_may_have(house, show)
    await nobody_paid(house, await house.new_show(**terms, **HOUSE_TERMS))
    tonight = rfc3339(SystemClock().now_ms() + DAY_MS - MINUTE_MS)
    await too_late_to_cancel(house, (await house.new_show(capacity=20, starts_at=tonight))["show"])


async def held_paid_and_written_of(house: Sale, show: str) -> None:
    """Five minutes to pay; a repeat over a broken line is the same hold; paid, it is booked, and a letter says so."""
    anna = house.fan(show)
    twice = [await house.hold(show, anna, "A-1", "A-2", key="one wish") for _ in range(2)]
    assert [answer.status for answer in twice] == [201, 201]
    held = twice[0].body
    assert twice[1].body["reservation"] == held["reservation"]
    lasts_ms = parse_rfc3339(held["expires_at"]) - parse_rfc3339(held["created_at"])
    assert 0 <= lasts_ms - 5 * MINUTE_MS < MINUTE_MS
    begun = await paying(house, show, anna, "A-3")
    await choose(house, begun, "pay")
    booked = await until(house, begun, anna, "booked")
    assert "A-3" in await letter_about(house, booked.body["booking"])
    await let_go(house, held["reservation"], anna)


async def what_one_person_may_have(house: Sale, show: str) -> None:
    """Ten seats at a time, three holds at once, ten attempts a minute."""
    ben = house.fan(show)
    eleven = await house.hold(show, ben, best={"quantity": 11})
    assert (eleven.status, eleven.body["code"]) == (422, "too_many_seats")
    assert [(await house.hold(show, ben, f"B-{number}")).status for number in (1, 3, 5)] == [201] * 3
    fourth = await house.hold(show, ben, "B-7")
    assert (fourth.status, fourth.body["code"]) == (409, "limit_exceeded")
    attempts = 5
    while (over := await house.hold(show, ben, "B-7")).status == 409:
        attempts += 1
    assert attempts >= 10, "as many were had as a minute has, and those that came back meanwhile"
    assert (over.status, over.body["code"]) == (429, "rate_limited")
    assert over.headers["ratelimit-policy"] == '"requests";q=100;w=60, "holds";q=10;w=60'
    assert 0 < int(over.headers["retry-after"]) <= 60


async def nobody_paid(house: Sale, made: dict[str, Any]) -> None:
    """Told before to the owner, then to everybody; whoever pays later is told that it is over."""
    anna = house.fan(made["show"])
    async with spectator(house, made) as watcher:
        await watcher.hello(anna)
        held = await house.hold(made["show"], anna, "A-1")
        await watcher.until("seat_status_changed")
        assert watcher.taken() == {"A-1": "held"}
        await warned_and_gone(watcher, held.body["reservation"])
        assert watcher.taken() == {}
    late = await house.confirm(held.body["reservation"], anna)
    assert (late.status, late.body["code"]) == (410, "hold_expired")


async def too_late_to_cancel(house: Sale, show: str) -> None:
    """It begins in less than a day."""
    anna = house.fan(show)
    booked = await book(house, anna, show=show, areas=[{"area": "general", "quantity": 1}])
    refused = await house.call("DELETE", f"/api/bookings/{booked.body['booking']}", token=anna)
    assert (refused.status, refused.body["code"]) == (409, "refund_window_closed")


async def test_the_paper_of_shows_and_counts(house: Sale) -> None:
    """A show by name, time and count in one call; places booked in one call; sold out is an answer like another."""
    show = await house.new_show(capacity=10)
    assert (show["total_seats"], show["available_seats"], show["booked_seats"]) == (10, 10, 0)
    eight = {"show": show["show"], "areas": [{"area": "general", "quantity": 8}]}
    fan = house.fan(show["show"])
    booked = await pending_and_then(house, fan, eight)
    assert (booked["status"], booked["outcome"]["status"]) == ("granted", "booked")
    refused = await book(house, house.fan(show["show"]), **eight)
    assert (refused.status, refused.body["code"]) == (409, "sold_out")
    left = await house.call("GET", f"/api/venues/{show['venue']}/shows/{show['show']}/availability")
    assert (left.body["available_seats"], left.body["booked_seats"]) == (2, 8)
    missing = await house.call("POST", "/api/admin/shows", {"name": "no time"}, token=house.admin_key)
    assert missing.status == 400
    assert (await house.call("GET", "/api/events/shw_0000000000")).status == 404
    await a_payment_that_never_comes(house)
    code, report = await house.verify()
    assert code == 0, report


async def pending_and_then(house: Sale, token: str, places: dict[str, Any]) -> dict[str, Any]:
    """A request whose verdict is not waited for: `pending` while it is not decided. What it was then."""
    (allocator,) = house.allocators
    allocator.pause()
    body = {"contact": ADA, **places}
    sent = await house.call("POST", "/api/bookings", body, token=token, prefer="respond-async")
    path = sent.headers["location"]
    asked = await house.call("GET", path, token=token)
    allocator.wake()
    assert (sent.status, sent.body["status"], asked.body["status"]) == (202, "pending", "pending")
    told = await house.until_told(path, token, 20)
    answer: dict[str, Any] = told.body
    return answer


async def a_payment_that_never_comes(house: Sale) -> None:
    """It was begun, and its time is over: there is no booking, and the places are free."""
    made = await house.new_show(capacity=10, categories=[{"name": "all", "price": 1_000}], **HOUSE_TERMS)
    fan = house.fan(made["show"])
    held = await house.hold(made["show"], fan, areas=[{"area": "general", "quantity": 3}])
    path = f"/api/reservations/{held.body['reservation']}"
    begun = await house.call("POST", f"{path}/checkout", {"contact": ADA}, token=fan)
    assert (begun.status, begun.body["status"]) == (201, "paying")
    await until(house, begun.body, fan, "expired")
    left = await house.call("GET", f"/api/events/{made['show']}")
    assert (left.body["available_seats"], left.body["booked_seats"]) == (10, 0)
