"""Refunds as admins see them."""

import pytest

from ingress.refund_table import RefundRow
from tests.unit.ingress.stage import ADMIN_KEY, PARTNER_KEY, SHOW_TEXT, Stage
from tests.unit.ingress.tales import SHOW, T0
from ticketing.vocabulary import show_text

pytestmark = pytest.mark.anyio

PATH = "/api/admin/refunds"


def a_stage() -> Stage:
    stage = Stage()
    for number, state in enumerate(("done", "due", "failed", "due")):
        refund = f"evt_{number}"
        stage.refunds.rows[refund] = RefundRow(
            refund, SHOW + number // 3, b"h" * 16, "sandbox", f"c{number}", 500, "already_booked", "ent_anna", state, 2,
            T0 + 9, "back" if state == "done" else None, "no answer", T0 + number, None if state == "due" else T0 + 5,
        )  # fmt: skip
    return stage


async def test_they_are_listed_by_page_by_state_and_by_show() -> None:
    stage = a_stage()
    first = (await stage.call("GET", f"{PATH}?limit=3", token=ADMIN_KEY)).body
    assert [line["refund"] for line in first["data"]] == ["evt_0", "evt_1", "evt_2"] and first["has_more"]
    rest = (await stage.call("GET", f"{PATH}?limit=3&after={first['next_cursor']}", token=ADMIN_KEY)).body
    assert [line["show"] for line in rest["data"]] == [show_text(SHOW + 1)] and not rest["has_more"]
    due = (await stage.call("GET", f"{PATH}?state=due&show={SHOW_TEXT}", token=ADMIN_KEY)).body["data"]
    assert [(line["refund"], line["amount"], line["state"], "due_at" in line) for line in due] == [
        ("evt_1", 500, "due", True)
    ]
    assert (await stage.call("GET", f"{PATH}?show=x", token=ADMIN_KEY)).body["code"] == "invalid_request"


async def test_one_that_failed_is_tried_again_and_one_that_is_done_is_not() -> None:
    stage = a_stage()
    again = await stage.call("POST", f"{PATH}/evt_2/retry", token=ADMIN_KEY, key="k")
    assert (again.status, again.body["data"]["state"], again.body["data"]["tries"]) == (200, "due", 0)
    assert stage.refunds.rows["evt_2"].due_at_ms == T0
    done = await stage.call("POST", f"{PATH}/evt_0/retry", token=ADMIN_KEY, key="k")
    assert (done.status, done.body["data"]["state"]) == (200, "done")
    stage.refunds.claimed.add("evt_1")
    assert (await stage.call("POST", f"{PATH}/evt_1/retry", token=ADMIN_KEY, key="k")).body["data"]["tries"] == 2
    assert (await stage.call("POST", f"{PATH}/evt_9/retry", token=ADMIN_KEY, key="k")).status == 404


async def test_only_admins_see_them() -> None:
    assert (await a_stage().call("GET", PATH, token=PARTNER_KEY)).status == 403
