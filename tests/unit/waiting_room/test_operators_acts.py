"""What operators do beside the rate and the pause: each act as those who wait meet it, and the log of all of them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.unit.waiting_room.hall import PATH, SHOW, Hall, open_hall
from ticketing.clock import rfc3339
from ticketing.tokens import TokenKeys
from waiting_room.acts import WORDS

KEYS = TokenKeys(["a secret of the server"])


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall() as found:
        yield found


async def waiting(hall: Hall, people: int) -> list[dict[str, Any]]:
    return [(await hall.join(client)).json() for client in range(people)]


def code(answer: httpx.Response) -> str:
    return str(answer.json()["code"])


async def test_draining_serves_whoever_has_a_place_and_takes_nobody_else(hall: Hall) -> None:
    places = await waiting(hall, 30)
    assert (await hall.operate("drain", reason="we close at ten")).json()["phase"] == "draining"
    assert code(await hall.join(99)) == "room_closed"
    assert (await hall.join(3)).status_code == 409
    await hall.pass_time(4_000)
    assert {(await hall.claim(place)).status_code for place in places} == {200}
    assert "Nobody else can join" in (await hall.status())["message"]["text"]["en"]


async def test_holding_all_stops_even_those_who_were_called(hall: Hall) -> None:
    places = await waiting(hall, 20)
    await hall.pass_time(1_000)
    await hall.operate("hold-all", reason="the hall is on fire")
    await hall.pass_time(2_000)
    assert hall.serving == 10
    stopped = await hall.claim(places[0])
    assert (code(stopped), stopped.json()["detail"]) == ("room_held", "the hall is on fire")
    assert (await hall.join(99)).status_code == 201
    await hall.operate("resume", reason="it is out")
    assert (await hall.claim(places[0])).status_code == 200


async def test_sold_out_is_said_before_the_stock_says_it_and_can_be_taken_back(hall: Hall) -> None:
    await waiting(hall, 5)
    assert (await hall.operate("sold-out", reason="the rest goes to the box office")).json()["phase"] == "soldout"
    assert code(await hall.join(99)) == "sold_out"
    await hall.operate("resume", reason="a second show")
    assert (await hall.join(99)).status_code == 201


async def test_a_message_is_shown_to_all_until_it_is_taken_away(hall: Hall) -> None:
    text = {"en": "Doors open at seven.", "de": "Einlass ab sieben."}
    await hall.operate("message", severity="warning", text=text, reason="asked by the hall")
    assert (await hall.status())["message"] == {"severity": "warning", "text": text}
    await hall.operate("message", text={}, reason="known by now")
    assert (await hall.status())["message"] is None
    wrong = await hall.operate("message", text={"english": "no"}, reason="a try")
    assert code(wrong) == "invalid_request"


async def test_some_are_admitted_at_once_and_the_line_goes_on_from_there(hall: Hall) -> None:
    places = await waiting(hall, 50)
    await hall.operate("admit", people=20, reason="a coach was late")
    assert hall.serving == 20
    assert (await hall.claim(places[19])).status_code == 200
    assert (await hall.claim(places[20])).status_code == 409
    await hall.pass_time(1_000)
    assert hall.serving == 30
    await hall.operate("admit", people=10_000, reason="all of them")
    assert hall.serving == 50


async def test_a_new_wave_takes_passes_back_and_a_claim_gives_another_that_ends_when_the_first_did(hall: Hall) -> None:
    (place,) = await waiting(hall, 1)
    await hall.pass_time(1_000)
    first = (await hall.claim(place)).json()
    assert (await hall.operate("revoke-wave", reason="passes were copied")).json()["wave"] == 1
    again = (await hall.claim(place)).json()
    assert again["pass"] != first["pass"]
    assert again["expires_at"] == first["expires_at"]
    assert KEYS.read_pass(again["pass"], hall.clock.now_ms()).wave == 1
    assert [told.wave for told in hall.room.statuses()] == [1]


async def test_failing_open_lets_everybody_through_for_some_minutes_whatever_fails_at_most_at_the_ceiling(
    hall: Hall,
) -> None:
    places = await waiting(hall, 40)
    opened = (await hall.operate("fail-open?minutes=5", reason="Redis is being moved")).json()
    assert (opened["phase"], opened["open_until"]) == ("idle", rfc3339(hall.clock.now_ms() + 300_000))
    hall.counters.away = True
    answers = [(await hall.claim(place)).status_code for place in places]
    assert answers == [200] * 10 + [503] * 30
    hall.clock.advance(1_000)
    assert (await hall.claim(places[20])).status_code == 200
    hall.clock.advance(299_000)
    assert code(await hall.claim(places[21])) == "room_unavailable"
    hall.counters.away = False
    assert (await hall.inspect())["phase"] == "open"
    # Whoever went through then has that one pass also when the turn comes, whatever was away.
    await hall.pass_time(2_000)
    once = (await hall.claim(places[0])).json()
    assert once["expires_at"] == rfc3339(hall.clock.now_ms() - 302_000 + 20 * 60_000)
    for query in ("", "?minutes=0", "?minutes=61", "?minutes=x"):
        assert code(await hall.operate(f"fail-open{query}", reason="a try")) == "invalid_request"


async def test_limits_and_shares_change_together_or_not_at_all(hall: Hall) -> None:
    seen = await hall.operate("rate", active_max=7, shares={"general": 80, "accessible": 20}, reason="two lines")
    assert (seen.json()["active_max"], seen.json()["shares"]) == (7, {"general": 80, "accessible": 20})
    lines = (await hall.status())["lines"]
    assert {name: line["rate_target"] for name, line in lines.items()} == {"general": 480, "accessible": 120}
    for shares in ({}, {"accessible": 100}, {"general": 0}, {"general": -1}, {"General!": 3, "general": 1}):
        assert code(await hall.operate("rate", shares=shares, reason="no")) == "invalid_request"
    assert code(await hall.operate("rate", reason="nothing")) == "invalid_request"
    assert (await hall.inspect())["version"] == 2


async def test_what_somebody_else_changed_is_shown_and_not_overwritten(hall: Hall) -> None:
    seen = await hall.operate("pause", if_match='"1"', reason="the plan is wrong")
    assert seen.headers["etag"] == '"2"'
    late = await hall.operate("rate", if_match='"1"', rate_per_min=9_000, reason="faster")
    assert (late.status_code, code(late)) == (412, "changed_meanwhile")
    assert "pause, the plan is wrong" in late.json()["detail"]
    assert (await hall.inspect())["rate_per_min"] == 600
    assert (await hall.operate("rate", if_match='"2"', rate_per_min=900, reason="faster")).status_code == 200
    assert code(await hall.operate("pause", if_match="2", reason="no quotes")) == "invalid_request"


async def test_a_preview_says_what_would_come_of_it_and_does_nothing(hall: Hall) -> None:
    await waiting(hall, 200)
    hall.heard(available=150)
    would = (await hall.operate("rate?preview=true", rate_per_min=60, reason="slower?")).json()["preview"]
    assert (would["rate_target"], would["limited_by"]) == (60, "operator")
    # A hundred of them buy 1.5 places each, one a second.
    assert (would["reached"], would["wait_p50_s"], would["wait_p90_s"]) == (100, 50, 90)
    assert would["sold_out_at"] == rfc3339(hall.clock.now_ms() + 100_000)
    stopped = (await hall.operate("pause?preview=true", reason="a pause?")).json()["preview"]
    assert (stopped["rate_target"], stopped["limited_by"], stopped["wait_p50_s"]) == (0, "phase", None)
    assert (await hall.inspect())["version"] == 1
    assert hall.table.log == {}


async def test_every_act_is_in_the_log_for_everybody_and_who_did_it_only_in_the_audit(hall: Hall) -> None:
    await hall.operate("pause", reason="The hall plan is being checked.")
    await hall.operate("rate", rate_per_min=30, reason="slowly")
    public = (await hall.http.get(f"{PATH}/log")).json()["acts"]
    assert [(act["act"], act["what"], act["reason"]) for act in public] == [
        ("pause", WORDS["pause"], "The hall plan is being checked."),
        ("limits", WORDS["limits"], "slowly"),
    ]
    assert "key_ops" not in str(public)
    audit = await hall.inspect("/audit")
    assert audit["broken_at"] is None
    assert [(act["key"], act["changes"]) for act in audit["acts"]] == [
        ("key_ops", {}),
        ("key_ops", {"rate_per_min": 30}),
    ]
    assert [act["chained"] for act in audit["acts"]] == [act["chained"] for act in public]
    log = hall.table.log[SHOW]
    hall.table.log[SHOW] = log[1:]
    assert (await hall.inspect("/audit"))["broken_at"] == 3


@pytest.mark.parametrize("act", sorted(WORDS.keys() - {"codes", "plan"}))  # see test_codes.py, test_records.py
async def test_each_act_needs_an_operator_and_a_reason(hall: Hall, act: str) -> None:
    needs: dict[str, dict[str, Any]] = {
        "admit": {"people": 1},
        "message": {"text": {}},
        "limits": {"rate_per_min": 1},
    }
    fields = needs.get(act, {})
    name = {"limits": "rate", "fail-open": "fail-open?minutes=1"}.get(act, act)
    assert (await hall.operate(name, key="osk_live_reader", reason="a try", **fields)).status_code == 403
    assert code(await hall.operate(name, **fields)) == "invalid_request"
    assert hall.table.log == {}
    assert (await hall.operate(name, reason="a try", **fields)).status_code == 200
    assert [kept.act for kept in hall.table.log[SHOW]] == [act]


async def test_readiness_says_what_is_missing_before_the_opening() -> None:
    async with open_hall(opens_in_ms=600_000) as hall:
        await hall.join(1)
        found = await hall.inspect("/readiness")
        bad = {check["name"]: check["found"] for check in found["checks"] if not check["ok"]}
        assert (found["ready"], set(bad)) == (False, {"allocator", "stock", "beacon"})
        assert "not independent" in bad["beacon"]
        hall.heard(available=0)
        hall.clock.advance(6_000)
        found = await hall.inspect("/readiness")
        assert {check["name"] for check in found["checks"] if not check["ok"]} == {"allocator", "stock", "beacon"}
        hall.heard(available=10)
        hall.counters.away = hall.ledger.away = True
        found = await hall.inspect("/readiness")
        assert {check["name"] for check in found["checks"] if not check["ok"]} == {"beacon", "counters", "clock"}


async def test_a_room_that_is_ready_says_so(hall: Hall) -> None:
    hall.heard(available=10)
    found = await hall.inspect("/readiness")
    assert found["ready"], found
    assert {check["name"] for check in found["checks"]} == {
        *("counters", "clock", "ledger", "allocator", "stock", "draw", "rate"),
    }
