"""The flows of the five papers that asked for this product, each through the one API; one installation for all five."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.acceptance.sale import DAY_MS, Answer, Sale, open_sale
from tests.acceptance.spectator import spectator
from tests.conftest import fresh_database, fresh_redis_prefix, fresh_topics
from tests.servers import Servers
from ticketing.clock import SystemClock, rfc3339

pytestmark = pytest.mark.anyio

ADA = {"name": "Ada Lovelace", "email": "ada@example.org", "phone": "+441815550100"}
BALLROOM: dict[str, Any] = {
    "categories": [{"name": "vip", "price": 15_000}, {"name": "standard", "price": 7_500}],
    "sections": [
        {"name": "hall", "rows": [{"label": "A", "seats": [
            {"label": f"A-{n}", "x": 30 * n, "y": 50, "category": "standard"} for n in range(1, 9)
        ]}]}
    ],
    "tables": [
        {"label": "V1", "x": 300, "y": 100, "seats": 8, "category": "vip"},
        {"label": "V2", "x": 600, "y": 100, "seats": 8, "category": "vip", "bookable": "both"},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
async def house(anyio_backend: str, servers: Servers, database_template: str) -> AsyncIterator[Sale]:
    """One sale for all of them; each makes a show of its own."""
    with (
        fresh_database(servers, database_template) as database,
        fresh_topics(servers) as topics,
        fresh_redis_prefix(servers) as prefix,
    ):
        async with open_sale(servers, database, topics, prefix) as running:
            yield running


async def paid(house: Sale, reservation: dict[str, Any], **more: Any) -> Answer:
    """A partner books what it was paid for."""
    payment = {
        "provider": "till", "method": "card", "reference": reservation["reservation"],
        "amount": reservation["total_amount"],
    }  # fmt: skip
    body = {"reservation": reservation["reservation"], "contact": ADA, "payment": payment, **more}
    return await house.call("POST", "/api/bookings", body, token=house.partner_key)


async def test_the_paper_of_the_partner_api(house: Sale) -> None:
    """Key to token, map, hold by several channels at once, extend, book, hear of it, change, cancel."""
    show = await house.new_show(rows=3, seats_per_row=10, policy={"payment": "required"})
    asked = {"api_key": house.partner_key, "permissions": ["read", "book"]}
    token = (await house.call("POST", "/api/auth/token", asked)).body["token"]
    assert (await house.call("GET", "/api/auth/validate", token=token)).body["permissions"] == ["booking", "read"]
    assert (await house.call("GET", f"/api/venues/{show['venue']}/seat-map")).body["total_seats"] == 30
    async with spectator(house, show) as watcher:
        await watcher.hello()
        held = await house.hold(show["show"], token, "A-1", "A-2", external_id="ext-1", hold_s=600)
        assert held.status == 201 and held.body["total_amount"] == 2 * held.body["seats"][0]["price"]
        lost = await house.hold(show["show"], house.fan(show["show"]), "A-2", "A-3")
        assert (lost.status, lost.body["conflicts"]) == (409, [{"label": "A-2", "reason": "held"}])
        await watcher.until("seat_status_changed")
        assert watcher.taken() == {"A-1": "held", "A-2": "held"}
    path = f"/api/reservations/{held.body['reservation']}"
    longer = await house.call("PUT", f"{path}/extend", {"by_s": 60}, token=token)
    assert longer.status == 200 and longer.body["expires_at"] >= held.body["expires_at"]
    many = {"show": show["show"], "seats": ["A-1", "A-3"]}
    statuses = (await house.call("POST", "/api/seats/bulk-status", many)).body["data"]
    assert [seat["status"] for seat in statuses] == ["held", "available"]
    booked = await paid(house, held.body)
    assert booked.status == 201, booked.body
    booking = f"/api/bookings/{booked.body['booking']}"
    moved = await house.call("PUT", booking, {"give": ["A-2"], "take": ["A-3"]}, token=token)
    assert (moved.status, [it["seat"] for it in moved.body["seats"]]) == (200, ["A-1", "A-3"])
    assert (await house.call("GET", booking, token=token)).body["external_id"] == "ext-1"
    assert (await house.call("DELETE", booking, token=token)).body["status"] == "cancelled"
    listed = await house.call("GET", f"/api/bookings?show={show['show']}", token=house.admin_key)
    assert [it["status"] for it in listed.body["data"]] == ["cancelled"]


async def test_the_paper_of_booking_examples(house: Sale) -> None:
    """Seats and tables in one basket, the same seat asked for twice at once, the viewport, the figures."""
    venue = (await house.call("POST", "/api/admin/venues", {"name": "Ballroom"}, token=house.admin_key)).body["venue"]
    assert (await house.call("PUT", f"/api/admin/venues/{venue}/layout", BALLROOM, token=house.admin_key)).status == 200
    show = (await house.new_show(venue=venue, currency="EUR"))["show"]
    table = await house.hold(show, house.partner_key, tables=["V1"], reason="payment_processing")
    assert (table.status, len(table.body["seats"]), table.body["total_amount"]) == (201, 8, 120_000)
    mixed = await house.hold(show, house.partner_key, "A-5", "A-6", tables=["V2"])
    assert (mixed.status, mixed.body["total_amount"]) == (201, 2 * 7_500 + 8 * 15_000)
    assert (await paid(house, mixed.body, notes="family table")).status == 201
    both = await asyncio.gather(*(house.hold(show, house.fan(show), "A-1") for _ in range(2)))
    assert sorted(answer.status for answer in both) == [201, 409]
    wrong = await house.hold(show, house.fan(show), "A-99")
    assert (wrong.status, wrong.body["code"]) == (422, "unknown_places")
    seats = (await house.call("GET", f"/api/venues/{venue}/shows/{show}/seats?bbox=0,0,130,60")).body
    assert [(it["label"], it["status"]) for it in seats["seats"]] == [
        ("A-1", "held"), ("A-2", "available"), ("A-3", "available"), ("A-4", "available"),
    ]  # fmt: skip
    stats = (await house.call("GET", f"/api/shows/{show}/stats", token=house.admin_key)).body
    assert (stats["booked_seats"], stats["held_seats"], stats["total_amount"]) == (10, 9, 135_000), stats


async def test_the_paper_of_holds_and_reserves(house: Sale) -> None:
    """An event by name and count, so many places on hold and no more, refreshed, reserved, listed."""
    assert (await house.call(
        "POST", "/api/admin/shows", {"name": "tiny", "starts_at": soon(), "capacity": 9}, token=house.admin_key
    )).status == 422  # fmt: skip
    show = (await house.new_show(rows=1, seats_per_row=10, policy={"max_held_seats_per_person": 6}))["show"]
    anna = house.fan(show)
    held = await house.hold(show, anna, *(f"A-{n}" for n in range(1, 7)))
    assert held.status == 201
    more = await house.hold(show, anna, "A-7")
    assert (more.status, more.body["code"]) == (409, "limit_exceeded")
    path = f"/api/reservations/{held.body['reservation']}"
    assert (await house.call("PUT", f"{path}/extend", {}, token=anna)).status == 200
    assert (await house.confirm(held.body["reservation"], house.fan(show))).status == 403
    assert (await house.confirm(held.body["reservation"], anna)).status == 201
    one = await house.call("GET", f"/api/seats/A-1?show={show}")
    assert one.body["status"] == "booked"


async def test_the_paper_of_requirements(house: Sale) -> None:
    """List, details, hold, pay, book; a hold that nobody pays comes back, and everybody sees it."""
    made = await house.new_show(rows=1, seats_per_row=10, test=True, policy={"hold_s": 1, "hold_max_s": 1})
    show = made["show"]
    listed = (await house.call("GET", "/api/events?status=open")).body["data"]
    assert show in [line["show"] for line in listed]
    anna, ben = house.fan(show), house.fan(show)
    async with spectator(house, made) as watcher:
        await watcher.hello()
        held = await house.hold(show, anna, "A-1")
        await watcher.until("seat_status_changed")
        assert watcher.taken() == {"A-1": "held"}
        await watcher.until("seat_status_changed")
        assert watcher.taken() == {}, "nobody paid"
    late = await house.confirm(held.body["reservation"], anna)
    assert (late.status, late.body["code"]) == (410, "hold_expired")
    key = "one wish"
    again = [await house.hold(show, ben, "A-1", key=key) for _ in range(2)]
    assert [answer.status for answer in again] == [201, 201]
    assert again[0].body["reservation"] == again[1].body["reservation"]
    too_many = await house.hold(show, ben, best={"quantity": 11})
    assert too_many.status == 422


async def test_the_paper_of_shows_and_counts(house: Sale) -> None:
    """A show by name, time and count in one call; places booked in one call; sold out is an answer like another."""
    show = await house.new_show(capacity=10)
    assert (show["total_seats"], show["available_seats"], show["booked_seats"]) == (10, 10, 0)
    places = {"show": show["show"], "areas": [{"area": "general", "quantity": 8}], "contact": ADA}
    booked = await house.call("POST", "/api/bookings", places, token=house.fan(show["show"]))
    assert (booked.status, booked.body["status"]) == (201, "booked")
    refused = await house.call("POST", "/api/bookings", places, token=house.fan(show["show"]))
    assert (refused.status, refused.body["code"]) == (409, "sold_out")
    left = await house.call("GET", f"/api/venues/{show['venue']}/shows/{show['show']}/availability")
    assert (left.body["available_seats"], left.body["booked_seats"]) == (2, 8)
    missing = await house.call("POST", "/api/admin/shows", {"name": "no time"}, token=house.admin_key)
    assert missing.status == 400
    code, report = await house.verify()
    assert code == 0, report


def soon() -> str:
    """In a month."""
    return rfc3339(SystemClock().now_ms() + 30 * DAY_MS)
