"""What a sandbox key forces by labels, and that nobody else can."""

import pytest

from ingress.refusals import Refused
from ingress.sandbox import forced
from tests.unit.ingress.stage import PARTNER_KEY, SANDBOX_KEY, SHOW_TEXT, Stage
from tests.unit.ingress.tales import held, reservation
from ticketing.intake import HoldBody
from ticketing.messages import AnyCommand, AnyOutcome, HoldSeats
from ticketing.problems import PROBLEMS

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
    with pytest.raises(Refused) as caught:
        forced(HoldBody(show=SHOW_TEXT, seats=["A-1", "test:seats_unavailable", "A-2"]))
    assert [(one.label, one.reason) for one in caught.value.conflicts] == [("A-1", "held"), ("A-2", "held")]


async def test_a_hold_can_be_made_short() -> None:
    body = forced(HoldBody(show=SHOW_TEXT, seats=["test:expires_in_5s", "A-1"]))
    assert (body.seats, body.hold_s) == (["A-1"], 5)


async def test_a_label_that_forces_nothing_is_told_so() -> None:
    with pytest.raises(Refused, match="unknown_places"):
        forced(HoldBody(show=SHOW_TEXT, seats=["test:win"]))


@pytest.mark.parametrize("live", ["partner", "fan"])
async def test_for_anybody_else_they_are_labels_like_others(live: str) -> None:
    stage = Stage(decide=grant)
    token = PARTNER_KEY if live == "partner" else stage.fan()
    body = {"show": SHOW_TEXT, "seats": ["test:sold_out"]}
    reply = await stage.call("POST", "/api/reservations", body, token=token, key="k")
    assert (reply.status, reply.body["code"]) == (422, "unknown_places")
