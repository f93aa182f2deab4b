"""What a sandbox key forces by labels, and that nobody else can."""

import pytest

from tests.unit.ingress.stage import PARTNER_KEY, SANDBOX_KEY, SHOW_TEXT, Stage
from tests.unit.ingress.tales import held, reservation
from ticketing.asks import HoldBody
from ticketing.messages import AnyCommand, AnyOutcome, HoldSeats
from ticketing.problems import PROBLEMS
from ticketing.sandbox import Forced, forced

pytestmark = pytest.mark.anyio


def grant(command: AnyCommand, offset: int) -> list[AnyOutcome]:
    assert isinstance(command, HoldSeats)
    return [held(reservation(command.key, seats=command.seats), offset=offset)]


@pytest.mark.parametrize("code", ["sold_out", "no_adjacent_block", "limit_exceeded", "hold_expired", "busy"])
async def test_any_problem_can_be_forced(code: str) -> None:
    stage = Stage(decide=grant)
    body = {"show": SHOW_TEXT, "seats": ["A-1", f"test:{code}"]}
    reply = await stage.call("POST", "/api/reservations", body, token=SANDBOX_KEY, key="k")
    assert (reply.status, reply.body["code"]) == (PROBLEMS[code].status, code)
    assert stage.commands == []


async def test_lost_seats_are_named() -> None:
    stage = Stage(decide=grant)
    body = {"show": SHOW_TEXT, "seats": ["A-1", "test:seats_unavailable", "A-2"]}
    reply = await stage.call("POST", "/api/reservations", body, token=SANDBOX_KEY, key="k")
    assert reply.body["conflicts"] == [{"label": label, "reason": "held"} for label in ("A-1", "A-2")]


def test_a_hold_can_be_made_short() -> None:
    body = forced(HoldBody(show=SHOW_TEXT, seats=["test:expires_in_5s", "A-1"]))
    assert isinstance(body, HoldBody)
    assert (body.seats, body.hold_s) == (["A-1"], 5)


def test_a_label_that_forces_nothing_is_told_so() -> None:
    found = forced(HoldBody(show=SHOW_TEXT, seats=["test:win"]))
    assert isinstance(found, Forced)
    assert found.code == "unknown_places"


@pytest.mark.parametrize("live", ["partner", "fan"])
async def test_for_anybody_else_they_are_labels_like_others(live: str) -> None:
    stage = Stage(decide=grant)
    token = PARTNER_KEY if live == "partner" else stage.fan()
    body = {"show": SHOW_TEXT, "seats": ["test:sold_out"]}
    reply = await stage.call("POST", "/api/reservations", body, token=token, key="k")
    assert (reply.status, reply.body["code"]) == (422, "unknown_places")
