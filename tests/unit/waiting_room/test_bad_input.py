"""What people send who err or lie: each gets a clear answer, and nobody else's place moves."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.waiting_room.hall import LINE, PATH, SECRET, SHOW, Hall, open_hall
from ticketing.problems import PROBLEMS
from ticketing.tokens import PASS_LIFE_S, Ticket, TokenKeys

OURS, THEIRS = TokenKeys(["a secret of the server"]), TokenKeys(["a secret of somebody else"])
HOUR_MS = 3_600_000


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    """Three people in line, the first two of whom are served, and whatever a test did left their places alone."""
    async with open_hall() as found:
        places = [(await found.join(client)).json() for client in range(3)]
        await found.pass_time(200)
        passes = [(await found.claim(place)).json()["pass"] for place in places[:2]]
        yield found
        assert [(await found.join(client)).json() for client in range(3)] == places
        if found.clock.now_ms() < places_until(passes):
            assert [(await found.claim(place)).json()["pass"] for place in places[:2]] == passes


def places_until(passes: list[str]) -> int:
    return min(OURS.read_pass(token, 0).expires_at_ms for token in passes)


async def own(hall: Hall) -> dict[str, Any]:
    """The place of the one who errs."""
    place: dict[str, Any] = (await hall.join(9)).json()
    return place


def refused(answer: Any) -> str:
    body = answer.json()
    assert answer.status_code == PROBLEMS[body["code"]].status
    assert body["title"]
    assert body["detail"]
    return str(body["code"])


CHANGES: list[Callable[[Ticket], Ticket]] = [
    lambda ticket: replace(ticket, n=1),
    lambda ticket: replace(ticket, line="presale"),
    lambda ticket: replace(ticket, secret_hash="0" * 64),
]


@pytest.mark.parametrize("change", CHANGES)
async def test_a_forged_ticket(hall: Hall, change: Callable[[Ticket], Ticket]) -> None:
    place = await own(hall)
    forged = THEIRS.sign_ticket(change(OURS.read_ticket(place["ticket"])))
    head, _, signature = place["ticket"].rpartition(".")
    damaged = f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    for token in (forged, damaged, "", "not.a.ticket", "x" * 2_000):
        assert refused(await hall.claim(place | {"ticket": token})) == "ticket_invalid"
        assert refused(await hall.leave(place | {"ticket": token})) == "ticket_invalid"
        assert refused(await hall.defer(place | {"ticket": token}, 5)) == "ticket_invalid"


async def test_a_pass_is_no_ticket(hall: Hall) -> None:
    first = (await hall.join(0)).json()
    token = (await hall.claim(first)).json()["pass"]
    assert refused(await hall.claim(first | {"ticket": token})) == "ticket_invalid"


async def test_a_foreign_ticket(hall: Hall) -> None:
    place, other = await own(hall), (await hall.join(2)).json()
    elsewhere = OURS.sign_ticket(replace(OURS.read_ticket(place["ticket"]), show=SHOW + 1))
    assert refused(await hall.claim(place | {"ticket": elsewhere})) == "wrong_show"
    assert refused(await hall.claim(place | {"ticket": other["ticket"]})) == "not_yours"
    assert refused(await hall.leave(other | {"ticket": place["ticket"]})) == "not_yours"


async def test_a_number_that_was_minted_with_our_own_secret_is_not_in_the_ledger(hall: Hall) -> None:
    place = await own(hall)
    minted = OURS.sign_ticket(replace(OURS.read_ticket(place["ticket"]), n=1))
    assert refused(await hall.claim(place | {"ticket": minted})) == "ticket_invalid"
    assert hall.ledger.kept_entries[LINE, 1].entry.hex() not in place["entry"]


async def test_a_ticket_whose_time_is_over(hall: Hall) -> None:
    place = await own(hall)
    await hall.pass_time(1_000)
    assert (await hall.claim(place)).status_code == 200
    hall.clock.advance(PASS_LIFE_S * 1000)
    assert refused(await hall.claim(place)) == "pass_expired"


async def test_after_the_sale_a_ticket_claims_nothing() -> None:
    async with open_hall() as hall:
        place = (await hall.join(1)).json()
        hall.clock.advance(24 * HOUR_MS)
        assert refused(await hall.claim(place)) == "room_closed"
        assert refused(await hall.join(2)) == "room_closed"


async def test_a_replayed_ticket_or_join_is_the_same_place_again(hall: Hall) -> None:
    place = await own(hall)
    again = await hall.join(9)
    assert (again.json(), again.headers["idempotent-replayed"]) == (place, "true")
    await hall.pass_time(1_000)
    passes = {(await hall.claim(place)).json()["pass"] for _ in range(3)}
    assert len(passes) == 1
    assert hall.room.rooms[SHOW].general.position.issued == 4


async def test_a_wrong_secret(hall: Hall) -> None:
    place = await own(hall)
    wrong = "not the secret of this place"
    for answer in (await hall.claim(place, wrong), await hall.leave(place, wrong), await hall.defer(place, 5, wrong)):
        assert refused(answer) == "wrong_secret"
    assert refused(await hall.join(9, secret=wrong)) == "client_id_reused"
    await hall.pass_time(1_000)
    assert (await hall.claim(place, SECRET)).status_code == 200


async def test_a_claim_before_the_turn_says_where_one_stands(hall: Hall) -> None:
    places = [(await hall.join(client)).json() for client in range(20, 60)]
    last = places[-1]
    answer = await hall.claim(last)
    body = answer.json()
    assert refused(answer) == "not_your_turn"
    assert (body["place"], body["serving"]) == (last["n"], hall.serving)
    assert body["retry_after_s"] == int(answer.headers["retry-after"]) > 0


async def test_guessed_codes_are_slowed(hall: Hall) -> None:
    await hall.operate("rate", shares={"general": 1, "presale": 1}, reason="a presale")
    given = await hall.operate("codes", line="presale", count=1, uses=1, reason="for the club")
    assert given.status_code == 201
    address = "93.184.216.34"
    guesses = [await hall.join(9, line="presale", code=f"GUESS-{n:04}", address=address) for n in range(4)]
    assert [refused(answer) for answer in guesses] == ["code_invalid"] * 3 + ["rate_limited"]
    hall.clock.advance(60_000)
    code = given.json()["codes"][0]
    assert (await hall.join(9, line="presale", code=code, address=address)).status_code == 201


@pytest.mark.parametrize(
    "cookie", ["", ";;;", "=", "onsale_lang", 'a="', "x=" + "y" * 5_000, "\xff\xfe=\x01", "a=b; a=c"]
)
async def test_malformed_cookies_change_nothing(hall: Hall, cookie: str) -> None:
    headers = {b"cookie": cookie.encode("latin-1")}
    page = await hall.http.get(PATH, headers=headers | {b"accept": b"text/html"})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    plain = await hall.http.get(f"{PATH}/status")
    assert (await hall.http.get(f"{PATH}/status", headers=headers)).content == plain.content


@pytest.mark.parametrize("off_ms", [-HOUR_MS, HOUR_MS])
async def test_a_client_whose_clock_is_an_hour_off(hall: Hall, off_ms: int) -> None:
    """Nothing that a client says of the time is read, and a ticket of an instance whose clock went wrong is good."""
    place = await own(hall)
    ticket = OURS.read_ticket(place["ticket"])
    odd = OURS.sign_ticket(replace(ticket, issued_at_ms=ticket.issued_at_ms + off_ms))
    early = (await hall.claim(place | {"ticket": odd})).json()
    assert (early["code"], early["place"]) == ("not_your_turn", place["n"])
    await hall.pass_time(1_000)
    document = await hall.status()
    assert document["server_time"].startswith("2027-01-15T08:00:0")
    right, wrong = (await hall.claim(place)).json(), (await hall.claim(place | {"ticket": odd})).json()
    assert (wrong["pass"], wrong["expires_at"]) == (right["pass"], right["expires_at"])


async def test_joins_after_everything_is_booked(hall: Hall) -> None:
    hall.heard(available=0, held=0, booked=500)
    answer = await hall.join(77)
    assert refused(answer) == "sold_out"
    assert hall.room.rooms[SHOW].general.position.issued == 3
    hall.heard(available=1, booked=499)
