"""What is kept for partners, as calls."""

import pytest

from tests.unit.ingress.stage import ADMIN_KEY, PARTNER_KEY, SHOW_TEXT, Reply, Stage
from tests.unit.ingress.tales import HOUR, SHOW, T0, reservation
from ticketing import messages
from ticketing.clock import rfc3339
from ticketing.messages import AnyCommand, AnyOutcome
from ticketing.tokens import Pass

pytestmark = pytest.mark.anyio

PATH = f"/api/admin/shows/{SHOW_TEXT}/allocations"


def partner_of(stage: Stage) -> str:
    return next(key for key, row in stage.key_table.rows.items() if "admin" not in row.terms.roles)


def carry_out(command: AnyCommand, offset: int) -> list[AnyOutcome]:
    """As an allocator would."""
    head = {"show": SHOW, "seq": offset + 1, "at_ms": T0, "offset": offset, "key": command.key, "account": ""}
    if isinstance(command, messages.ReturnAllocation):
        of = {"allocation": command.allocation, "category": command.category, "places": 4}
        return [messages.AllocationReturned(**head, **of)]  # type: ignore[arg-type]
    assert isinstance(command, messages.SetAllocation)
    terms = {"share": command.share, "borrow": command.borrow, "give_back_at_ms": command.give_back_at_ms,
             "category": command.category}  # fmt: skip
    return [messages.AllocationSet(**head, allocation=command.allocation, **terms)]  # type: ignore[arg-type]


async def read(stage: Stage) -> Reply:
    return await stage.call("GET", PATH, token=ADMIN_KEY)


async def test_what_is_kept_burns_down_with_what_is_sold() -> None:
    stage = Stage()
    assert (await read(stage)).body["data"] == []
    stage.ledger.kept = {
        "key_a": {"share": 5, "borrow": 2, "give_back_at_ms": T0 + HOUR},
        "key_b": {"share": 2},
        "key_c": {"share": 9, "give_back_at_ms": T0},
    }
    for number, (account, status) in enumerate((("key_a", "held"), ("key_b", "booked"), ("key_x", "held"))):
        found = reservation(bytes([number]) * 16, seats=(0,), areas=((0, 2),), status=status, account=account)
        stage.ledger.reservations[found.id] = found
    first, second, third = (await read(stage)).body["data"]
    assert first == {
        "partner": "key_a",
        "status": "kept",
        "share": 5,
        "borrow": 2,
        "taken": 3,
        "booked": 0,
        "left": 2,
        "borrowed": 0,
        "give_back_at": rfc3339(T0 + HOUR),
    }
    assert (second["taken"], second["booked"], second["left"], second["borrowed"]) == (3, 3, 0, 1)
    assert (third["status"], third["left"]) == ("given_back", 0)


async def test_a_partner_reads_its_own_share_and_nobody_elses() -> None:
    stage = Stage()
    mine = partner_of(stage)
    stage.ledger.kept = {mine: {"share": 5}, "key_other": {"share": 7}}
    told = await stage.call("GET", PATH, token=PARTNER_KEY)
    assert (told.status, [(it["partner"], it["share"]) for it in told.body["data"]]) == (200, [(mine, 5)])
    fan = stage.tokens.sign_pass(Pass(SHOW, "ent_anna", 0, T0 + HOUR))
    refused = await stage.call("GET", PATH, token=fan)
    assert (refused.status, refused.body["code"]) == (403, "insufficient_scope")
    order = await stage.call("PUT", f"{PATH}/{mine}", {"share": 9}, token=PARTNER_KEY)
    assert (order.status, stage.commands) == (403, [])


async def test_setting_and_giving_back() -> None:
    stage = Stage(decide=carry_out)
    partner = partner_of(stage)
    body = {"share": 12, "borrow": 3, "give_back_at": rfc3339(T0 + HOUR)}
    reply = await stage.call("PUT", f"{PATH}/{partner}", body, token=ADMIN_KEY, key="k")
    assert (reply.status, reply.body["share"], reply.body["give_back_at"]) == (200, 12, rfc3339(T0 + HOUR))
    gone = await stage.call("DELETE", f"{PATH}/{partner}", token=ADMIN_KEY)
    assert (gone.status, gone.body["status"]) == (200, "given_back")
    sent, returned = stage.commands
    assert isinstance(sent, messages.SetAllocation) and isinstance(returned, messages.ReturnAllocation)
    assert (sent.allocation, sent.borrow, sent.give_back_at_ms, sent.keyed) == (partner, 3, T0 + HOUR, True)
    assert (returned.allocation, returned.keyed) == (partner, False)


async def test_shares_of_categories_are_set_read_and_given_back_one_by_one() -> None:
    stage = Stage(decide=carry_out)
    partner = partner_of(stage)
    body = {"share": 4, "category": "front"}
    reply = await stage.call("PUT", f"{PATH}/{partner}", body, token=ADMIN_KEY, key="k")
    assert (reply.status, reply.body["category"], reply.body["share"]) == (200, "front", 4)
    stage.ledger.kept = {f"{partner} front": {"share": 4}, f"{partner} back": {"share": 6, "borrow": 1}}
    found = reservation(b"1" * 16, seats=(0, 6), areas=((0, 2),), status="booked", account=partner)
    stage.ledger.reservations[found.id] = found
    told = await stage.call("GET", PATH, token=PARTNER_KEY)
    assert told.body["message"] == "Places are kept for 1 partners"
    assert [(it["partner"], it["category"], it["taken"], it["left"]) for it in told.body["data"]] == [
        (partner, "back", 3, 3),
        (partner, "front", 1, 3),
    ]
    gone = await stage.call("DELETE", f"{PATH}/{partner}?category=front", token=ADMIN_KEY, key="k")
    assert (gone.status, gone.body["status"], gone.body["category"], gone.body["places"]) == (
        200, "given_back", "front", 4,
    )  # fmt: skip
    other = await stage.call("DELETE", f"{PATH}/{partner}", token=ADMIN_KEY, key="k")
    assert (other.status, "category" in other.body) == (200, False)
    sent, *returned = stage.commands
    assert isinstance(sent, messages.SetAllocation) and sent.category == "front"
    assert [it.category for it in returned if isinstance(it, messages.ReturnAllocation)] == ["front", ""]
    assert len({it.key for it in returned}) == 2


async def test_one_key_for_two_partners_is_two_orders() -> None:
    stage = Stage(decide=carry_out)
    for partner in stage.key_table.rows:
        await stage.call("PUT", f"{PATH}/{partner}", {"share": 1}, token=ADMIN_KEY, key="k")
    assert len({command.key for command in stage.commands}) == len(stage.key_table.rows)


async def test_for_whom_nothing_can_be_kept() -> None:
    stage = Stage(decide=carry_out)
    nobody = await stage.call("PUT", f"{PATH}/key_nobody", {"share": 1}, token=ADMIN_KEY)
    assert (nobody.status, nobody.body["code"]) == (404, "not_found")
    for share in (0, 200_001):
        wrong = await stage.call("PUT", f"{PATH}/{partner_of(stage)}", {"share": share}, token=ADMIN_KEY)
        assert wrong.status == 400
    for token in (PARTNER_KEY, stage.fan()):
        order = await stage.call("PUT", f"{PATH}/{partner_of(stage)}", {"share": 1}, token=token)
        assert order.status == 403
    assert stage.commands == []
