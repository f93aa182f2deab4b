"""Up to fifty holds in one call."""

from typing import Any

import msgspec
import pytest

from tests.unit.ingress.holds import grant
from tests.unit.ingress.stage import PARTNER_KEY, SHOW_TEXT, Reply, Stage
from tests.unit.ingress.tales import SHOW, T0, held, reservation
from ticketing import messages, telling
from ticketing.messages import AnyCommand, AnyOutcome, Conflict

pytestmark = pytest.mark.anyio

WISH: dict[str, Any] = {"show": SHOW_TEXT, "seats": ["A-1"]}
OTHER: dict[str, Any] = {"show": SHOW_TEXT, "areas": [{"area": "floor", "quantity": 2}]}


def together(command: AnyCommand, offset: int) -> list[AnyOutcome]:
    """Grant a batch."""
    assert isinstance(command, messages.HoldMany)
    made = tuple(reservation(it.key, seats=it.seats, areas=it.areas, account=it.account) for it in command.holds)
    return [
        messages.ManyHeld(
            show=SHOW, seq=1, at_ms=T0, offset=offset, key=command.key, account=command.account, reservations=made
        )
    ]


async def batch(stage: Stage, *holds: dict[str, Any], token: str = PARTNER_KEY, **more: Any) -> Reply:
    body = {"holds": list(holds), **more}
    return await stage.call("POST", "/api/reservations/batch", body, token=token, key="k")


async def test_a_batch_is_one_command_and_one_answer() -> None:
    stage = Stage(decide=together)
    reply = await batch(stage, WISH, OTHER)
    assert reply.status == 201
    answer = msgspec.json.decode(reply.raw, type=telling.HeldTogetherAnswer)
    assert [it.total_amount for it in answer.reservations] == [5000, 6000]
    assert (answer.total_amount, answer.currency, answer.show) == (11_000, "EUR", SHOW_TEXT)
    for it in answer.reservations:
        path = f"/api/reservations/{it.reservation}"
        assert (await stage.call("GET", path, token=it.reservation_token)).status == 200
    (command,) = stage.commands
    assert isinstance(command, messages.HoldMany)
    assert len({command.key, *(it.key for it in command.holds)}) == 3
    again = await batch(stage, WISH, OTHER)
    assert again.status == 201 and stage.commands[1].key == command.key


async def test_each_for_itself_has_a_verdict_of_its_own() -> None:
    def decide(command: AnyCommand, offset: int) -> list[AnyOutcome]:
        assert isinstance(command, messages.HoldSeats)
        if command.areas:
            return grant(command, offset)
        conflicts = (Conflict("held", seat=0),)
        return [
            messages.HoldRefused(
                show=SHOW, seq=1, at_ms=T0, offset=offset, key=command.key, account=command.account,
                code="seats_unavailable", conflicts=conflicts, conflicts_total=1,
            )
        ]  # fmt: skip

    stage = Stage(decide=decide)
    missing = {"show": "shw_00000000ff", "seats": ["A-1"]}
    reply = await batch(stage, WISH, OTHER, missing, {"show": SHOW_TEXT, "seats": ["Z-9"]}, atomic=False)
    lost, kept, nowhere, unknown = reply.body["data"]
    assert (reply.status, [it["status"] for it in (lost, kept)]) == (200, ["rejected", "granted"])
    assert lost["problem"]["conflicts"] == [{"label": "A-1", "reason": "held"}]
    assert kept["reservation"]["total_amount"] == 6000
    assert (nowhere["problem"]["code"], unknown["problem"]["code"]) == ("show_not_found", "unknown_places")
    assert len({command.key for command in stage.commands}) == 2


async def test_what_is_not_decided_in_time_is_pending() -> None:
    reply = await batch(Stage(), WISH, OTHER, atomic=False)
    assert [it["status"] for it in reply.body["data"]] == ["pending", "pending"]
    assert all(it["request"].startswith("req_") for it in reply.body["data"])
    assert (await batch(Stage(), WISH, OTHER)).status == 202


async def test_what_is_no_batch() -> None:
    stage = Stage(decide=together)
    for holds, code in (
        ([], "invalid_request"),
        ([WISH] * 51, "invalid_request"),
        ([WISH, {"show": "shw_00000000ff", "seats": ["A-1"]}], "several_shows"),
        ([WISH, {"show": SHOW_TEXT, "seats": ["Z-9"]}], "unknown_places"),
        ([{"show": "x", "seats": ["A-1"]}], "invalid_id"),
    ):
        assert (await batch(stage, *holds)).body["code"] == code
    assert stage.commands == []
    token = stage.reservation_token("rsv_x")
    assert (await batch(stage, WISH, token=token)).status in (401, 403)


async def test_one_that_is_repeated_is_told_as_it_is() -> None:
    stage = Stage(decide=lambda command, offset: [held(reservation(command.key), repeat=True, offset=offset)])
    reply = await batch(stage, WISH, atomic=False)
    assert reply.body["data"][0]["status"] == "granted"
