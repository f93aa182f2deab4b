"""The API as outsiders meet it, on real servers: bad input row by row, whose is whose, one verdict each way."""

import asyncio
import json
import secrets
from typing import Any

import pytest

from tests.acceptance.sale import Answer, Sale
from ticketing.clock import SystemClock
from ticketing.tokens import Pass, ReservationToken
from ticketing.vocabulary import parse_show, reservation_text

pytestmark = [pytest.mark.anyio, pytest.mark.own_shows]

ON_THE_LOG = "SELECT sum(next_offset)::int AS commands FROM allocator_cursor"
CONTACT = {"name": "Ada Lovelace", "email": "ada@example.org"}


def is_problem(answer: Answer, status: int, code: str) -> bool:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == answer.body["request_id"]
    assert (answer.status, answer.body["status"], answer.body["code"]) == (status, status, code), answer.body
    return True


async def raw_hold(sale: Sale, token: str, content: bytes, **headers: str) -> Answer:
    sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": "raw"}
    response = await sale.http.post(
        "/api/reservations", content=content, headers=sent | {name.replace("_", "-"): v for name, v in headers.items()}
    )
    return Answer(response.status_code, response.headers, response.json())


async def test_bad_input_row_by_row(sale: Sale) -> None:
    show = (await sale.new_show(rows=6, seats_per_row=10))["show"]
    fan, partner = sale.fan(show), sale.partner_key
    best: dict[str, Any] = {"show": show, "best": {"quantity": 51}}
    (before,) = await sale.rows(ON_THE_LOG)

    assert is_problem(await raw_hold(sale, fan, b'{"show": '), 400, "malformed_json")
    assert is_problem(await raw_hold(sale, fan, b'\xff\xfe{"show"'), 400, "malformed_json")
    assert is_problem(await raw_hold(sale, fan, b""), 400, "body_missing")
    assert is_problem(await raw_hold(sale, fan, b'{"show":"' + b"x" * 65_536 + b'"}'), 413, "body_too_large")
    assert is_problem(await raw_hold(sale, fan, b"{}", Content_Type="text/plain"), 415, "unsupported_media_type")
    assert is_problem(await raw_hold(sale, fan, b"{}", Idempotency_Key='""'), 400, "idempotency_key_invalid")
    for body in ({"show": show, "seats": "A-1"}, {"show": show, "areas": [{"area": "x", "quantity": -1}]}, {"show": 1}):
        assert is_problem(await sale.call("POST", "/api/reservations", body, token=fan), 400, "invalid_request")
    assert is_problem(await sale.hold("shw_nonsense", fan, "A-1"), 400, "invalid_id")
    assert is_problem(await sale.hold("shw_0000000001", fan, "A-1"), 404, "show_not_found")
    assert is_problem(await sale.hold(show, fan, "Z-1"), 422, "unknown_places")
    assert is_problem(await sale.hold(show, fan), 422, "nothing_asked_for")
    assert is_problem(await sale.call("POST", "/api/reservations", best, token=partner), 422, "too_many_seats")
    assert is_problem(await sale.hold(show, fan, "A-1", hold_s=1), 422, "hold_time_out_of_range")
    assert is_problem(
        await sale.call("PUT", f"/api/reservations/{'x' * 9}/extend", token=fan), 404, "reservation_not_found"
    )
    assert is_problem(await sale.call("GET", "/api/nothing"), 404, "not_found")
    assert is_problem(await sale.call("GET", "/api/events/%FF%00"), 404, "show_not_found")
    assert is_problem(await sale.call("DELETE", "/api/reservations"), 405, "method_not_allowed")
    missing = await sale.http.post("/api/reservations", json=best, headers={"Authorization": f"Bearer {fan}"})
    assert missing.json()["code"] == "idempotency_key_missing"
    assert await sale.rows("SELECT * FROM seat_taken WHERE show_id = $1", parse_show(show)) == []
    (after,) = await sale.rows(ON_THE_LOG)
    assert after["commands"] == before["commands"] > 0, "none of this reached the log"


async def test_a_huge_body_that_never_says_how_long_it_is(sale: Sale) -> None:
    show = (await sale.new_show(capacity=20))["show"]

    async def endless() -> Any:
        for _ in range(40):
            yield b" " * 4096

    headers = {"Authorization": f"Bearer {sale.fan(show)}", "Content-Type": "application/json", "Idempotency-Key": "k"}
    response = await sale.http.post("/api/reservations", content=endless(), headers=headers)
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


async def test_tokens_that_give_no_rights_and_keys_whose_secret_was_changed(sale: Sale) -> None:
    show, other = [(await sale.new_show(capacity=20))["show"] for _ in range(2)]
    wish: dict[str, Any] = {"areas": [{"area": "general", "quantity": 1}]}
    good = sale.fan(show)
    expired = sale.keys.sign_pass(Pass(int(show[4:], 16), "ent_late", 0, SystemClock().now_ms() - 1))
    forged = good[:-8] + ("A" * 8 if good[-8:] != "A" * 8 else "B" * 8)

    assert is_problem(await sale.call("POST", "/api/reservations", {"show": show, **wish}), 401, "unauthenticated")
    assert is_problem(await sale.hold(show, forged, **wish), 401, "token_invalid")
    assert is_problem(await sale.hold(show, expired, **wish), 401, "token_expired")
    assert is_problem(await sale.hold(show, "osk_live_" + "0" * 48, **wish), 401, "token_invalid")
    assert is_problem(await sale.hold(other, good, **wish), 403, "wrong_show")
    assert is_problem(
        await sale.call("POST", "/api/admin/venues", {"name": "x"}, token=good), 403, "insufficient_scope"
    )
    # In an overlap the secret before is as good as the new one, and so is what it is exchanged for; else it is over.
    for overlap_s, before in ((3_600, 201), (0, 401)):
        key = {"name": "box office", "permissions": ["book"]}
        made = await sale.call("POST", "/api/admin/keys", key, token=sale.admin_key)
        rotate = f"/api/admin/keys/{made.body['data']['key']}/rotate"
        rotated = await sale.call("POST", rotate, {"overlap_s": overlap_s}, token=sale.admin_key)
        first, second = made.body["api_key"], rotated.body["api_key"]
        assert [(await sale.hold(show, secret, **wish)).status for secret in (first, second)] == [before, 201]
        exchanged = await sale.call("POST", "/api/auth/token", {"api_key": first})
        assert exchanged.status == (200 if before == 201 else 401)
        if before == 201:
            assert (await sale.hold(show, exchanged.body["token"], **wish)).status == 201
    by_account = "SELECT count(*)::int AS holds FROM reservation WHERE show_id = $1 GROUP BY account ORDER BY 1"
    assert [row["holds"] for row in await sale.rows(by_account, parse_show(show))] == [1, 3]

    made = await sale.call("POST", "/api/admin/keys", {"name": "lost", "permissions": ["book"]}, token=sale.admin_key)
    path = f"/api/admin/keys/{made.body['data']['key']}/revoke"
    assert (await sale.call("POST", path, {}, token=sale.admin_key)).status == 200
    assert is_problem(await sale.hold(show, made.body["api_key"], **wish), 401, "key_revoked")
    assert [row["holds"] for row in await sale.rows(by_account, parse_show(show))] == [1, 3]


async def test_what_is_not_yours(sale: Sale) -> None:
    show = (await sale.new_show(rows=2, seats_per_row=10))["show"]
    anna, ben = sale.fan(show), sale.fan(show)
    hers = (await sale.hold(show, anna, "A-1")).body
    his = (await sale.hold(show, ben, "A-2")).body
    path = f"/api/reservations/{hers['reservation']}"

    for token in (ben, his["reservation_token"], sale.partner_key):
        for call in (
            sale.call("GET", path, token=token),
            sale.call("PUT", f"{path}/extend", {"by_s": 60}, token=token),
            sale.call("DELETE", path, token=token),
            sale.confirm(hers["reservation"], token),
            sale.call("GET", f"/api/requests/{hers['request']}", token=token),
        ):
            assert is_problem(await call, 403, "not_yours")
    assert await sale.rows("SELECT 1 FROM contact_booking WHERE show_id = $1", parse_show(show)) == []
    assert (await sale.call("GET", path, token=sale.admin_key)).body["held_by"].startswith("ent_")
    mine = await sale.call("PUT", f"{path}/extend", {"by_s": 600}, token=hers["reservation_token"])
    assert (mine.status, mine.body["expires_at"] > hers["expires_at"]) == (200, True)


async def test_what_has_expired_is_gone(sale: Sale) -> None:
    show = (await sale.new_show(rows=1, seats_per_row=10, test=True, policy={"hold_s": 1, "hold_max_s": 1}))["show"]
    fan = sale.fan(show)
    held = (await sale.hold(show, fan, "A-1")).body
    path = f"/api/reservations/{held['reservation']}"
    expired = await sale.until_told(path, fan, 15, other_than="held")
    assert expired.body["status"] == "expired"

    assert is_problem(await sale.confirm(held["reservation"], fan), 410, "hold_expired")
    assert is_problem(await sale.call("PUT", f"{path}/extend", token=fan), 410, "hold_expired")
    assert is_problem(await sale.call("DELETE", path, token=fan), 410, "hold_expired")
    assert is_problem(await sale.call("GET", f"/api/bookings/bkg_{path[-42:]}", token=fan), 404, "booking_not_found")
    again = await sale.hold(show, sale.fan(show), "A-1")
    assert again.status == 201, "others can have it now"


async def test_the_same_verdict_by_waiting_and_by_asking(sale: Sale) -> None:
    show = (await sale.new_show(rows=2, seats_per_row=5))["show"]
    fan, loser = sale.fan(show), sale.fan(show)
    won = await sale.hold(show, fan, "A-1", "A-2")
    lost = await sale.hold(show, loser, "A-1")

    asked = await sale.call("GET", f"/api/requests/{won.body['request']}", token=fan)
    assert (asked.status, asked.body["status"], asked.body["outcome"]) == (200, "granted", won.body)
    asked = await sale.call("GET", f"/api/requests/{lost.body['request']}", token=loser)
    assert asked.body["status"] == "rejected"
    same = {"code", "conflicts", "alternatives", "request", "detail"}
    assert {name: asked.body["outcome"][name] for name in same} == {name: lost.body[name] for name in same}
    nowhere = f"/api/requests/{won.body['request'][:-12]}{2**40:012x}"
    assert is_problem(await sale.call("GET", nowhere, token=fan), 404, "request_not_found")


async def test_two_bodies_in_flight_under_one_key_each_get_their_own_verdict(sale: Sale) -> None:
    show = (await sale.new_show(capacity=200))["show"]
    for _ in range(10):
        fan, key = sale.fan(show), secrets.token_hex(8)
        one, two = await asyncio.gather(
            *(sale.hold(show, fan, key=key, areas=[{"area": "general", "quantity": count}]) for count in (1, 2))
        )
        assert sorted([one.status, two.status]) == [201, 422]
        won, lost = (one, two) if one.status == 201 else (two, one)
        assert lost.body["code"] == "idempotency_key_reused"
        assert won.body["areas"][0]["quantity"] == (1 if won is one else 2)


async def test_shows_are_spread_over_the_partitions(sale: Sale) -> None:
    # So large that whatever other shows are there is as good as nothing.
    made = await asyncio.gather(*(sale.new_show(capacity=90_000 + number) for number in range(12)))
    shows = [parse_show(show["show"]) for show in made]
    parts = await sale.rows("SELECT part FROM catalogue_show WHERE show_id = ANY($1)", shows)
    assert sorted(row["part"] for row in parts) == list(range(12))


async def test_personal_data_stays_off_the_log(sale: Sale) -> None:
    show = (await sale.new_show(rows=1, seats_per_row=10))["show"]
    fan = sale.fan(show)
    held = (await sale.hold(show, fan, "A-1")).body["reservation"]
    booked = await sale.confirm(held, fan)
    assert booked.status == 201
    kept = await sale.rows("SELECT name, email FROM contact_booking WHERE show_id = $1", parse_show(show))
    assert [tuple(row) for row in kept] == [(CONTACT["name"], CONTACT["email"])]
    log = b"".join(row["payload"] for row in await sale.rows("SELECT payload FROM outcome_log"))
    assert b"Lovelace" not in log
    read = await sale.call("GET", f"/api/bookings/{booked.body['booking']}", token=fan)
    assert read.body["contact"] == CONTACT
    cancelled = await sale.call("DELETE", f"/api/bookings/{booked.body['booking']}", token=fan)
    assert (cancelled.status, cancelled.body["status"]) == (200, "cancelled")


async def test_a_reservation_that_nobody_made_is_not_there(sale: Sale) -> None:
    show = (await sale.new_show(capacity=20))["show"]
    fan, number = sale.fan(show), int(show[4:], 16)
    ghost = reservation_text(number, b"g" * 16)
    token = sale.keys.sign_reservation(ReservationToken(number, ghost, "ent_ghost", SystemClock().now_ms() + 60_000))
    for who in (fan, token, sale.admin_key):
        assert is_problem(await sale.call("GET", f"/api/reservations/{ghost}", token=who), 404, "reservation_not_found")
        assert is_problem(await sale.confirm(ghost, who), 404, "reservation_not_found")


async def test_the_openapi_document_is_served(sale: Sale) -> None:
    response = await sale.http.get("/api/openapi.json")
    found = json.loads(response.content)
    assert found["openapi"].startswith("3.1")
    assert "/api/reservations" in found["paths"]
    page = await sale.http.get("/api/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "/api/reservations" in page.text
