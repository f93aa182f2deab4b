"""The flow of the partner API paper, through the one API: from a key to what the house sees of its use."""

from collections import Counter
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.acceptance.partner_server import HEARD_WITHIN_S, Partner, partner_server
from tests.acceptance.sale import Answer, Sale
from tests.acceptance.spectator import spectator
from tests.faults import rooms

pytestmark = pytest.mark.anyio

ADA = {"name": "Ada Lovelace", "email": "ada@example.org", "phone": "+441815550100"}
KEY = {"name": "a box office", "permissions": ["read", "book", "group"]}


async def test_the_paper_of_the_partner_api(house: Sale) -> None:
    """A key is made and exchanged; the map is read, places are held, booked, changed and cancelled, alone and by the
    dozen; all of it is told by socket, webhook and feed, and the house sees who asked for what."""
    made = await house.call("POST", "/api/admin/keys", KEY, token=house.admin_key)
    key, name = made.body["api_key"], made.body["data"]["key"]
    show = await house.new_show(
        rows=10, seats_per_row=10, categories=[{"name": "stalls", "price": 4_500}], currency="EUR"
    )
    token = await a_token_is_worth_what_the_key_gives(house, key, show["show"])
    async with partner_server() as partner:
        hook = await house.call("POST", "/api/admin/webhooks", {"url": partner.url}, token=key)
        await the_map_and_what_is_left(house, show)
        held = await a_hold_is_seen_by_all_channels(house, token, show)
        booked = await booked_changed_and_cancelled(house, token, held)
        await groups_and_batches(house, key, show["show"])
        await it_is_told(house, key, partner, hook.body["secret"], booked)
    await the_house_looks_on(house, key, name, show["show"], booked)
    await a_key_asks_as_often_as_its_terms_say(house)


async def a_token_is_worth_what_the_key_gives(house: Sale, key: str, show: str) -> str:
    """A token for an hour, with all of it or less, and never more."""
    asked = {"api_key": key, "permissions": ["read", "book"]}
    exchanged = (await house.call("POST", "/api/auth/token", asked)).body
    assert (exchanged["expires_in"], exchanged["permissions"]) == (3600, ["booking", "read"])
    valid = await house.call("GET", "/api/auth/validate", token=exchanged["token"])
    assert valid.body["permissions"] == ["booking", "read"]
    more = await house.call("POST", "/api/auth/token", {"api_key": key, "permissions": ["admin"]})
    less = await house.call("POST", "/api/auth/token", {"api_key": key, "permissions": ["read"]})
    refused = await house.hold(show, less.body["token"], "A-1")
    for answer in (more, refused):
        assert (answer.status, answer.body["code"]) == (403, "insufficient_scope")
    token: str = exchanged["token"]
    return token


async def the_map_and_what_is_left(house: Sale, show: dict[str, Any]) -> None:
    """Without a token: the layout, all seats, one, some, and how many."""
    of_show = f"/api/venues/{show['venue']}/shows/{show['show']}"
    layout = (await house.call("GET", f"/api/venues/{show['venue']}/seat-map")).body
    assert (layout["total_seats"], layout["sections"][0]["rows"][0]["seats"][0]["label"]) == (100, "A-1")
    seats = await house.call("GET", f"{of_show}/seats")
    assert {seat["status"] for seat in seats.body["seats"]} == {"available"}
    known = await house.http.get(f"{of_show}/seats", headers={"If-None-Match": seats.headers["etag"]})
    assert known.status_code == 304, "nothing has changed since"
    assert (await house.call("GET", f"{of_show}/availability")).body["available_seats"] == 100
    assert (await house.call("GET", f"/api/seats/A-1?show={show['show']}")).body["status"] == "available"


async def a_hold_is_seen_by_all_channels(house: Sale, token: str, show: dict[str, Any]) -> dict[str, Any]:
    """Held for ten minutes, lost by another channel, seen by everybody, extended, read; another one is given back."""
    async with spectator(house, show) as watcher:
        await watcher.hello()
        held = await house.hold(show["show"], token, "A-1", "A-2", external_id="ext-1", hold_s=600)
        assert (held.status, held.body["total_amount"], held.body["currency"]) == (201, 9_000, "EUR")
        lost = await house.hold(show["show"], house.fan(show["show"]), "A-2", "A-3")
        assert (lost.status, lost.body["conflicts"]) == (409, [{"label": "A-2", "reason": "held"}])
        await watcher.until("seat_status_changed")
        assert watcher.taken() == {"A-1": "held", "A-2": "held"}
    path = f"/api/reservations/{held.body['reservation']}"
    longer = await house.call("PUT", f"{path}/extend", {"by_s": 900}, token=token)
    assert longer.status == 200 and longer.body["expires_at"] > held.body["expires_at"]
    assert (await house.call("GET", path, token=token)).body["external_id"] == "ext-1"
    other = (await house.hold(show["show"], token, "A-4")).body["reservation"]
    given_back = await house.call("DELETE", f"/api/reservations/{other}", token=token)
    assert given_back.body["status"] == "released"
    many = {"show": show["show"], "seats": ["A-1", "A-4"]}
    public, own = [(await house.call("POST", "/api/seats/bulk-status", many, token=who)).body for who in (None, token)]
    assert [seat["status"] for seat in public["data"]] == ["held", "available"]
    since = f"/api/venues/{show['venue']}/shows/{show['show']}/seats?since_seq={public['seq'] - 2}"
    changed = (await house.call("GET", since)).body["seats"]
    assert [(seat["label"], seat["status"]) for seat in changed] == [("A-4", "available")], "held and given back"
    whose = {"reservation": held.body["reservation"], "hold_expires_at": longer.body["expires_at"]}
    assert [seat.get("mine", False) for seat in public["data"] + own["data"]] == [False, False, True, False]
    assert own["data"][0]["whose"] == whose
    reservation: dict[str, Any] = held.body
    return reservation


async def booked_changed_and_cancelled(house: Sale, token: str, held: dict[str, Any]) -> str:
    """Paid for elsewhere, so booked; one seat for another; and nothing of it is left. Its id."""
    paid = {
        "provider": "till", "method": "card", "reference": held["reservation"], "amount": held["total_amount"],
    }  # fmt: skip
    body = {"reservation": held["reservation"], "contact": ADA, "payment": paid}
    booked = await house.call("POST", "/api/bookings", body, token=token)
    assert (booked.status, booked.body["status"]) == (201, "booked"), booked.body
    booking: str = booked.body["booking"]
    path = f"/api/bookings/{booking}"
    moved = await house.call("PUT", path, {"give": ["A-2"], "take": ["A-3"]}, token=token)
    assert (moved.status, [it["seat"] for it in moved.body["seats"]]) == (200, ["A-1", "A-3"])
    read = (await house.call("GET", path, token=token)).body
    assert (read["external_id"], read["contact"], read["seats"]) == ("ext-1", ADA, moved.body["seats"])
    assert (await house.call("DELETE", path, token=token)).body["status"] == "cancelled"
    return booking


async def groups_and_batches(house: Sale, key: str, show: str) -> None:
    """Sixty places as one hold, and several holds in one call: all of them or none."""
    group = await house.hold(show, key, best={"quantity": 60})
    assert (group.status, len({seat["seat"] for seat in group.body["seats"]})) == (201, 60), group.body
    batch = "/api/reservations/batch"

    async def both(*seats: str, **how: Any) -> Answer:
        holds = [{"show": show, "seats": [seat]} for seat in seats]
        return await house.call("POST", batch, {"holds": holds, **how}, token=key)

    free = (await house.call("GET", f"/api/events/{show}")).body["available_seats"]
    taken = group.body["seats"][0]["seat"]
    left = [f"J-{number}" for number in (1, 2, 3)]
    assert ((await both(left[0], taken)).status, free) == (409, 40)
    assert [it["status"] for it in (await both(left[0], left[1])).body["reservations"]] == ["held", "held"]
    each = await both(left[2], taken, atomic=False)
    assert [it["status"] for it in each.body["data"]] == ["granted", "rejected"]


async def it_is_told(house: Sale, key: str, partner: Partner, secret: str, booking: str) -> None:
    """The feed has every event once, and the webhook the same ones, signed as Standard Webhooks say."""

    async def all_of_it() -> dict[str, Any] | None:
        page = (await house.call("GET", "/api/events-feed?limit=100", token=key)).body
        told = {one["event"]: one["body"] for one in page["data"]}
        # Three holds, one of them longer, one given back; a batch lost, one had, one with a verdict for each of two.
        return told if [it["type"] for it in told.values()].count("request_decided") == 9 else None

    told = await rooms.until(all_of_it, HEARD_WITHIN_S)
    of_booking = [it["type"] for it in told.values() if it["data"]["outcome"].get("booking") == booking]
    assert of_booking == ["booking_confirmed", "booking_changed", "booking_cancelled"]
    await partner.until_each(told)
    assert {headers["webhook-id"]: Webhook(secret).verify(body, headers) for headers, body in partner.got} == told


async def the_house_looks_on(house: Sale, key: str, name: str, show: str, booking: str) -> None:
    """Bookings of all channels in one list and as a table, what the key asked for, each request, and how it all is."""
    fan = house.fan(show, "ent_anna")
    hers = (await house.hold(show, fan, "J-9")).body["reservation"]
    fans = (await house.confirm(hers, fan)).body["booking"]
    listed = (await house.call("GET", f"/api/bookings?show={show}", token=house.admin_key)).body["data"]
    assert [(it["booking"], it["booked_by"]) for it in listed] == [(fans, "ent_anna"), (booking, name)]
    table = await house.http.get(
        f"/api/bookings?show={show}", headers={"Authorization": f"Bearer {house.admin_key}", "Accept": "text/csv"}
    )
    assert [line.partition(",")[0] for line in table.text.splitlines()] == ["booking", fans, booking]

    async def written() -> tuple[Counter[str], Counter[str]] | None:
        page = await house.call("GET", f"/api/admin/usage?key={name}", token=house.admin_key)
        asked, refused = Counter[str](), Counter[str]()
        for line in page.body["data"]:  # two for a call that was asked before midnight (UTC) and after
            asked[line["operation"]] += line["requests"]
            refused[line["operation"]] += line["refused"]
        # Written in the order of the answers, some time after them: with the last batch all before it is there.
        return (asked, refused) if asked["batch"] >= 3 else None

    asked, refused = await rooms.until(written, HEARD_WITHIN_S)
    assert (asked["cancel"], asked["batch"], refused["batch"]) == (1, 3, 1)
    assert asked["hold"] > 0
    logs = (await house.call("GET", f"/api/admin/logs?operation=batch&key={name}", token=house.admin_key)).body["data"]
    assert [line["status"] for line in logs] == [200, 201, 409]
    assert all(line["address"] == "127.0.0.1" and line["ms"] >= 0 and line["user_agent"] for line in logs)
    for who, status in ((house.admin_key, 200), (key, 403)):
        health = await house.call("GET", "/api/admin/health", token=who)
        assert health.status == status
        assert status == 403 or (health.body["status"], health.body["postgres"]) == ("ok", "ok")


async def a_key_asks_as_often_as_its_terms_say(house: Sale) -> None:
    """Beyond it the answer is 429, with when to come again."""
    terms = {"name": "a slow one", "permissions": ["read"], "requests_per_min": 2}
    key = (await house.call("POST", "/api/admin/keys", terms, token=house.admin_key)).body["api_key"]
    asked = [await house.call("GET", "/api/auth/validate", token=key) for _ in range(3)]
    assert [answer.status for answer in asked] == [200, 200, 429]
    assert asked[0].headers["ratelimit-policy"] == '"requests";q=2;w=60'
    assert asked[2].body["code"] == "rate_limited"
    assert 0 < int(asked[2].headers["retry-after"]) <= 60
