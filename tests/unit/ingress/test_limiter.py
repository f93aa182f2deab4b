"""Limits as callers meet them, by either way in."""

import json
from typing import Any

import pytest

from ingress.limit_sharing import LimitSharing
from ingress.limit_store import LimitsAway
from ingress.limits import Owed
from ingress.service import NotTaken
from tests.unit.ingress.stage import ADMIN_KEY, PARTNER_KEY, SHOW_TEXT, Reply, Stage
from tests.unit.ingress.tales import PART, SECOND, SHOW, VENUE, held, reservation
from tests.unit.ingress.test_direct import knock
from ticketing.messages import AnyCommand, AnyOutcome, HoldSeats

pytestmark = pytest.mark.anyio

HOLD = {"show": SHOW_TEXT, "seats": ["A-1"]}


def grant(command: AnyCommand, offset: int) -> list[AnyOutcome]:
    assert isinstance(command, HoldSeats)
    return [held(reservation(command.key, seats=command.seats), offset=offset)]


async def hold(stage: Stage, token: str, key: str = "k", **more: Any) -> Reply:
    return await stage.call("POST", "/api/reservations", HOLD, token=token, key=key, **more)


async def test_a_fan_tries_ten_times_a_minute() -> None:
    stage = Stage(decide=grant)
    replies = [await hold(stage, stage.fan(), f"k{n}") for n in range(12)]
    assert [reply.status for reply in replies] == [201] * 10 + [429] * 2
    assert replies[0].headers["ratelimit-policy"] == '"requests";q=100;w=60, "holds";q=10;w=60'
    assert replies[0].headers["ratelimit"] == '"requests";r=99;t=1, "holds";r=9;t=6'
    refused = replies[-1]
    assert (refused.body["code"], refused.body["retry_after_s"]) == ("rate_limited", 6)
    assert refused.headers["retry-after"] == "6"
    assert refused.headers["ratelimit"].endswith('"holds";r=0;t=60')
    stage.clock.advance(6 * SECOND)
    assert (await hold(stage, stage.fan(), "later")).status == 201
    assert (await hold(stage, stage.fan("ben"))).status == 201


async def test_the_direct_way_counts_the_same_and_says_the_same() -> None:
    stages = Stage(decide=grant), Stage(decide=grant)
    for stage in stages:
        await stage.ports.shelf.show(SHOW)
    said: list[list[tuple[int, dict[str, str]]]] = [[], []]
    for _ in range(12):
        sent = {"idempotency-key": "k", "authorization": f"Bearer {stages[0].fan()}", "x-request-id": "same"}
        for stage in stages:
            stage._random = 0
        reply = await stages[0].call("POST", "/api/reservations", json.dumps(HOLD).encode(), headers=sent)
        said[0].append((reply.status, reply.headers))
        taken, caller = knock(stages[1], sent, HOLD)
        assert taken
        said[1].append((caller.replies[0].status, caller.replies[0].headers))
    assert said[0] == said[1]
    assert [status for status, _ in said[0]] == [201] * 10 + [429] * 2


async def test_what_the_direct_way_leaves_to_the_application_is_counted_once() -> None:
    stage = Stage(decide=grant)
    sent = {"idempotency-key": "k", "authorization": f"Bearer {stage.fan()}"}
    taken, _ = knock(stage, sent, HOLD)
    assert not taken
    reply = await stage.call("POST", "/api/reservations", HOLD, headers=sent)
    assert reply.headers["ratelimit"].endswith('"holds";r=9;t=6')


async def test_a_wrong_form_counts_too() -> None:
    stage = Stage(decide=grant)
    await stage.ports.shelf.show(SHOW)
    for _ in range(10):
        _, caller = knock(stage, {"authorization": f"Bearer {stage.fan()}"}, HOLD)
        assert caller.replies[0].status == 400
    _, caller = knock(stage, {"authorization": f"Bearer {stage.fan()}"}, HOLD)
    assert caller.replies[0].status == 429


async def test_a_key_has_a_hundred_requests_a_minute_until_it_is_told_otherwise() -> None:
    stage = Stage(decide=grant)
    statuses = [(await hold(stage, PARTNER_KEY, f"k{n}")).status for n in range(101)]
    assert statuses == [201] * 100 + [429]
    patched = await stage.call("PATCH", "/api/admin/keys/key_partner", {"requests_per_min": 200}, token=ADMIN_KEY)
    assert patched.status == 200
    stage.clock.advance(5 * SECOND)
    assert (await hold(stage, PARTNER_KEY)).headers["ratelimit-policy"].startswith('"requests";q=200;w=60')


async def test_a_key_and_its_tokens_share_one_limit() -> None:
    stage = Stage(decide=grant)
    token = (await stage.call("POST", "/api/auth/token", {"api_key": PARTNER_KEY})).body["token"]
    await hold(stage, PARTNER_KEY)
    assert (await hold(stage, token)).headers["ratelimit"].startswith('"requests";r=98;')


async def test_a_key_has_so_many_commands_under_way_and_no_more() -> None:
    stage = Stage()
    await stage.ports.shelf.show(SHOW)
    await stage.ports.callers._keys.look_up(PARTNER_KEY, stage.clock.now_ms())
    callers = []
    for n in range(20):
        sent = {"idempotency-key": f"k{n}", "authorization": f"Bearer {PARTNER_KEY}"}
        taken, caller = knock(stage, sent, HOLD)
        assert (taken, caller.replies) == (True, [])
        callers.append(caller)
    refused = await hold(stage, PARTNER_KEY, "one too many")
    assert (refused.status, refused.body["code"]) == (429, "too_many_at_once")
    assert refused.headers["ratelimit-policy"] == '"requests";q=100;w=60, "selling";q=20;qu="concurrent-requests"'
    assert refused.headers["ratelimit"].endswith('"selling";r=0')
    # One is answered, another hangs up: there is room for two.
    stage.waiters.hear(PART, 0, grant(stage.commands[0], 0))
    gone = callers[1].on_gone
    assert gone is not None
    gone()
    gone()
    stage.decide = grant
    assert callers[0].replies[0].status == 201
    for n in range(3):
        reply = await hold(stage, PARTNER_KEY, f"more{n}")
        assert (reply.status, reply.headers["ratelimit"].partition(", ")[2]) == (201, '"selling";r=1')


async def test_in_a_surge_a_fan_changes_little() -> None:
    stage = Stage()
    stage.condition.lag_ms[SHOW] = 1_001
    path = f"/api/reservations/rsv_{SHOW:010x}{'0' * 32}"
    statuses = [(await stage.call("DELETE", path, token=stage.fan())).status for _ in range(11)]
    assert statuses == [202] * 10 + [429]
    assert (await stage.call("GET", path, token=stage.fan())).status == 404
    stage.condition.lag_ms[SHOW] = 1_000
    assert (await stage.call("DELETE", path, token=stage.fan())).status == 202


async def test_reads_that_anybody_may_cache_are_free() -> None:
    stage = Stage()
    for _ in range(400):
        reply = await stage.call("GET", f"/api/venues/{VENUE}/shows/{SHOW_TEXT}/availability")
        assert (reply.status, "ratelimit" in reply.headers) == (200, False)


async def test_an_address_exchanges_twenty_keys_a_minute() -> None:
    stage = Stage()
    wrong = {"api_key": "osk_live_" + "0" * 48}
    statuses = [(await stage.call("POST", "/api/auth/token", wrong)).status for _ in range(21)]
    assert statuses == [401] * 20 + [429]
    elsewhere = await stage.call("POST", "/api/auth/token", {"api_key": PARTNER_KEY}, address="192.0.2.8")
    assert elsewhere.status == 200


async def test_customers_of_a_partner_do_not_share_its_limit() -> None:
    stage = Stage()
    mine, yours = (stage.reservation_token(f"rsv_{SHOW:010x}{n:032x}", "key_partner") for n in (1, 2))
    path = f"/api/reservations/rsv_{SHOW:010x}{1:032x}"
    for _ in range(100):
        assert (await stage.call("GET", path, token=mine)).status != 429
    assert (await stage.call("GET", path, token=mine)).status == 429
    assert (await stage.call("GET", path, token=yours)).status != 429


class Shared:
    """The store that all share, which may be away."""

    def __init__(self) -> None:
        self.away = False
        self.told: list[int] = []

    async def tell(self, owed: list[Owed]) -> list[float]:
        if self.away:
            raise LimitsAway("gone")
        self.told.append(len(owed))
        return [60_000.0] * len(owed)


async def test_a_tick_is_one_call_and_the_store_is_believed() -> None:
    stage, store = Stage(decide=grant), Shared()
    sharing = LimitSharing(stage.ports.limiter, store, stage.clock)
    for fan in range(20):
        for n in range(2):
            await hold(stage, stage.fan(f"fan{fan}"), f"k{n}")
    assert await sharing.share()
    assert store.told == [20]
    # Others have used up what was left.
    assert (await hold(stage, stage.fan("fan3"), "again")).status == 429


async def test_without_the_store_everything_goes_on_and_comes_back_by_itself() -> None:
    stage, store = Stage(decide=grant), Shared()
    sharing = LimitSharing(stage.ports.limiter, store, stage.clock)
    store.away = True
    assert [(await hold(stage, stage.fan(), f"k{n}")).status for n in range(11)] == [201] * 10 + [429]
    assert not await sharing.share()
    assert sharing.degraded() == ["limits are counted by each process alone: Redis is away"]
    store.away = False
    assert await sharing.share()
    assert sharing.degraded() == []
    assert store.told == [1]


@pytest.mark.parametrize("direct", [False, True])
async def test_what_could_not_be_taken_is_no_attempt(direct: bool) -> None:
    stage = Stage(decide=grant, log_says=NotTaken("log_unavailable", "for once"))
    await stage.ports.shelf.show(SHOW)
    sent = {"idempotency-key": "k", "authorization": f"Bearer {stage.fan()}"}
    for _ in range(30):
        if direct:
            _, caller = knock(stage, sent, HOLD)
            reply = caller.replies[0]
        else:
            reply = await stage.call("POST", "/api/reservations", HOLD, headers=sent)
        assert (reply.status, "ratelimit" in reply.headers) == (503, False)
    stage.log_says = None
    reply = await stage.call("POST", "/api/reservations", HOLD, headers=sent)
    assert (reply.status, reply.headers["ratelimit"]) == (201, '"requests";r=69;t=19, "holds";r=9;t=6')


async def test_each_hold_of_a_batch_is_an_attempt() -> None:
    stage = Stage(decide=grant)
    holds = {"holds": [{"show": SHOW_TEXT, "seats": [f"A-{n}"]} for n in range(1, 7)], "atomic": False}
    replies = [
        await stage.call("POST", "/api/reservations/batch", holds, token=stage.fan(), key=f"k{n}") for n in range(2)
    ]
    assert [reply.status for reply in replies] == [200, 429]
    partners = await stage.call("POST", "/api/reservations/batch", holds, token=PARTNER_KEY, key="k")
    assert partners.headers["ratelimit"].startswith('"requests";r=99;')
