"""Asking later what became of a request, by its place in the log."""

import pytest

from tests.unit.ingress.holds import grant, hold
from tests.unit.ingress.stage import ADMIN_KEY, PARTNER_KEY, Stage
from tests.unit.ingress.tales import PART, refused
from ticketing import messages
from ticketing.vocabulary import request_text

pytestmark = pytest.mark.anyio


async def test_asking_later_gives_the_body_that_waiting_would_have() -> None:
    stage = Stage(decide=grant)
    token = stage.fan()
    waited = await hold(stage, token=token)
    asked = await stage.call("GET", f"/api/requests/{waited.body['request']}", token=token)
    assert (asked.status, asked.body["status"]) == (200, "granted")
    assert asked.body["outcome"] == waited.body
    assert (asked.body["partition"], asked.body["offset"]) == (PART, 0)
    for stranger, status in ((stage.fan("ben"), 403), (PARTNER_KEY, 403), (ADMIN_KEY, 200), (None, 401)):
        reply = await stage.call("GET", f"/api/requests/{waited.body['request']}", token=stranger)
        assert reply.status == status


async def test_a_no_that_is_asked_for_later_is_the_same_problem() -> None:
    stage = Stage(decide=lambda command, offset: [refused(command.key, "sold_out", offset=offset)])
    token = stage.fan()
    waited = await hold(stage, token=token)
    asked = await stage.call("GET", f"/api/requests/{waited.body['request']}", token=token)
    assert (waited.status, asked.status, asked.body["status"]) == (409, 200, "rejected")
    own = {"request_id", "instance"}
    assert {name: value for name, value in asked.body["outcome"].items() if name not in own} == {
        name: value for name, value in waited.body.items() if name not in own
    }


async def test_a_request_is_pending_until_the_allocator_has_come_to_it() -> None:
    stage = Stage()
    token = stage.fan()
    request = (await hold(stage, token=token, headers={"prefer": "wait=0"})).body["request"]
    asked = await stage.call("GET", f"/api/requests/{request}", token=token)
    assert (asked.status, asked.body["status"]) == (200, "pending")
    assert "outcome" not in asked.body


async def test_a_verdict_that_falls_between_two_looks_is_found() -> None:
    stage = Stage()
    token = stage.fan()
    request = (await hold(stage, token=token, headers={"prefer": "respond-async"})).body["request"]

    def commit() -> None:
        stage.ledger.batches[PART, 0, 0] = messages.encode_outcomes(grant(stage.commands[0], 0))

    stage.ledger.before_cursor = commit  # the outcomes have been looked through by then
    asked = await stage.call("GET", f"/api/requests/{request}", token=token)
    assert (asked.status, asked.body.get("status")) == (200, "granted")


async def test_a_verdict_is_not_told_before_it_is_published() -> None:
    stage = Stage(decide=grant)
    token = stage.fan()
    request = (await hold(stage, token=token)).body["request"]
    stage.ledger.published_seq = 0  # the standby may not have it yet

    async def status() -> str:
        return str((await stage.call("GET", f"/api/requests/{request}", token=token)).body["status"])

    assert await status() == "pending"
    stage.seen = 1
    assert await status() == "granted"
    stage.seen, stage.ledger.published_seq = 0, 1
    assert await status() == "granted"


async def test_a_request_that_the_log_has_lost_is_said_to_be_lost() -> None:
    stage = Stage()
    token = stage.fan()
    request = (await hold(stage, token=token, headers={"prefer": "respond-async"})).body["request"]
    stage.ledger.log_gen = 1  # the log lost its tail, and is counted anew
    asked = await stage.call("GET", f"/api/requests/{request}", token=token)
    assert (asked.status, asked.body["code"]) == (404, "request_not_found")
    assert "same Idempotency-Key" in asked.body["detail"]


@pytest.mark.parametrize(
    ("part", "log_gen", "offset"), [(PART, 0, 1), (PART, 0, 2**40), (PART, 1, 0), (PART + 1, 0, 0)]
)  # fmt: skip
async def test_a_place_that_nobody_wrote_to_is_not_there(part: int, log_gen: int, offset: int) -> None:
    stage = Stage()
    await hold(stage, headers={"prefer": "wait=0"})
    reply = await stage.call("GET", f"/api/requests/{request_text(part, log_gen, offset)}", token=stage.fan())
    assert (reply.status, reply.body["code"]) == (404, "request_not_found")
