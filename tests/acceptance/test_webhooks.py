"""A partner is told: by webhooks that its own library verifies, and by a feed that misses nothing."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from standardwebhooks import Webhook

from notifier.outbox.ports import Answered, Due, Settled
from notifier.outbox.store import PostgresOutbox
from notifier.store import PostgresStore
from onsale.listen import NotForListening, forward_events
from onsale_client import SignatureWrong, verify_webhook
from runtime.clusters import Clusters
from runtime.postgres import open_pool, room_url
from tests.acceptance.partner_server import HEARD_WITHIN_S, Partner, partner_server
from tests.acceptance.sale import Sale
from ticketing.clock import SystemClock

pytestmark = pytest.mark.anyio

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
async def partner(anyio_backend: str) -> AsyncIterator[Partner]:
    async with partner_server() as partner:
        yield partner


async def new_webhook(sale: Sale, url: str, **terms: Any) -> tuple[str, str]:
    """`(id, secret)` of a webhook of the partner's key."""
    body = {"url": url, **terms}
    made = await sale.call("POST", "/api/admin/webhooks", body, token=sale.partner_key)
    assert made.status == 201, made.body
    return made.body["data"]["webhook"], made.body["secret"]


async def deliveries(sale: Sale, webhook: str) -> list[dict[str, Any]]:
    """What became of each event, the oldest first."""
    path = f"/api/admin/webhooks/{webhook}/deliveries"
    rows: list[dict[str, Any]] = (await sale.call("GET", path, token=sale.partner_key)).body["data"]
    return rows[::-1]


async def until_settled(sale: Sale, webhook: str, *attempts: int) -> list[dict[str, Any]]:
    """Until the deliveries have had so many attempts each, and none is on its way."""
    async with asyncio.timeout(HEARD_WITHIN_S):
        while True:
            rows = await deliveries(sale, webhook)
            if [row["attempts"] for row in rows] == list(attempts) and all("last_status" in row for row in rows):
                return rows
            await asyncio.sleep(0.05)  # it is asked for over HTTP, and nothing tells when to ask


async def test_what_happens_to_ones_own_is_told_signed_and_in_the_feed(sale: Sale, partner: Partner) -> None:
    show = (await sale.new_show(rows=2, seats_per_row=5))["show"]
    webhook, secret = await new_webhook(sale, partner.url)
    held = await sale.hold(show, sale.partner_key, "A-1", "A-2")
    lost = await sale.hold(show, sale.partner_key, "A-2")
    booked = await sale.confirm(held.body["reservation"], sale.partner_key)
    await sale.hold(show, sale.fan(show), "B-1")
    await partner.until(3)
    told = {headers["webhook-id"]: Webhook(secret).verify(body, headers) for headers, body in partner.got}
    by_type = {event["type"]: event["data"] for event in told.values() if event["data"]["status"] == "granted"}
    assert by_type["request_decided"]["outcome"]["reservation"] == held.body["reservation"]
    assert by_type["request_decided"]["outcome"]["seats"] == held.body["seats"]
    assert by_type["booking_confirmed"]["outcome"]["booking"] == booked.body["booking"]
    (refused,) = [event["data"] for event in told.values() if event["data"]["status"] == "rejected"]
    assert (refused["request"], refused["outcome"]["code"]) == (lost.body["request"], lost.body["code"])
    feed = await sale.call("GET", "/api/events-feed", token=sale.partner_key)
    assert {one["event"]: one["body"] for one in feed.body["data"]} == told
    assert [row["state"] for row in await until_settled(sale, webhook, 1, 1, 1)] == ["done"] * 3
    assert len(partner.got) == 3


async def test_only_the_events_that_were_asked_for(sale: Sale, partner: Partner) -> None:
    show = (await sale.new_show(rows=2, seats_per_row=5))["show"]
    await new_webhook(sale, partner.url, events=["booking_confirmed"])
    held = await sale.hold(show, sale.partner_key, "A-1")
    await sale.confirm(held.body["reservation"], sale.partner_key)
    await partner.until(1)
    assert b'"type":"booking_confirmed"' in partner.got[0][1]
    assert len((await sale.call("GET", "/api/events-feed", token=sale.partner_key)).body["data"]) == 2
    assert len(partner.got) == 1


async def test_a_failure_is_seen_sent_again_on_request_and_410_ends_it(sale: Sale, partner: Partner) -> None:
    show = (await sale.new_show(rows=2, seats_per_row=5))["show"]
    webhook, secret = await new_webhook(sale, partner.url)
    partner.status = 500
    await sale.hold(show, sale.partner_key, "A-1")
    (row,) = await until_settled(sale, webhook, 1)
    assert (row["state"], row["last_status"]) == ("due", 500)
    partner.status = 200
    again = f"/api/admin/webhooks/{webhook}/deliveries/{row['event']}/resend"
    assert (await sale.call("POST", again, token=sale.partner_key)).status == 200
    await partner.until(2)
    assert partner.got[0][0]["webhook-id"] == partner.got[1][0]["webhook-id"] == row["event"]
    rotated = await sale.call("POST", f"/api/admin/webhooks/{webhook}/rotate", {}, token=sale.partner_key)
    partner.status = 410
    await sale.hold(show, sale.partner_key, "A-2")
    await partner.until(3)
    headers, body = partner.got[2]
    for good in (secret, rotated.body["secret"]):
        assert Webhook(good).verify(body, headers)["type"] == "request_decided"
    rows = await until_settled(sale, webhook, 1, 1)
    assert [row["state"] for row in rows] == ["done", "failed"]
    read = await sale.call("GET", f"/api/admin/webhooks/{webhook}", token=sale.partner_key)
    assert (read.body["data"]["enabled"], read.body["data"]["disabled_why"]) == (
        False, "the endpoint answered 410 Gone",
    )  # fmt: skip


async def test_a_sandbox_keys_events_are_forwarded_to_an_address_of_ones_own(sale: Sale, partner: Partner) -> None:
    show = (await sale.new_show(rows=2, seats_per_row=5, test=True))["show"]
    made = {"name": "trying", "permissions": ["booking", "read"], "sandbox": True}
    key = (await sale.call("POST", "/api/admin/keys", made, token=sale.admin_key)).body["api_key"]
    begun = asyncio.Event()
    listening = asyncio.create_task(forward_events(sale.url, key, partner.url, SECRET, lambda _: begun.set()))
    async with asyncio.timeout(HEARD_WITHIN_S):
        await begun.wait()
    held = await sale.hold(show, key, "A-1")
    assert held.status == 201, held.body
    await partner.until(1)
    headers, body = partner.got[0]
    event = verify_webhook(SECRET, headers, body)
    assert (event.type, event.id) == ("request_decided", headers["webhook-id"])
    assert event.data["outcome"]["reservation"] == held.body["reservation"]
    with pytest.raises(SignatureWrong):
        verify_webhook(SECRET, headers, body.replace(b"granted", b"refused"))
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    with pytest.raises(NotForListening, match="sandbox key"):
        await forward_events(sale.url, sale.partner_key, partner.url, SECRET, lambda _: None)


async def test_two_notifiers_take_each_event_once_and_a_claim_that_was_left_ends(sale: Sale) -> None:
    show = (await sale.new_show(rows=4, seats_per_row=10))["show"]
    await new_webhook(sale, "http://127.0.0.1:9/nobody")
    url = room_url(sale.database.url, "onsale_notifier", sale.database.secret)
    async with open_pool(url, min_size=2, max_size=4, application_name="another") as pool:
        clusters = Clusters.alone(pool)
        outboxes = [PostgresOutbox(clusters, PostgresStore(clusters)) for _ in range(2)]
        now_ms = SystemClock().now_ms()
        for number in range(1, 9):
            await asyncio.gather(
                sale.hold(show, sale.partner_key, f"A-{number}"), *(outbox.capture(now_ms) for outbox in outboxes)
            )
        async with asyncio.timeout(HEARD_WITHIN_S):
            while len(await sale.rows("SELECT 1 FROM caller_event WHERE kind = 'request_decided'")) < 8:
                await asyncio.gather(*(outbox.capture(now_ms) for outbox in outboxes))
        doubled = "SELECT 1 FROM caller_event GROUP BY account, event_id HAVING count(*) > 1"
        assert await sale.rows(doubled) == []
        # So far ahead that all are due, and that nobody else's claim counts, whatever its notifier still notes.
        later_ms = now_ms + 5 * 24 * 3600 * 1000
        claimed: list[Due] = []
        async with asyncio.timeout(HEARD_WITHIN_S):
            while len(claimed) < 8:  # one that the sale's notifier is looking at is passed over
                for some in await asyncio.gather(*(outbox.claim(later_ms, 3, ()) for outbox in outboxes)):
                    claimed += some
        taken = {one.event_no for one in claimed}
        assert len(taken) == len(claimed) == 8
        assert await outboxes[0].claim(later_ms, 10, ()) == []
        await outboxes[0].settle(claimed[0], Answered(200), Settled("done", later_ms), later_ms)
        left = await outboxes[1].claim(later_ms + 61_000, 10, ())
        assert {one.event_no for one in left} == taken - {claimed[0].event_no}
        for late in claimed[1:]:  # each is another's by now
            await outboxes[0].settle(late, Answered(500), Settled("due", 0), later_ms)
        assert await outboxes[0].claim(later_ms + 61_000, 10, ()) == []
        assert await outboxes[0].forget(later_ms + 10**9) >= 8
        assert await sale.rows("SELECT 1 FROM webhook_delivery") == []
