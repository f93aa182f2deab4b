"""What a sandbox key forces by labels, and that nobody else can."""

from collections.abc import Callable
from typing import Any

import pytest

from ingress.service import NotTaken, Timed
from tests.unit.ingress.holds import grant
from tests.unit.ingress.stage import PARTNER_KEY, SANDBOX_KEY, SHOW_TEXT, Stage
from tests.unit.ingress.test_batch_calls import together
from ticketing.asks import HoldBody
from ticketing.problems import PROBLEMS
from ticketing.sandbox import Asked, Forced, forced

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("code", ["sold_out", "cooling_down", "limit_exceeded", "hold_expired", "busy"])
async def test_any_problem_can_be_forced(code: str) -> None:
    stage = Stage(decide=grant)
    body = {"show": SHOW_TEXT, "seats": ["A-1", f"test:{code}"]}
    reply = await stage.call("POST", "/api/reservations", body, token=SANDBOX_KEY, key="k")
    assert (reply.status, reply.body["code"]) == (PROBLEMS[code].status, code)
    assert reply.headers.get("retry-after") == ("1" if code in ("cooling_down", "busy") else None)
    assert stage.commands == []


async def test_lost_seats_are_named() -> None:
    stage = Stage(decide=grant)
    body = {"show": SHOW_TEXT, "seats": ["A-1", "test:seats_unavailable", "A-2"]}
    reply = await stage.call("POST", "/api/reservations", body, token=SANDBOX_KEY, key="k")
    assert reply.body["conflicts"] == [{"label": label, "reason": "held"} for label in ("A-1", "A-2")]


def test_a_hold_can_be_made_short() -> None:
    asked = forced(HoldBody(show=SHOW_TEXT, seats=["test:expires_in_5s", "A-1"]))
    assert isinstance(asked, Asked)
    assert (asked.body.seats, asked.body.hold_s, asked.slow) == (["A-1"], 5, False)


async def test_a_slow_decision_is_asked_for_after_the_caller_has_waited_in_vain() -> None:
    stage = Stage(decide=grant)
    slow = {"show": SHOW_TEXT, "seats": ["A-1", "test:slow_decision"]}
    reply = await stage.call("POST", "/api/reservations", slow, token=SANDBOX_KEY, key="k")
    assert (reply.status, reply.body["status"]) == (202, "pending")
    told = await stage.call("GET", reply.headers["location"], token=SANDBOX_KEY)
    assert (told.body["status"], told.body["outcome"]["seats"][0]["seat"]) == ("granted", "A-1")
    again = await stage.call("POST", "/api/reservations", slow, token=SANDBOX_KEY, key="k")
    assert again.status == 202
    assert {command.key for command in stage.commands} == {stage.commands[0].key}


class Alarms:
    """The stage's, and how long they were set for."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.waits: list[float] = []

    def set(self, who: Timed, after_s: float) -> Callable[[Timed], None]:
        self.waits.append(after_s)
        return self.stage.set(who, after_s)


async def test_a_slow_decision_waits_as_long_as_its_caller_and_not_longer() -> None:
    stage = Stage(decide=grant)
    alarms = Alarms(stage)
    stage.ports.desk.alarms = alarms
    body = {"show": SHOW_TEXT, "seats": ["A-1", "test:slow_decision"]}
    await stage.call("POST", "/api/reservations", body, token=SANDBOX_KEY, key="k", headers={"prefer": "wait=7"})
    assert alarms.waits == [7]


async def test_a_slow_decision_that_the_log_has_not_taken_is_refused_at_once() -> None:
    stage = Stage(log_says=NotTaken("log_unavailable", "gone"))
    body = {"show": SHOW_TEXT, "seats": ["A-1", "test:slow_decision"]}
    reply = await stage.call("POST", "/api/reservations", body, token=SANDBOX_KEY, key="k")
    assert (reply.status, reply.body["code"]) == (503, "log_unavailable")


@pytest.mark.parametrize("atomic", [True, False])
async def test_a_slow_decision_in_a_batch(atomic: bool) -> None:
    stage = Stage(decide=together if atomic else grant)
    holds: list[dict[str, Any]] = [{"show": SHOW_TEXT, "seats": [seat]} for seat in ("A-1", "A-2")]
    holds[1]["seats"].append("test:slow_decision")
    body = {"holds": holds, "atomic": atomic}
    reply = await stage.call("POST", "/api/reservations/batch", body, token=SANDBOX_KEY, key="k")
    if atomic:
        assert (reply.status, reply.body["status"]) == (202, "pending")
    else:
        assert [item["status"] for item in reply.body["data"]] == ["granted", "pending"]
        told = await stage.call("GET", f"/api/requests/{reply.body['data'][1]['request']}", token=SANDBOX_KEY)
        assert told.body["status"] == "granted"


def test_a_webhook_that_is_to_come_twice_is_known_by_the_external_id() -> None:
    for given, kept in ((None, "test:duplicate_webhook"), ("order-7", "test:duplicate_webhook:order-7")):
        asked = forced(HoldBody(show=SHOW_TEXT, seats=["A-1", "test:duplicate_webhook"], external_id=given))
        assert isinstance(asked, Asked)
        assert (asked.body.seats, asked.body.external_id, asked.slow) == (["A-1"], kept, False)


def test_a_label_that_forces_nothing_is_told_so() -> None:
    found = forced(HoldBody(show=SHOW_TEXT, seats=["test:win"]))
    assert isinstance(found, Forced)
    assert found.code == "unknown_places"


@pytest.mark.parametrize("live", ["partner", "fan"])
async def test_for_anybody_else_they_are_labels_like_others(live: str) -> None:
    stage = Stage(decide=grant)
    token = PARTNER_KEY if live == "partner" else stage.fan()
    for label in ("test:sold_out", "test:slow_decision", "test:duplicate_webhook"):
        body = {"show": SHOW_TEXT, "seats": [label]}
        reply = await stage.call("POST", "/api/reservations", body, token=token, key=label.replace(":", "-"))
        assert (reply.status, reply.body["code"]) == (422, "unknown_places")
