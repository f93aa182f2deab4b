"""The room over HTTP, on stores in memory: what fans are answered."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.unit.waiting_room.hall import NOW_MS, PATH, SECRET, SHOW, Hall, open_hall
from ticketing.clock import rfc3339
from ticketing.problems import PROBLEMS
from ticketing.tokens import PASS_LIFE_S, Pass, Ticket, TokenKeys, secret_hash

KEYS = TokenKeys(["a secret of the server"])


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall() as found:
        yield found


def code(answer: httpx.Response) -> str:
    """The problem's code, once everything about it is in order."""
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == body["status"] == PROBLEMS[body["code"]].status
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["type"].endswith(body["code"])
    return str(body["code"])


async def test_a_join_gives_a_ticket_and_a_retry_the_same_one(hall: Hall) -> None:
    first, again, other = await hall.join(1), await hall.join(1), await hall.join(2)
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 201)
    assert first.json() == again.json()
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert [answer.json()["n"] for answer in (first, other)] == [1, 2]
    ticket = KEYS.read_ticket(first.json()["ticket"])
    assert (ticket.show, ticket.n, ticket.entry) == (SHOW, 1, first.json()["entry"])
    assert ticket.secret_hash == secret_hash(SECRET)
    assert first.headers["location"] == f"{PATH}/entries/{ticket.entry}"


async def test_joins_of_one_moment_are_one_batch_and_each_gets_its_own_number(hall: Hall) -> None:
    answers = await asyncio.gather(*(hall.join(client) for client in range(60)), *(hall.join(7) for _ in range(5)))
    numbers = {answer.json()["entry"]: answer.json()["n"] for answer in answers}
    assert sorted(numbers.values()) == list(range(1, 61))
    assert len(hall.ledger.kept_entries) == 60


async def test_a_claim_gives_the_same_pass_however_often(hall: Hall) -> None:
    place = (await hall.join(1)).json()
    await hall.pass_time(1_000)
    first = (await hall.claim(place)).json()
    claimed_at_ms = hall.clock.now_ms()
    await hall.pass_time(60_000)
    again = (await hall.claim(place)).json()
    assert again["pass"] == first["pass"]
    assert again["expires_at"] == first["expires_at"] == rfc3339(claimed_at_ms + PASS_LIFE_S * 1000)
    granted = KEYS.read_pass(first["pass"], hall.clock.now_ms())
    assert granted == Pass(SHOW, place["entry"], 0, claimed_at_ms + PASS_LIFE_S * 1000)


async def test_a_claim_before_the_turn_says_where_one_stands(hall: Hall) -> None:
    places = [(await hall.join(client)).json() for client in range(30)]
    await hall.pass_time(1_000)
    early = await hall.claim(places[29])
    assert code(early) == "not_your_turn"
    assert (early.json()["place"], early.json()["serving"]) == (30, 10)
    assert early.json()["retry_after_s"] == int(early.headers["retry-after"]) == 2
    assert (await hall.claim(places[9])).status_code == 200
    await hall.pass_time(2_000)
    assert (await hall.claim(places[29])).status_code == 200


async def test_nobody_else_can_use_a_place(hall: Hall) -> None:
    place, other = (await hall.join(1)).json(), (await hall.join(2)).json()
    await hall.pass_time(1_000)
    assert code(await hall.claim(place, "not the secret, but long")) == "wrong_secret"
    assert code(await hall.claim(place | {"entry": other["entry"]})) == "not_yours"
    assert code(await hall.claim(place | {"ticket": place["ticket"] + "x"})) == "ticket_invalid"
    forged = TokenKeys(["not our secret"]).sign_ticket(KEYS.read_ticket(place["ticket"]))
    assert code(await hall.claim(place | {"ticket": forged})) == "ticket_invalid"
    a_pass = KEYS.sign_pass(Pass(SHOW, place["entry"], 0, NOW_MS * 2))
    assert code(await hall.claim(place | {"ticket": a_pass})) == "ticket_invalid"
    foreign = KEYS.sign_ticket(Ticket(SHOW + 1, "general", 1, place["entry"], NOW_MS, secret_hash(SECRET)))
    assert code(await hall.claim(place | {"ticket": foreign})) == "wrong_show"
    assert code(await hall.leave(place, "not the secret, but long")) == "wrong_secret"
    assert (await hall.claim(place)).status_code == 200


async def test_a_client_id_belongs_to_one_secret(hall: Hall) -> None:
    await hall.join(1)
    assert code(await hall.join(1, "another secret of length")) == "client_id_reused"


async def test_a_place_given_up_stays_given_up(hall: Hall) -> None:
    place = (await hall.join(1)).json()
    await hall.pass_time(1_000)
    assert [(await hall.leave(place)).status_code for _ in range(2)] == [204, 204]
    assert code(await hall.claim(place)) == "place_given_up"


async def test_a_pass_that_ran_out_is_not_given_again(hall: Hall) -> None:
    place = (await hall.join(1)).json()
    await hall.pass_time(1_000)
    assert (await hall.claim(place)).status_code == 200
    hall.clock.advance(PASS_LIFE_S * 1000)
    assert code(await hall.claim(place)) == "pass_expired"


async def test_before_the_opening_people_join_and_nobody_is_let_in() -> None:
    async with open_hall(opens_in_ms=60_000) as hall:
        place = (await hall.join(1)).json()
        await hall.pass_time(30_000)
        assert (await hall.status())["phase"] == "prequeue"
        assert code(await hall.claim(place)) == "not_your_turn"
        await hall.pass_time(35_000)
        assert (await hall.claim(place)).status_code == 200


async def test_after_the_last_place_nobody_joins_until_one_comes_back(hall: Hall) -> None:
    place = (await hall.join(1)).json()
    await hall.pass_time(1_000)
    hall.heard(available=0, held=0, booked=500)
    assert (await hall.status())["phase"] == "soldout"
    assert code(await hall.join(2)) == "sold_out"
    assert (await hall.claim(place)).status_code == 200
    hall.heard(available=1, booked=499)
    assert (await hall.join(2)).status_code == 201
    hall.heard(status="closed")
    assert code(await hall.join(3)) == "room_closed"
    assert code(await hall.claim(place)) == "room_closed"


async def test_the_status_is_the_same_bytes_for_everybody_and_cheap_to_ask_again(hall: Hall) -> None:
    first, second = [await hall.http.get(f"{PATH}/status") for _ in range(2)]
    assert first.content == second.content
    assert first.headers["cache-control"] == "public, max-age=1, stale-while-revalidate=5"
    assert "set-cookie" not in first.headers
    etag = first.headers["etag"]
    same = await hall.http.get(f"{PATH}/status", headers={"if-none-match": etag})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    hall.clock.advance(1_000)
    assert (await hall.http.get(f"{PATH}/status", headers={"if-none-match": etag})).status_code == 200


async def test_the_status_says_where_the_line_stands_and_why(hall: Hall) -> None:
    for client in range(200):
        await hall.join(client)
    for _ in range(2):
        hall.heard(available=500)
        await hall.pass_time(1_000)
    status = await hall.status()
    assert (
        status["lines"]["general"].items()
        >= {
            "serving": 20,
            "issued": 200,
            "rate_target": 600,
            "rate_now": 600,
            "drawn": None,
        }.items()
    )
    assert (status["phase"], status["limited_by"], status["message"]) == ("open", "operator", None)
    counts = {"status": "open", "available": 500, "held": 0, "booked": 0}
    assert status["inventory"] == counts | {"currency": None, "tiers": []}
    assert status["poll"] == {"floor_s": 1, "ceiling_s": 10, "divisor": 10}
    assert status["server_time"] == rfc3339(hall.clock.now_ms())
    hall.heard(available=500, lag_ms=5_000)
    assert (await hall.status())["limited_by"] == "lag"
    hall.heard(available=0, held=3)
    status = await hall.status()
    assert (status["limited_by"], status["lines"]["general"]["rate_target"]) == ("stock", 0)
    assert "3 places may come back" in status["message"]["text"]["en"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "body_missing"),
        (b"{", "malformed_json"),
        (b"[]", "invalid_request"),
        (b'{"client_id": "no", "secret_hash": "no"}', "invalid_request"),
        (b'{"client_id": 5, "secret_hash": "' + b"0" * 64 + b'"}', "invalid_request"),
        (b'{"x": "' + b"y" * 70_000 + b'"}', "body_too_large"),
    ],
)
async def test_a_join_that_cannot_be_read(hall: Hall, body: bytes, expected: str) -> None:
    answer = await hall.http.post(f"{PATH}/entries", content=body, headers={"content-type": "application/json"})
    assert code(answer) == expected


async def test_calls_that_are_not_there(hall: Hall) -> None:
    assert code(await hall.http.post(f"{PATH}/entries", content=b"{}")) == "unsupported_media_type"
    assert code(await hall.http.get("/room/shw_00000000ff/status")) == "show_not_found"
    assert code(await hall.http.get("/room/nonsense/status")) == "show_not_found"
    assert code(await hall.http.get(f"{PATH}/nothing")) == "not_found"
    assert code(await hall.http.put(f"{PATH}/status")) == "method_not_allowed"
    body = {"ticket": "x", "secret": SECRET}
    assert code(await hall.http.post(f"{PATH}/entries/nobody/claim", json=body)) == "invalid_id"


async def test_the_page_runs_nothing_but_its_own_files(hall: Hall) -> None:
    page = await hall.http.get(PATH)
    assert page.status_code == 200
    assert 'data-show="shw_00000000ab"' in page.text
    assert "{{" not in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert code(await hall.http.get("/room/%3Cscript%3E")) == "show_not_found"
