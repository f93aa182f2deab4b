"""What a show tells of itself, on real servers: its log page by page, and its figures."""

from typing import Any

import pytest

from tests.acceptance.sale import Sale

pytestmark = [pytest.mark.anyio, pytest.mark.own_shows]


async def test_the_log_of_a_show_has_each_of_its_outcomes_once(sale: Sale) -> None:
    show = (await sale.new_show(rows=2, seats_per_row=5))["show"]
    await sale.new_show(capacity=20)
    fan = sale.fan(show)
    held = (await sale.hold(show, fan, "A-1", "A-2")).body["reservation"]
    assert (await sale.hold(show, sale.fan(show), "A-1")).status == 409
    assert (await sale.confirm(held, fan)).status == 201
    lines: list[dict[str, Any]] = []
    path, has_more = f"/api/shows/{show}/ledger?limit=1", True
    while has_more:
        page = await sale.call("GET", path, token=sale.partner_key)
        assert page.status == 200, page.body
        lines += page.body["data"]
        has_more = page.body["has_more"]
        path = f"/api/shows/{show}/ledger?limit=1&after={page.body['next_cursor']}"
    assert [line["kind"] for line in lines] == ["ShowOpened", "SeatsHeld", "HoldRefused", "BookingConfirmed"]
    changes = [line["seq"] for line in lines if line["kind"] != "HoldRefused"]
    assert changes == list(range(changes[0], changes[0] + 3))
    assert lines[1]["places"] == [{"status": "held", "seats": ["A-1", "A-2"]}]
    assert "ent_" not in str(lines)
    assert "Lovelace" not in str(lines)


async def test_a_show_in_figures_is_what_was_sold(sale: Sale) -> None:
    layout: dict[str, Any] = {"rows": 2, "seats_per_row": 5, "capacity": 20}
    layout["categories"] = [{"name": "all", "price": 2_000}]
    show = (await sale.new_show(**layout))["show"]
    fan, floor = sale.fan(show), [{"area": "general", "quantity": 3}]
    held = (await sale.hold(show, fan, "A-1", "A-2", areas=floor)).body["reservation"]
    booked = await sale.confirm(held, fan)
    assert booked.status == 201
    for stars in (1, 4):
        rating = f"/api/bookings/{booked.body['booking']}/rating"
        assert (await sale.call("PUT", rating, {"stars": stars}, token=fan)).status == 200
    assert (await sale.hold(show, sale.partner_key, "B-1")).status == 201
    gone = (await sale.hold(show, sale.partner_key, "B-2")).body["reservation"]
    assert (await sale.call("DELETE", f"/api/reservations/{gone}", token=sale.partner_key)).status == 200

    told = (await sale.call("GET", f"/api/shows/{show}/stats", token=sale.admin_key)).body
    amounts = [(one["booked"], one["total_amount"]) for one in told["categories"]]
    assert amounts == [(5, 10_000)]
    assert [(one["bookings"], one["places"], one["total_amount"]) for one in told["over_time"]] == [(1, 5, 10_000)]
    by_channel = {one["channel"]: one for one in told["channels"]}
    fans = by_channel.pop("fans")
    assert (fans["booked"], fans["bookings"], fans["conversion"], fans["total_amount"]) == (5, 1, 1.0, 10_000)
    assert 0 <= fans["median_s_to_book"] < 60
    ((_, partner),) = by_channel.items()
    figures = {"held": 1, "booked": 0, "reservations": 2, "bookings": 0, "conversion": 0.0, "total_amount": 0}
    assert {name: value for name, value in partner.items() if name != "channel"} == figures
    assert (told["booked_seats"], told["held_seats"], told["total_amount"]) == (5, 1, 10_000)
    assert told["satisfaction"] == {"ratings": 1, "by_stars": [0, 0, 0, 1, 0], "average": 4.0}
    own = (await sale.call("GET", f"/api/shows/{show}/stats", token=sale.partner_key)).body
    assert own["satisfaction"] == {"ratings": 0, "by_stars": [0] * 5}
    assert (own["channels"], own["total_amount"]) == ([partner], 0)
