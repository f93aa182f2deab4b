"""Webhooks and the feed as their owners see them, and as others do not."""

from typing import Any

import pytest

from ingress.webhook_table import DeliveryRow, EventRow
from tests.unit.ingress.stage import ADMIN_KEY, PARTNER_KEY, READER_KEY, Reply, Stage
from tests.unit.ingress.tales import T0

pytestmark = pytest.mark.anyio

HOOKS = "/api/admin/webhooks"
URL = "https://partner.example/onsale"


async def make(stage: Stage, token: str = PARTNER_KEY, **more: Any) -> Reply:
    return await stage.call("POST", HOOKS, {"url": URL} | more, token=token)


async def test_its_secret_is_shown_once() -> None:
    stage = Stage()
    made = await make(stage, events=["booking_confirmed"], description="the till")
    assert made.status == 201
    assert made.body["secret"].startswith("whsec_")
    webhook = made.body["data"]["webhook"]
    read = await stage.call("GET", f"{HOOKS}/{webhook}", token=PARTNER_KEY)
    assert read.body["data"] == made.body["data"]
    assert (read.body["data"]["url"], read.body["data"]["events"], read.body["data"]["enabled"]) == (
        URL, ["booking_confirmed"], True,
    )  # fmt: skip
    assert b"whsec_" not in read.raw


async def test_a_key_sees_its_own_and_an_admin_sees_all() -> None:
    stage = Stage()
    webhook = (await make(stage)).body["data"]["webhook"]
    for token, status, count in ((PARTNER_KEY, 200, 1), (READER_KEY, 404, 0), (ADMIN_KEY, 200, 1)):
        assert (await stage.call("GET", f"{HOOKS}/{webhook}", token=token)).status == status
        assert len((await stage.call("GET", HOOKS, token=token)).body["data"]) == count
    for method, path in (("DELETE", ""), ("POST", "/rotate"), ("PATCH", ""), ("GET", "/deliveries")):
        body: dict[str, Any] | None = {} if method == "PATCH" else None
        reply = await stage.call(method, f"{HOOKS}/{webhook}{path}", body, token=READER_KEY)
        assert (method, path, reply.status) == (method, path, 404)


async def test_only_an_admin_makes_one_for_another_key() -> None:
    stage = Stage()
    other = "key_" + "7" * 16
    assert (await make(stage, account=other)).status == 403
    assert (await make(stage, ADMIN_KEY, account=other)).body["data"]["account"] == other


async def test_a_key_that_there_is_not_has_none() -> None:
    stage = Stage()
    stranger = "key_" + "8" * 16
    stage.webhooks.strangers.add(stranger)
    reply = await make(stage, ADMIN_KEY, account=stranger)
    assert (reply.status, reply.body["code"]) == (404, "not_found")


async def test_fans_have_none() -> None:
    stage = Stage()
    assert (await make(stage, stage.fan())).status == 403
    assert (await stage.call("GET", "/api/events-feed", token=stage.fan())).status == 403


@pytest.mark.parametrize(
    ("url", "code"),
    [("http://partner.example/", "https_needed"), ("https://me:secret@partner.example/", "no_credentials")],
)
async def test_an_address_that_will_not_do(url: str, code: str) -> None:
    reply = await make(Stage(), url=url)
    assert (reply.status, reply.body["errors"]) == (400, [{"pointer": "/url", "code": code}])
    assert (await make(Stage(), url="ftp://partner.example/")).status == 400
    assert (await make(Stage(), url="partner")).status == 400


async def test_there_is_a_most() -> None:
    stage = Stage()
    for _ in range(20):
        assert (await make(stage)).status == 201
    assert (await make(stage)).body["code"] == "too_many_webhooks"
    listed = await stage.call("GET", f"{HOOKS}?limit=15", token=PARTNER_KEY)
    rest = await stage.call("GET", f"{HOOKS}?limit=15&after={listed.body['next_cursor']}", token=PARTNER_KEY)
    assert (len(listed.body["data"]), len(rest.body["data"]), rest.body["has_more"]) == (15, 5, False)


async def test_it_is_changed_switched_off_and_on_and_removed() -> None:
    stage = Stage()
    path = f"{HOOKS}/{(await make(stage, description='x')).body['data']['webhook']}"
    off = await stage.call("PATCH", path, {"enabled": False}, token=PARTNER_KEY)
    assert (off.body["data"]["enabled"], off.body["data"]["disabled_why"]) == (False, "switched off")
    on = await stage.call("PATCH", path, {"enabled": True, "url": URL + "/2"}, token=PARTNER_KEY)
    assert (on.body["data"]["enabled"], on.body["data"]["url"]) == (True, URL + "/2")
    assert on.body["data"]["description"] == "x"
    assert (await stage.call("DELETE", path, token=PARTNER_KEY)).status == 200
    assert (await stage.call("GET", path, token=PARTNER_KEY)).status == 404


async def test_a_new_secret_comes_with_an_overlap() -> None:
    stage = Stage()
    made = await make(stage)
    path = f"{HOOKS}/{made.body['data']['webhook']}/rotate"
    rotated = await stage.call("POST", path, {"overlap_s": 3600}, token=PARTNER_KEY)
    assert rotated.body["secret"] != made.body["secret"]
    assert rotated.body["data"]["previous_until"] > made.body["created_at"]


async def test_deliveries_are_read_and_sent_again() -> None:
    stage = Stage()
    webhook = (await make(stage)).body["data"]["webhook"]
    stage.webhooks.sent[webhook] = [
        DeliveryRow(1, "evt_1", "booking_confirmed", T0, "failed", 10, T0, 500, "no", T0),
        DeliveryRow(2, "evt_2", "booking_confirmed", T0, "done", 1, T0, 200, None, T0),
    ]
    path = f"{HOOKS}/{webhook}/deliveries"
    listed = await stage.call("GET", f"{path}?limit=1", token=PARTNER_KEY)
    assert [one["event"] for one in listed.body["data"]] == ["evt_2"]
    older = await stage.call("GET", f"{path}?limit=1&after={listed.body['next_cursor']}", token=PARTNER_KEY)
    assert [(one["event"], one["last_status"], one["attempts"]) for one in older.body["data"]] == [("evt_1", 500, 10)]
    failed = await stage.call("GET", f"{path}?state=failed", token=PARTNER_KEY)
    assert [one["event"] for one in failed.body["data"]] == ["evt_1"]
    assert (await stage.call("POST", f"{path}/evt_1/resend", token=PARTNER_KEY)).status == 200
    assert stage.webhooks.sent[webhook][0].state == "due"
    assert (await stage.call("POST", f"{path}/evt_9/resend", token=PARTNER_KEY)).status == 404


async def test_the_feed_goes_on_where_it_was_left() -> None:
    stage = Stage()
    account = (await stage.call("GET", "/api/auth/validate", token=PARTNER_KEY)).body["account"]
    stage.webhooks.events[account] = [EventRow(number, f"evt_{number}", b'{"type":"x"}') for number in (3, 5, 9)]
    first = await stage.call("GET", "/api/events-feed?limit=2", token=PARTNER_KEY)
    assert [(one["event"], one["body"]) for one in first.body["data"]] == [
        ("evt_3", {"type": "x"}),
        ("evt_5", {"type": "x"}),
    ]
    assert first.body["has_more"] is True
    assert 'rel="next"' in first.headers["link"]
    second = await stage.call("GET", f"/api/events-feed?after={first.body['next_cursor']}", token=PARTNER_KEY)
    assert [one["event"] for one in second.body["data"]] == ["evt_9"]
    nothing = await stage.call("GET", f"/api/events-feed?after={second.body['next_cursor']}", token=PARTNER_KEY)
    assert (nothing.body["data"], nothing.body["next_cursor"]) == ([], second.body["next_cursor"])
    assert (await stage.call("GET", "/api/events-feed", token=READER_KEY)).body["data"] == []
