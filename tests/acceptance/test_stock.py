"""Everything that can be sold, on real servers: tables, parts of wishes, blocked seats, other terms in mid-sale."""

import asyncio
from typing import Any

import pytest

from tests.acceptance.sale import DAY_MS, PATIENT, Answer, Sale
from ticketing.clock import SystemClock, rfc3339
from ticketing.vocabulary import parse_show

pytestmark = [pytest.mark.anyio, pytest.mark.servers, pytest.mark.own_shows]

SUPPER: dict[str, Any] = {
    "categories": [{"name": "stalls", "price": 3000}, {"name": "supper", "price": 9000}],
    "sections": [
        {
            "name": "stalls",
            "rows": [
                {
                    "label": "A",
                    "category": "stalls",
                    "seats": [{"label": f"A-{n}", "x": 40 * n, "y": 40} for n in range(1, 9)],
                }
            ],
        }
    ],
    "tables": [
        {"label": "T1", "x": 200, "y": 300, "seats": 8, "category": "supper", "bookable": "both"},
        {"label": "T2", "x": 500, "y": 300, "seats": 8, "category": "supper"},
    ],
    "areas": [{"label": "floor", "category": "stalls", "capacity": 4}],
}


async def supper(sale: Sale) -> tuple[str, str]:
    """`(venue, show)`: a row of eight, T1 sold either way, T2 whole, a floor for four."""
    venue = (await sale.call("POST", "/api/admin/venues", {"name": "Supper Club"}, token=sale.admin_key)).body["venue"]
    made = await sale.call("PUT", f"/api/admin/venues/{venue}/layout", SUPPER, token=sale.admin_key)
    assert (made.status, made.body["total_seats"], made.body["tables"]) == (200, 28, 2), made.body
    terms: dict[str, Any] = {
        "name": "A Supper",
        "starts_at": rfc3339(SystemClock().now_ms() + 30 * DAY_MS),
        "venue": venue,
    }
    terms["policy"] = {"payment": "optional"}
    show = await sale.call("POST", "/api/admin/shows", terms, token=sale.admin_key, prefer=PATIENT)
    assert show.status == 201, show.body
    return venue, show.body["show"]


async def order(sale: Sale, method: str, path: str, body: Any = None, key: str | None = None) -> Answer:
    return await sale.call(method, f"/api/admin/shows/{path}", body, token=sale.admin_key, key=key)


async def quote(sale: Sale, show: str, token: str, **wish: Any) -> Answer:
    return await sale.call("POST", "/api/reservations/quote", {"show": show, **wish}, token=token)


async def test_tables_parts_and_blocked_seats(sale: Sale) -> None:
    venue, show = await supper(sale)
    one = await sale.hold(show, sale.fan(show), "T1-3")
    assert one.status == 201
    lost = await sale.hold(show, sale.fan(show), tables=["T1"], areas=[{"area": "floor", "quantity": 1}])
    assert (lost.status, lost.body["conflicts"]) == (409, [{"label": "T1-3", "reason": "held"}])
    number = parse_show(show)
    assert await sale.rows("SELECT 1 FROM area WHERE taken > 0 AND show_id = $1", number) == [], "nothing of it is held"
    assert len(await sale.rows("SELECT 1 FROM seat_taken WHERE show_id = $1", number)) == 1
    assert lost.body["alternatives"] == [[f"T2-{n}" for n in range(1, 9)]]
    torn = await sale.hold(show, sale.fan(show), "T2-1")
    assert (torn.status, torn.body["code"]) == (422, "table_not_sold_so")
    cleo = sale.fan(show)
    table = await sale.hold(show, cleo, tables=["T2"])
    assert (table.status, table.body["tables"], table.body["total_amount"]) == (201, ["T2"], 72_000)
    for refused in (await quote(sale, show, cleo, tables=["T1"]), await sale.hold(show, cleo, tables=["T1"])):
        assert (refused.status, refused.body["code"]) == (409, "limit_exceeded")
        assert refused.body["detail"] == "1 tables held already; one person may hold 1 at once"

    blocked = await order(sale, "POST", f"{show}/blocks", {"seats": ["A-1", "A-2"], "reason": "camera"}, "block")
    assert (blocked.status, blocked.body["seats"]) == (200, ["A-1", "A-2"])
    again = await order(sale, "POST", f"{show}/blocks", {"seats": ["A-1", "A-2"], "reason": "camera"}, "block")
    assert (again.status, again.headers["idempotent-replayed"]) == (200, "true")
    assert (await sale.hold(show, sale.fan(show), areas=[{"area": "floor", "quantity": 1}])).status == 201
    part = await sale.hold(show, sale.fan(show), "A-2", "A-3", areas=[{"area": "floor", "quantity": 4}], partial=True)
    assert part.status == 201
    assert [seat["seat"] for seat in part.body["seats"]] == ["A-3"]
    assert part.body["areas"][0]["quantity"] == 3
    assert part.body["left_out"] == [{"label": "A-2", "reason": "blocked"}, {"label": "floor", "reason": "held"}]
    assert (await order(sale, "DELETE", f"{show}/blocks?seats=A-2")).body["seats"] == ["A-2"]
    seats = (await sale.call("GET", f"/api/venues/{venue}/shows/{show}/seats")).body
    assert [seat["label"] for seat in seats["seats"] if seat["status"] == "blocked"] == ["A-1"]
    assert seats["stats"]["blocked"] == 1
    await _share_of_a_category(sale, show)
    code, report = await sale.verify()
    assert code == 0, report


async def _share_of_a_category(sale: Sale, show: str) -> None:
    """Seats A-2, A-4 to A-8 are free of the stalls, and nothing of the floor."""
    (row,) = await sale.rows("SELECT key_id FROM api_key WHERE name = 'a partner'")
    path = f"{show}/allocations/{row['key_id']}"
    kept = await order(sale, "PUT", path, {"share": 5, "category": "stalls"})
    assert (kept.status, kept.body["category"]) == (200, "stalls"), kept.body
    lost = await sale.hold(show, sale.fan(show), "A-5", "A-6")
    assert (lost.status, lost.body["conflicts"][0]) == (409, {"label": "A-5", "reason": "allocated"})
    noted: dict[str, Any] = {"metadata": {"order": [4711, None]}, "reason": "a choir"}
    held = await sale.hold(show, sale.partner_key, "A-5", "A-6", **noted)
    assert held.status == 201, held.body
    (line,) = (await order(sale, "GET", f"{show}/allocations")).body["data"]
    assert (line["category"], line["taken"], line["booked"], line["left"]) == ("stalls", 2, 0, 3)
    read = await sale.call("GET", f"/api/reservations/{held.body['reservation']}", token=sale.partner_key)
    assert (read.body["metadata"], read.body["reason"]) == (noted["metadata"], "a choir")
    mine = [{"label": "A-5", "reason": "already_yours", "reservation": held.body["reservation"]}]
    quoted = await quote(sale, show, sale.partner_key, seats=["A-5"])
    for again in (quoted, await sale.hold(show, sale.partner_key, "A-5", **noted)):
        assert (again.status, again.body["code"], again.body["conflicts"]) == (409, "already_yours", mine)
    notes = await sale.rows("SELECT 1 FROM contact_hold WHERE show_id = $1", parse_show(show))
    assert len(notes) == 1, "what is lost leaves no note"
    gone = await order(sale, "DELETE", f"{path}?category=stalls")
    assert (gone.status, gone.body["places"]) == (200, 3), gone.body
    await _booked_together(sale, show, held.body["reservation"], noted)


async def _booked_together(sale: Sale, show: str, first: str, noted: dict[str, Any]) -> None:
    """A hold and a seat of another one become one booking, which shows what was noted beside each."""
    other = await sale.hold(show, sale.partner_key, "A-7", "A-8", reason="a soloist")
    assert other.status == 201, other.body
    body = {"reservations": [first], "show": show, "seats": ["A-7"]}
    booked = await sale.call("POST", "/api/bookings", body, token=sale.partner_key, key="together", prefer=PATIENT)
    assert booked.status == 201, booked.body
    path = f"/api/bookings/{booked.body['booking']}"
    read = await sale.call("GET", path, token=sale.partner_key)
    assert read.body["holds"] == [
        {"reservation": first, **noted},
        {"reservation": other.body["reservation"], "reason": "a soloist"},
    ]
    code, said = await sale.onsale("erase", "--booking", booked.body["booking"])
    assert code == 0, said
    for table in ("contact_hold", "contact_basket"):
        assert await sale.rows(f"SELECT 1 FROM {table} WHERE show_id = $1", parse_show(show)) == []
    assert "holds" not in (await sale.call("GET", path, token=sale.partner_key)).body


async def test_other_terms_in_mid_sale_and_after_another_allocator_took_over(sale: Sale) -> None:
    venue, show = await supper(sale)
    held = await sale.hold(show, sale.fan(show), "A-1")
    terms = {"prices": {"stalls": 4500}, "policy": {"seats_per_hold": 2}}
    changed = await order(sale, "PATCH", show, terms, "change")
    assert (changed.status, changed.body["rules"]["seats_per_hold"]) == (200, 2), changed.body
    many = await sale.hold(show, sale.fan(show), "A-2", "A-3", "A-4")
    assert (many.status, many.body["code"]) == (422, "too_many_seats")
    assert (await sale.hold(show, sale.fan(show), "A-2")).body["total_amount"] == 4500
    seats = (await sale.call("GET", f"/api/venues/{venue}/shows/{show}/seats")).body["seats"]
    assert {seat["price"] for seat in seats if seat["category"] == "stalls"} == {4500}
    await _who_may_hold_in_mid_sale(sale, show)
    kept = await sale.call("GET", f"/api/reservations/{held.body['reservation']}", token=held.body["reservation_token"])
    assert kept.body["total_amount"] == 3000
    assert (await order(sale, "POST", f"{show}/blocks", {"seats": ["A-8"]})).status == 200

    await sale.allocators[-1].kill()
    await sale.spawn_allocator()
    async with asyncio.timeout(20):
        again = await order(sale, "PATCH", show, terms, "change")
        while again.status in (202, 503):
            again = await order(sale, "PATCH", show, terms, "change")
    assert (again.status, again.headers["idempotent-replayed"]) == (200, "true"), again.body
    lost = await sale.hold(show, sale.fan(show), "A-8")
    assert (lost.status, lost.body["conflicts"]) == (409, [{"label": "A-8", "reason": "blocked"}])
    code, report = await sale.verify()
    assert code == 0, report


async def _who_may_hold_in_mid_sale(sale: Sale, show: str) -> None:
    """Keys are shut out and let in again; who held and gave back without paying waits, with a reason."""

    async def rules(**policy: Any) -> None:
        changed = await order(sale, "PATCH", show, {"policy": policy}, key=repr(policy))
        assert changed.status == 200 and policy.items() <= changed.body["rules"].items(), changed.body

    await rules(admission_required=True)
    for refused in (await quote(sale, show, sale.partner_key, seats=["A-3"]),
                    await sale.hold(show, sale.partner_key, "A-3")):  # fmt: skip
        assert (refused.status, refused.body["code"]) == (403, "admission_required")
    assert (await quote(sale, show, sale.fan(show), seats=["A-3"])).status == 200
    await rules(admission_required=False, unpaid_holds=1)
    fan = sale.fan(show)
    held = await sale.hold(show, fan, "A-3")
    assert (await sale.call("DELETE", f"/api/reservations/{held.body['reservation']}", token=fan)).status == 200
    waits = await sale.hold(show, fan, "A-3")
    assert (waits.status, waits.body["code"], waits.body["retryable"]) == (409, "cooling_down", True)
    assert waits.body["detail"].startswith("1 holds came to nothing; no new one before 20")
    assert 0 < waits.body["retry_after_s"] == int(waits.headers["retry-after"]) <= 600
    await rules(unpaid_holds=0)
    held = await sale.hold(show, fan, "A-3")
    assert held.status == 201
    assert (await sale.call("DELETE", f"/api/reservations/{held.body['reservation']}", token=fan)).status == 200


async def heard_by_partner(sale: Sale, show: str) -> list[dict[str, Any]]:
    """What the feed of the partner says of a show, from its beginning."""
    told = await sale.call("GET", "/api/events-feed?limit=200", token=sale.partner_key)
    return [event["body"] for event in told.body["data"] if event["body"]["data"]["show"] == show]


async def test_what_is_kept_for_a_partner_is_its_own_until_its_time(sale: Sale) -> None:
    show = (await sale.new_show(capacity=20, policy={"seats_per_hold": 10, "max_held_seats_per_person": 20}))["show"]
    (row,) = await sale.rows("SELECT key_id FROM api_key WHERE name = 'a partner'")
    wish: dict[str, Any] = {"areas": [{"area": "general", "quantity": 10}]}
    path = f"{show}/allocations/{row['key_id']}"
    kept = await order(sale, "PUT", path, {"share": 12, "borrow": 1})
    assert (kept.status, kept.body["status"]) == (200, "kept"), kept.body
    lost = await sale.hold(show, sale.fan(show), **wish)
    assert (lost.status, lost.body["code"]) == (409, "sold_out")
    assert (await sale.hold(show, sale.partner_key, **wish)).status == 201
    more = await sale.hold(show, sale.partner_key, areas=[{"area": "general", "quantity": 4}])
    assert (more.status, more.body["code"]) == (409, "allocation_exhausted")
    (line,) = (await order(sale, "GET", f"{show}/allocations")).body["data"]
    assert (line["taken"], line["booked"], line["left"], line["borrowed"]) == (10, 0, 2, 0)
    await sale.allocators[-1].kill()
    await sale.spawn_allocator()
    soon = rfc3339(SystemClock().now_ms() + 500)
    async with asyncio.timeout(20):
        again = await order(sale, "PUT", path, {"share": 12, "give_back_at": soon})
        while again.status in (202, 503):
            again = await order(sale, "PUT", path, {"share": 12, "give_back_at": soon})
        assert again.status == 200, again.body
        # Nobody gives the order: the log's own time does.
        while (await sale.hold(show, sale.fan(show), **wish)).status != 201:
            pass
    (line,) = (await order(sale, "GET", f"{show}/allocations")).body["data"]
    assert (line["status"], line["left"]) == ("given_back", 0)
    async with asyncio.timeout(20):
        # The expiry worker says it, and the notifier hears of it.
        while not (told := [it for it in await heard_by_partner(sale, show) if it["type"] == "allocation_returned"]):
            pass
    (returned,) = told
    assert returned["data"]["outcome"]["places"] == 2
    code, report = await sale.verify()
    assert code == 0, report


async def test_a_batch_is_held_as_one_or_each_for_itself(sale: Sale) -> None:
    _, show = await supper(sale)
    fan = sale.fan(show)

    async def batch(*holds: dict[str, Any], key: str, **more: Any) -> Answer:
        body = {"holds": [{"show": show, **wish} for wish in holds], **more}
        return await sale.call("POST", "/api/reservations/batch", body, token=fan, key=key)

    assert (await sale.hold(show, sale.fan(show), "A-5")).status == 201
    lost = await batch({"seats": ["A-1"]}, {"seats": ["A-5", "A-6"]}, key="one")
    assert (lost.status, lost.body["conflicts"]) == (409, [{"label": "A-5", "reason": "held"}])
    taken = await sale.rows("SELECT seat_no FROM seat_taken WHERE show_id = $1", parse_show(show))
    assert [row["seat_no"] for row in taken] == [4]
    best = {"best": {"quantity": 2, "category": "stalls"}}
    both = await batch({"seats": ["A-1"]}, best, key="two")
    assert (both.status, both.body["total_amount"]) == (201, 9000), both.body
    again = await batch({"seats": ["A-1"]}, best, key="two")
    assert (again.headers["idempotent-replayed"], len(again.body["reservations"])) == ("true", 2)
    first = both.body["reservations"][0]
    assert (await sale.confirm(first["reservation"], first["reservation_token"])).status == 201
    each = await batch({"seats": ["A-1"]}, {"areas": [{"area": "floor", "quantity": 1}]}, key="three", atomic=False)
    assert [it["status"] for it in each.body["data"]] == ["rejected", "granted"]
    await _the_best(sale)
    code, report = await sale.verify()
    assert code == 0, report


async def _the_best(sale: Sale) -> None:
    """Together, with why; the places of those who need them are theirs until they are released; a group in blocks."""
    venue = (await sale.call("POST", "/api/admin/venues", {"name": "A Hall"}, token=sale.admin_key)).body["venue"]
    seats = [[{"label": f"{row}-{n}", "x": 30 * n, "y": 40 * y} for n in range(1, 61)] for y, row in enumerate("ABCD")]
    seats[0][0]["accessible"], seats[0][1]["companion_of"] = True, "A-1"
    rows = [{"label": "ABCD"[y], "category": "one", "seats": row} for y, row in enumerate(seats)]
    layout = {"categories": [{"name": "one", "price": 100}], "sections": [{"name": "hall", "rows": rows}]}
    assert (await sale.call("PUT", f"/api/admin/venues/{venue}/layout", layout, token=sale.admin_key)).status == 200
    show = (await sale.new_show(venue=venue))["show"]

    async def best(token: str, **wish: Any) -> tuple[list[str], dict[str, Any]]:
        held = await sale.hold(show, token, best=wish)
        assert held.status == 201, held.body
        return [seat["seat"] for seat in held.body["seats"]], held.body["why"]

    plain = {"rule": "same_row", "tried": [], "orphans_left": 0}
    assert await best(sale.fan(show), quantity=2) == (["A-3", "A-4"], plain)
    anna = sale.fan(show)
    assert (await best(anna, quantity=2, accessible=True))[0] == ["A-1", "A-2"]
    hers = (await quote(sale, show, anna, seats=["A-1"])).body["conflicts"][0]["reservation"]
    gone = await sale.call("DELETE", f"/api/reservations/{hers}", token=anna)
    now = rfc3339(SystemClock().now_ms())
    released = await order(sale, "PATCH", show, {"policy": {"accessible_released_at": now}}, "released")
    assert (gone.status, released.body["rules"]["accessible_released_at"]) == (200, now)
    assert (await best(sale.fan(show), quantity=2))[0] == ["A-1", "A-2"], "anybody's, from now on"
    many = await sale.hold(show, sale.partner_key, best={"quantity": 200})
    assert (many.status, many.body["code"]) == (422, "too_many_seats")
    terms = {"name": "for groups", "permissions": ["book", "group"]}
    key = (await sale.call("POST", "/api/admin/keys", terms, token=sale.admin_key)).body["api_key"]
    group, why = await best(key, quantity=200)
    assert (len(set(group)), why["rule"], why["tried"]) == (200, "adjacent_rows", ["same_row"])
