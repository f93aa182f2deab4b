"""The promises of a sale, as fans and partners meet them."""

import asyncio
import secrets

import pytest

from tests.acceptance.sale import Sale
from ticketing.vocabulary import parse_show

pytestmark = [pytest.mark.anyio, pytest.mark.own_shows]


async def test_two_fans_and_one_seat(sale: Sale) -> None:
    show = (await sale.new_show(rows=2, seats_per_row=5))["show"]
    anna, ben = sale.fan(show), sale.fan(show)

    first, second = await asyncio.gather(sale.hold(show, anna, "A-1"), sale.hold(show, ben, "A-1"))

    won, lost = sorted([first, second], key=lambda answer: answer.status)
    assert (won.status, lost.status) == (201, 409)
    assert lost.body["code"] == "seats_unavailable"
    assert lost.body["conflicts"] == [{"label": "A-1", "reason": "held"}]
    assert lost.body["alternatives"], "who lost is offered something else"
    taken = await sale.rows("SELECT seat_no FROM seat_taken WHERE show_id = $1", parse_show(show))
    assert [row["seat_no"] for row in taken] == [0]


async def test_sold_out_to_the_last_place(sale: Sale) -> None:
    show = (await sale.new_show(capacity=40))["show"]
    fans = [sale.fan(show) for _ in range(30)]

    answers = await asyncio.gather(*(sale.hold(show, fan, areas=[{"area": "general", "quantity": 2}]) for fan in fans))

    granted = [(fan, answer) for fan, answer in zip(fans, answers, strict=True) if answer.status == 201]
    refused = [answer for answer in answers if answer.status != 201]
    assert len(granted) == 20
    assert {answer.body["code"] for answer in refused} == {"sold_out"}
    booked = await asyncio.gather(*(sale.confirm(answer.body["reservation"], fan) for fan, answer in granted))
    assert {answer.status for answer in booked} == {201}
    shown = await sale.call("GET", f"/api/events/{show}")
    assert (shown.body["available_seats"], shown.body["held_seats"], shown.body["booked_seats"]) == (0, 0, 40)
    code, report = await sale.verify()
    assert code == 0, report


async def test_a_repeat_with_the_same_key_acts_once(sale: Sale) -> None:
    show = (await sale.new_show(capacity=40))["show"]
    fan, key = sale.fan(show), secrets.token_hex(8)
    wish = {"areas": [{"area": "general", "quantity": 1}]}

    first = await sale.hold(show, fan, key=key, **wish)
    again = await sale.hold(show, fan, key=key, **wish)
    other = await sale.hold(show, fan, key=key, areas=[{"area": "general", "quantity": 2}])

    assert (first.status, again.status) == (201, 201)
    assert again.body["reservation"] == first.body["reservation"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status, other.body["code"]) == (422, "idempotency_key_reused")
    taken = await sale.rows("SELECT taken FROM area WHERE show_id = $1", parse_show(show))
    assert [row["taken"] for row in taken] == [1]


async def test_an_answer_that_is_not_waited_for_can_be_asked_for(sale: Sale) -> None:
    show = (await sale.new_show(capacity=40))["show"]
    fan = sale.fan(show)
    body = {"show": show, "areas": [{"area": "general", "quantity": 1}]}

    accepted = await sale.call("POST", "/api/reservations", body, token=fan, prefer="respond-async")

    assert accepted.status == 202
    assert int(accepted.headers["Retry-After"]) >= 0
    asked = await sale.until_told(accepted.headers["Location"], fan, 10)
    assert asked.body["status"] == "granted"
    stranger = await sale.call("GET", accepted.headers["Location"], token=sale.fan(show))
    assert stranger.status == 403
