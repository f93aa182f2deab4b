"""Letting others go first."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.waiting_room.hall import LINE, Hall, open_hall


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall() as found:
        yield found


async def test_whoever_lets_others_go_first_is_called_with_those_of_the_later_place(hall: Hall) -> None:
    """Ten a second; nobody else's place moves."""
    places = [(await hall.join(client)).json() for client in range(40)]
    answer = (await hall.defer(places[0], 30)).json()
    assert (answer["place"], answer["entry"]) == (30, places[0]["entry"])
    await hall.pass_time(1_000)
    early = (await hall.claim(places[0])).json()
    assert (early["code"], early["place"]) == ("not_your_turn", 30)
    assert (await hall.claim(places[1])).status_code == 200
    await hall.pass_time(2_000)
    assert hall.serving >= 30
    assert (await hall.claim(places[0])).status_code == 200
    assert (await hall.claim(places[29])).status_code == 200


async def test_it_is_not_taken_back_and_ends_with_the_last_place(hall: Hall) -> None:
    places = [(await hall.join(client)).json() for client in range(40)]
    found = [(await hall.defer(places[5], to)).json()["place"] for to in (30, 30, 10, 1_000)]
    assert found == [30, 30, 30, 40]


async def test_what_cannot_be_deferred(hall: Hall) -> None:
    first, second = (await hall.join(1)).json(), (await hall.join(2)).json()
    await hall.pass_time(1_000)
    assert (await hall.claim(first)).status_code == 200
    assert (await hall.defer(first, 2)).json()["code"] == "already_let_in"
    assert (await hall.leave(second)).status_code == 204
    assert (await hall.defer(second, 2)).json()["code"] == "place_given_up"
    third = (await hall.join(3)).json()
    assert (await hall.defer(third, 9, secret="not the secret of this")).json()["code"] == "wrong_secret"
    assert (await hall.defer(third, 0)).json()["code"] == "invalid_request"


async def test_before_the_draw_there_is_no_place_to_step_back_from() -> None:
    async with open_hall(opens_in_ms=60_000) as hall:
        place = (await hall.join(1)).json()
        assert (await hall.defer(place, 5)).json()["code"] == "not_your_turn"


async def test_it_survives_counters_that_forget(hall: Hall) -> None:
    places = [(await hall.join(client)).json() for client in range(40)]
    await hall.defer(places[0], 30)
    await hall.pass_time(1_000)
    hall.counters.forget()
    await hall.room.mend()
    early = (await hall.claim(places[0])).json()
    assert (early["code"], early["place"]) == ("not_your_turn", 30)
    assert (await hall.defer(places[0], 2)).json()["place"] == 30
    assert hall.ledger.kept_claims[LINE, 1].deferred_to == 30
    await hall.pass_time(60_000)
    assert (await hall.claim(places[0])).status_code == 200
    hall.counters.forget()
    assert (await hall.defer(places[0], 40)).json()["code"] == "already_let_in"
