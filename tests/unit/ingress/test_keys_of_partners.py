"""A partner's people and the keys of their company: theirs alone, and no further than an admin has let them go."""

from dataclasses import replace
from typing import Any

import pytest

from ingress.key_table import Terms
from ingress.key_terms import KEYS_OF_PARTNER_MAX, reaches_beyond
from tests.unit.ingress.at_pages import Visitor, two_partners
from tests.unit.ingress.stage import ADMIN_KEY, Stage
from tests.unit.ingress.tales import SECOND, VENUE

KEYS = "/api/admin/keys"
WANTED = {"name": "a second till", "permissions": ["read"]}
GIVEN = Terms(
    name="theirs",
    roles=("booking", "read"),
    venues=("ven_1", "ven_2"),
    shows=(7,),
    addresses=("192.0.2.0/24", "2001:db8::/32"),
)
NARROW: dict[str, Any] = {"venues": ("ven_1",), "addresses": ("192.0.2.9",)}


@pytest.mark.anyio
async def test_a_partner_makes_uses_rotates_and_revokes_a_key() -> None:
    stage = two_partners()
    ben = Visitor(stage, "partner", partner="acme", name="ben")
    made = await ben.call("POST", KEYS, WANTED)
    assert (made.status, made.body["data"]["partner"], made.body["data"]["made_by"]) == (201, "acme", "per_ben")
    key_id, secret = made.body["data"]["key"], made.body["api_key"]
    assert (await stage.call("GET", "/api/auth/validate", token=secret)).body["permissions"] == ["read"]
    listed = await ben.call("GET", KEYS)
    assert {line["key"] for line in listed.body["data"]} == {"key_partner", key_id}
    assert secret.encode() not in listed.raw
    rotated = await ben.call("POST", f"{KEYS}/{key_id}/rotate", {"overlap_s": 0})
    assert (await stage.call("GET", "/api/auth/validate", token=rotated.body["api_key"])).status == 200
    assert (await ben.call("POST", f"{KEYS}/{key_id}/revoke")).body["data"]["revoked_at"]
    stage.clock.advance(5 * SECOND)
    gone = await stage.call("GET", "/api/auth/validate", token=rotated.body["api_key"])
    assert (gone.status, gone.body["code"]) == (401, "key_revoked")


@pytest.mark.anyio
async def test_keys_of_others_are_not_there() -> None:
    stage = two_partners()
    ben = Visitor(stage, "partner", partner="acme")
    before = dict(stage.key_table.rows)
    for key in ("key_reader", "key_house", "key_nobody"):
        for method, path, body in (
            ("GET", "", None),
            ("PATCH", "", {"name": "mine"}),
            ("POST", "/rotate", {}),
            ("POST", "/revoke", None),
        ):
            reply = await ben.call(method, f"{KEYS}/{key}{path}", body)
            assert (reply.status, reply.body["code"]) == (404, "not_found"), (key, path)
    assert stage.key_table.rows == before


@pytest.mark.anyio
@pytest.mark.parametrize(
    "more",
    [
        {"permissions": ["admin"]},
        {"permissions": ["read", "operator"]},
        {"permissions": ["read", "group"]},
        {"requests_per_min": 101},
        {"selling_at_once": 21},
    ],
)
async def test_a_partner_gives_themselves_no_more_than_they_have(more: dict[str, Any]) -> None:
    stage = two_partners()
    ben = Visitor(stage, "partner", partner="acme")
    before = set(stage.key_table.rows)
    reply = await ben.call("POST", KEYS, WANTED | more)
    assert (reply.status, reply.body["code"]) == (403, "insufficient_scope")
    assert set(stage.key_table.rows) == before
    if "permissions" not in more:
        changed = await ben.call("PATCH", f"{KEYS}/key_partner", more)
        assert (changed.status, changed.body["code"]) == (403, "insufficient_scope")


@pytest.mark.anyio
async def test_a_partner_limits_a_key_and_lifts_no_limit_of_an_admins() -> None:
    stage = two_partners()
    limited = await stage.call("PATCH", f"{KEYS}/key_partner", {"venues": [VENUE]}, token=ADMIN_KEY)
    assert limited.status == 200
    ben = Visitor(stage, "partner", partner="acme")
    for body in (WANTED, WANTED | {"venues": ["ven_" + "9" * 32]}, WANTED | {"shows": ["shw_0000000007"]}):
        assert (await ben.call("POST", KEYS, body)).status == 403
    assert (await ben.call("PATCH", f"{KEYS}/key_partner", {"venues": []})).status == 403
    made = await ben.call("POST", KEYS, WANTED | {"venues": [VENUE], "addresses": ["192.0.2.7"]})
    assert made.status == 201
    assert (await ben.call("PATCH", f"{KEYS}/key_partner", {"name": "till 1"})).body["data"]["venues"] == [VENUE]


@pytest.mark.anyio
async def test_whose_a_key_is_is_said_by_admins_alone() -> None:
    stage = two_partners()
    ben = Visitor(stage, "partner", partner="acme")
    made = await ben.call("POST", KEYS, WANTED | {"partner": "zenith"})
    assert made.body["data"]["partner"] == "acme"
    moved = await ben.call("PATCH", f"{KEYS}/key_partner", {"partner": "zenith"})
    assert moved.body["data"]["partner"] == "acme"
    given = await stage.call("PATCH", f"{KEYS}/key_sandbox", {"partner": "acme"}, token=ADMIN_KEY)
    assert given.body["data"]["partner"] == "acme"
    stage.clock.advance(5 * SECOND)
    assert (await ben.call("GET", "/api/admin/webhooks", of="key_sandbox")).status == 200
    wrong = await stage.call("PATCH", f"{KEYS}/key_sandbox", {"partner": "No Such Name"}, token=ADMIN_KEY)
    assert wrong.status == 400


@pytest.mark.anyio
async def test_a_partner_without_a_key_asks_an_admin_and_one_with_many_revokes_some() -> None:
    stage = Stage()
    new = Visitor(stage, "partner", partner="newcomer")
    assert (await new.call("POST", KEYS, WANTED)).status == 403
    first = await stage.call("POST", KEYS, WANTED | {"partner": "newcomer"}, token=ADMIN_KEY)
    assert first.body["data"]["partner"] == "newcomer"
    for _ in range(KEYS_OF_PARTNER_MAX - 1):
        assert (await new.call("POST", KEYS, WANTED)).status == 201
    full = await new.call("POST", KEYS, WANTED)
    assert (full.status, full.body["code"]) == (409, "too_many_keys")
    await new.call("POST", f"{KEYS}/{first.body['data']['key']}/revoke")
    assert (await new.call("POST", KEYS, WANTED)).status == 201


@pytest.mark.parametrize(
    ("changes", "may"),
    [
        ({}, True),
        (NARROW, True),
        ({"sandbox": True}, True),
        ({"venues": (), "shows": (7,)}, True),
        ({"venues": (), "shows": ()}, False),
        ({"venues": ("ven_3",)}, False),
        ({"shows": (8,)}, False),
        ({"addresses": ()}, False),
        ({"addresses": ("192.0.0.0/16",)}, False),
        ({"addresses": ("2001:db8:7::/48",)}, True),
        ({"permissions": ("group",)}, False),
        ({"roles": ("read", "admin")}, False),
    ],
)
def test_how_far_a_key_reaches(changes: dict[str, Any], may: bool) -> None:
    assert (reaches_beyond(replace(GIVEN, **changes), [GIVEN]) is None) is may


def test_one_key_has_to_reach_as_far_and_not_several_together() -> None:
    here = replace(GIVEN, **NARROW)
    there = replace(GIVEN, venues=("ven_2",), addresses=("192.0.2.8",))
    assert reaches_beyond(replace(GIVEN, addresses=("192.0.2.8", "192.0.2.9")), [here, there]) is not None
    assert reaches_beyond(replace(here, sandbox=False), [replace(here, sandbox=True)]) is not None
    assert reaches_beyond(replace(here, permissions=("group",)), [replace(here, roles=("admin",))]) is None
