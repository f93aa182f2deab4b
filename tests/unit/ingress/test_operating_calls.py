"""What admins do in mid-sale, as calls: what goes on the log, what is told, and that it is seen at once."""

from dataclasses import replace

import msgspec
import pytest

from ingress.wishes import PolicyBody
from tests.unit.ingress.stage import ADMIN_KEY, PARTNER_KEY, SHOW_TEXT, Reply, Stage
from tests.unit.ingress.tales import PART, SHOW, T0, VENUE
from ticketing import messages
from ticketing.clock import rfc3339
from ticketing.messages import AnyCommand, AnyOutcome, Conflict

pytestmark = pytest.mark.anyio

PATH = f"/api/admin/shows/{SHOW_TEXT}"
BLOCKS = f"{PATH}/blocks"
SEATS = f"/api/venues/{VENUE}/shows/{SHOW_TEXT}/seats"


def carry_out(command: AnyCommand, offset: int) -> list[AnyOutcome]:
    """As an allocator would."""
    head = {"show": SHOW, "seq": offset + 1, "at_ms": T0, "offset": offset, "key": command.key, "account": ""}
    match command:
        case messages.BlockSeats():
            return [messages.SeatsBlocked(**head, seats=command.seats, reason=command.reason)]  # type: ignore[arg-type]
        case messages.UnblockSeats():
            return [messages.SeatsUnblocked(**head, seats=command.seats)]  # type: ignore[arg-type]
        case _:
            assert isinstance(command, messages.ChangeShow)
            return [messages.ShowChanged(**head, policy=command.policy, prices=command.prices)]  # type: ignore[arg-type]


async def patch(stage: Stage, body: object, key: str = "k", token: str = ADMIN_KEY) -> Reply:
    return await stage.call("PATCH", PATH, body, token=token, key=key)


async def test_blocked_seats_are_seen_and_listed_and_unblocked() -> None:
    stage = Stage(decide=carry_out)
    assert (await stage.call("GET", BLOCKS, token=ADMIN_KEY)).body["seats"] == []
    reply = await stage.call("POST", BLOCKS, {"seats": ["B-1", "A-2"], "reason": "camera"}, token=ADMIN_KEY, key="k")
    assert (reply.status, reply.body["status"], reply.body["reason"]) == (200, "blocked", "camera")
    assert reply.body["seats"] == ["A-2", "B-1"]
    seats = (await stage.call("GET", SEATS)).body
    assert {seat["label"] for seat in seats["seats"] if seat["status"] == "blocked"} == {"A-2", "B-1"}
    assert (await stage.call("GET", BLOCKS, token=ADMIN_KEY)).body["seats"] == ["A-2", "B-1"]
    gone = await stage.call("DELETE", f"{BLOCKS}?seats=A-2", token=ADMIN_KEY)
    assert (gone.status, gone.body["status"], gone.body["seats"]) == (200, "available", ["A-2"])
    assert (await stage.call("GET", BLOCKS, token=ADMIN_KEY)).body["seats"] == ["B-1"]


async def test_seats_that_are_taken_are_named() -> None:
    def refuse(command: AnyCommand, offset: int) -> list[AnyOutcome]:
        head = {"show": SHOW, "seq": 0, "at_ms": T0, "offset": offset, "key": command.key, "account": command.account}
        conflicts = (Conflict("booked", seat=1),)
        return [
            messages.CommandRejected(**head, code="seats_unavailable", conflicts=conflicts, conflicts_total=1)  # type: ignore[arg-type]
        ]

    reply = await Stage(decide=refuse).call("POST", BLOCKS, {"seats": ["A-2"]}, token=ADMIN_KEY, key="k")
    assert (reply.status, reply.body["conflicts"]) == (409, [{"label": "A-2", "reason": "booked"}])


async def test_labels_that_there_are_not_reach_no_log() -> None:
    stage = Stage(decide=carry_out)
    for body in ({"seats": ["Z-9"]}, {"tables": ["T1"]}):
        reply = await stage.call("POST", BLOCKS, body, token=ADMIN_KEY, key="k")
        assert (reply.status, reply.body["code"]) == (422, "unknown_places")
    assert stage.commands == []


async def test_only_admins_give_orders() -> None:
    stage = Stage(decide=carry_out)
    assert (await patch(stage, {"prices": {"front": 1}}, token=PARTNER_KEY)).status == 403
    assert (await stage.call("POST", BLOCKS, {"seats": ["A-1"]}, token=PARTNER_KEY, key="k")).status == 403


async def test_what_is_left_out_of_the_policy_stays_as_it_is() -> None:
    stage = Stage(decide=carry_out)
    before = stage.catalogue.stored[SHOW].policy
    reply = await patch(stage, {"policy": {"seats_per_hold": 3, "orphan_rule": "warn"}})
    assert reply.status == 200
    assert (reply.body["rules"]["seats_per_hold"], reply.body["rules"]["orphan_rule"]) == (3, "warn")
    (command,) = stage.commands
    assert isinstance(command, messages.ChangeShow) and command.policy is not None
    assert command.policy == msgspec.structs.replace(
        before, seats_per_hold_max=3, orphan_rule=command.policy.orphan_rule
    )


EVERY_RULE = {
    "holds_at_once": 2, "unpaid_holds": 5, "unpaid_holds_partner": 7, "cool_down_s": 30, "hold_s": 90,
    "hold_max_s": 200, "payment_s": 70, "seats_per_hold": 4, "seats_per_hold_partner": 40,
    "max_held_seats_per_person": 6, "seats_per_person": 8, "tables_per_hold": 2, "tables_per_hold_partner": 5,
    "max_held_tables_per_person": 3, "payment": "optional", "admission_required": True, "refund_until_s": 3600,
    "orphan_rule": "enforce", "accessible_released_at": rfc3339(T0),
}  # fmt: skip


async def test_each_rule_can_be_changed_goes_on_the_log_and_is_told() -> None:
    stage = Stage(decide=carry_out)
    reply = await patch(stage, {"policy": EVERY_RULE})
    assert reply.body["rules"] == EVERY_RULE
    (command,) = stage.commands
    assert isinstance(command, messages.ChangeShow) and command.policy is not None
    said, default = msgspec.structs.asdict(command.policy), msgspec.structs.asdict(messages.Policy())
    assert {name for name in said if said[name] == default[name]} == set()
    assert command.policy.accessible_released_at_ms == T0
    assert set(EVERY_RULE) == set(PolicyBody.model_fields)


async def test_prices_are_told_for_all_categories() -> None:
    reply = await patch(Stage(decide=carry_out), {"prices": {"front": 7700}})
    assert [(tier["category"], tier["price"]) for tier in reply.body["tiers"]] == [("front", 7700), ("back", 3000)]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "nothing_asked_for"),
        ({"prices": {"velvet": 1}}, "unknown_category"),
        ({"policy": {"hold_s": 59}}, "hold_time_out_of_range"),
        ({"policy": {"hold_max_s": 100}}, "hold_time_out_of_range"),
        ({"policy": {"hold": 1}}, "invalid_request"),
    ],
    ids=str,
)
async def test_changes_that_cannot_be(body: object, code: str) -> None:
    stage = Stage(decide=carry_out)
    assert (await patch(stage, body)).body["code"] == code
    assert stage.commands == []


async def test_new_terms_are_seen_as_soon_as_they_are_heard_of() -> None:
    stage = Stage()
    first = (await stage.call("GET", SEATS)).body
    row = stage.catalogue.stored[SHOW]
    stage.catalogue.stored[SHOW] = replace(row, prices={"front": 1234})
    assert (await stage.call("GET", SEATS)).body == first
    stage.ports.shelf.changed(PART + 1)
    assert (await stage.call("GET", SEATS)).body == first
    stage.ports.shelf.changed(PART)
    again = (await stage.call("GET", SEATS)).body
    assert {seat["price"] for seat in again["seats"] if seat["category"] == "front"} == {1234}
