"""API keys from their making to their end, as admins and partners see it."""

from typing import Any

import pytest

from tests.unit.ingress.stage import ADMIN_KEY, PARTNER_KEY, READER_KEY, REVOKED_KEY, SECRET, SHOW_TEXT, Reply, Stage
from tests.unit.ingress.tales import HOUR, SECOND, VENUE, held, reservation
from ticketing.messages import AnyCommand, AnyOutcome, HoldSeats

pytestmark = pytest.mark.anyio

BOX_OFFICE = {"name": "box office", "permissions": ["book", "group"]}
NEW = "the secret that comes next"
ELSEWHERE = "ven_" + "9" * 32


def grant(command: AnyCommand, offset: int) -> list[AnyOutcome]:
    assert isinstance(command, HoldSeats)
    return [held(reservation(command.key, seats=command.seats), offset=offset)]


async def make(stage: Stage, **more: Any) -> tuple[str, str]:
    """`(key id, secret)` of a new key."""
    reply = await stage.call("POST", "/api/admin/keys", BOX_OFFICE | more, token=ADMIN_KEY)
    assert reply.status == 201, reply.body
    return reply.body["data"]["key"], reply.body["api_key"]


async def hold(stage: Stage, token: str, **more: Any) -> Reply:
    body = {"show": SHOW_TEXT, "seats": ["A-1"]}
    return await stage.call("POST", "/api/reservations", body, token=token, key="k", **more)


async def exchange(stage: Stage, secret: str, *permissions: str) -> Reply:
    body = {"api_key": secret} | ({"permissions": list(permissions)} if permissions else {})
    return await stage.call("POST", "/api/auth/token", body)


async def test_a_key_is_shown_once_and_sells() -> None:
    stage = Stage(decide=grant)
    key_id, secret = await make(stage)
    assert secret.startswith("osk_live_")
    assert (await hold(stage, secret)).status == 201
    assert stage.commands[0].account == key_id
    listed = await stage.call("GET", "/api/admin/keys", token=ADMIN_KEY)
    (line,) = [line for line in listed.body["data"] if line["key"] == key_id]
    assert (line["permissions"], line["requests_per_min"], line["made_by"]) == (["booking", "group"], 100, "key_house")
    assert secret.encode() not in listed.raw
    assert secret.startswith(line["shown_prefix"])


async def test_the_list_has_pages() -> None:
    stage = Stage()
    seen, target = [], "/api/admin/keys?limit=2"
    while target:
        page = await stage.call("GET", target, token=ADMIN_KEY)
        seen += [line["key"] for line in page.body["data"]]
        assert page.body["has_more"] == ("link" in page.headers)
        target = page.headers.get("link", "").partition(">")[0].removeprefix("<")
    assert seen == sorted(stage.key_table.rows)


async def test_after_a_rotation_both_secrets_work_for_a_while() -> None:
    stage = Stage(decide=grant)
    key_id, before = await make(stage)
    rotated = await stage.call("POST", f"/api/admin/keys/{key_id}/rotate", {"overlap_s": 60}, token=ADMIN_KEY)
    after = rotated.body["api_key"]
    assert after not in {before, None}
    assert [(await hold(stage, secret)).status for secret in (before, after)] == [201, 201]
    assert {command.account for command in stage.commands} == {key_id}
    stage.clock.advance(60 * SECOND)
    assert [(await hold(stage, secret)).status for secret in (before, after)] == [401, 201]


async def test_a_revoked_key_ends_with_its_tokens_within_seconds() -> None:
    stage = Stage(decide=grant)
    key_id, secret = await make(stage)
    token = (await exchange(stage, secret)).body["token"]
    assert (await hold(stage, token)).status == 201
    assert (await stage.call("POST", f"/api/admin/keys/{key_id}/revoke", token=ADMIN_KEY)).status == 200
    stage.clock.advance(5 * SECOND)
    for credential in (secret, token):
        refused = await hold(stage, credential)
        assert (refused.status, refused.body["code"]) == (401, "key_revoked")
    again = await stage.call("POST", f"/api/admin/keys/{key_id}/rotate", token=ADMIN_KEY)
    assert (again.status, again.body["code"]) == (409, "key_gone")


async def test_while_the_secret_is_changed_no_process_refuses_what_another_one_signed() -> None:
    before, prepared, changed, after = (
        Stage(decide=grant, secrets=secrets) for secrets in ([SECRET], [SECRET, NEW], [NEW, SECRET], [NEW])
    )
    old = [(await exchange(before, PARTNER_KEY)).body["token"], before.fan()]
    new = [(await exchange(changed, PARTNER_KEY)).body["token"], changed.fan()]
    for stage in (prepared, changed):
        assert [(await hold(stage, token)).status for token in (*old, *new)] == [201] * 4
    # Who gives the old one up ends its tokens, and only those; who never knew the new one is the reason to prepare.
    for stage, good, ended in ((after, new, old), (before, old, new)):
        assert [(await hold(stage, token)).status for token in good] == [201] * 2
        for token in ended:
            refused = await hold(stage, token)
            assert (refused.status, refused.body["code"]) == (401, "token_invalid")
            assert refused.headers["www-authenticate"] == 'Bearer realm="onsale", error="invalid_token"'
        assert (await hold(stage, PARTNER_KEY)).status == 201, "a key is of no secret"


async def test_a_key_is_exchanged_for_some_of_what_it_has() -> None:
    stage = Stage(decide=grant)
    _, secret = await make(stage, permissions=["book", "read", "group"])
    given = (await exchange(stage, secret, "read")).body
    assert (given["permissions"], given["expires_in"], given["token_type"]) == (["read"], 3600, "Bearer")
    reader = await stage.call("GET", "/api/auth/validate", token=given["token"])
    assert (reader.body["kind"], reader.body["permissions"]) == ("token", ["read"])
    assert (await hold(stage, given["token"])).body["code"] == "insufficient_scope"
    whole = (await exchange(stage, secret)).body
    assert whole["permissions"] == ["booking", "group", "read"]
    assert (await hold(stage, whole["token"])).status == 201
    stage.clock.advance(HOUR)
    assert (await hold(stage, whole["token"])).body["code"] == "token_expired"


@pytest.mark.parametrize(
    ("secret", "permissions", "status", "code"),
    [
        (READER_KEY, ["booking"], 403, "insufficient_scope"),
        (PARTNER_KEY, ["admin"], 403, "insufficient_scope"),
        (PARTNER_KEY, ["king"], 400, "invalid_request"),
        (REVOKED_KEY, ["booking"], 401, "key_revoked"),
        ("osk_live_" + "9" * 48, ["read"], 401, "token_invalid"),
        ("rubbish", ["read"], 401, "token_invalid"),
    ],
)
async def test_more_than_the_key_has_is_refused(secret: str, permissions: list[str], status: int, code: str) -> None:
    reply = await exchange(Stage(), secret, *permissions)
    assert (reply.status, reply.body["code"]) == (status, code)


async def test_a_token_of_an_admins_key_may_do_what_was_asked_for_and_no_more() -> None:
    stage = Stage()
    admin = (await exchange(stage, ADMIN_KEY)).body["token"]
    assert (await stage.call("GET", "/api/admin/keys", token=admin)).status == 200
    seller = (await exchange(stage, ADMIN_KEY, "booking")).body["token"]
    assert (await stage.call("GET", "/api/admin/keys", token=seller)).status == 403


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        ({"venues": [VENUE]}, 201),
        ({"shows": [SHOW_TEXT]}, 201),
        ({"venues": [ELSEWHERE], "shows": [SHOW_TEXT]}, 201),
        ({"venues": [ELSEWHERE]}, 403),
        ({"shows": ["shw_00000000ff"]}, 403),
        ({"addresses": ["192.0.2.0/24", "2001:db8::/32"]}, 201),
        ({"addresses": ["192.0.2.8"]}, 403),
    ],
)
async def test_a_key_is_limited_to_venues_shows_and_addresses(limits: dict[str, Any], status: int) -> None:
    stage = Stage(decide=grant)
    _, secret = await make(stage, **limits)
    assert (await hold(stage, secret)).status == status


async def test_limits_are_changed_one_by_one() -> None:
    stage = Stage(decide=grant)
    key_id, secret = await make(stage, venues=[ELSEWHERE])
    assert (await hold(stage, secret)).status == 403
    changed = await stage.call("PATCH", f"/api/admin/keys/{key_id}", {"venues": []}, token=ADMIN_KEY)
    assert changed.body["data"]["name"] == "box office"
    stage.clock.advance(5 * SECOND)
    assert (await hold(stage, secret)).status == 201
    wrong = await stage.call("PATCH", f"/api/admin/keys/{key_id}", {"addresses": ["here"]}, token=ADMIN_KEY)
    assert (wrong.status, wrong.body["errors"]) == (
        400, [{"pointer": "/addresses", "code": "not_an_address_range"}],
    )  # fmt: skip


async def test_an_admin_who_is_limited_makes_no_keys_and_stays_within_their_venues() -> None:
    stage = Stage()
    _, secret = await make(stage, permissions=["admin"], venues=[ELSEWHERE])
    for method, path, body in (
        ("POST", "/api/admin/keys", BOX_OFFICE),
        ("GET", "/api/admin/keys", None),
        ("POST", "/api/admin/venues", {"name": "another"}),
        ("PUT", f"/api/admin/venues/{VENUE}/layout", {"capacity": 100}),
        ("POST", f"/api/admin/shows/{SHOW_TEXT}/close", {}),
        ("POST", "/api/admin/shows", {"name": "x", "starts_at": "2100-01-01T00:00:00Z", "capacity": 100}),
    ):
        reply = await stage.call(method, path, body, token=secret, key="k")
        assert (reply.status, reply.body["code"]) == (403, "insufficient_scope"), path
    assert stage.commands == []


async def test_only_admins_come_near_keys() -> None:
    stage = Stage()
    for method, path in (
        ("POST", "/api/admin/keys"),
        ("GET", "/api/admin/keys"),
        ("GET", "/api/admin/keys/key_house"),
        ("PATCH", "/api/admin/keys/key_house"),
        ("POST", "/api/admin/keys/key_house/rotate"),
        ("POST", "/api/admin/keys/key_house/revoke"),
    ):
        assert (await stage.call(method, path, {}, token=PARTNER_KEY)).status == 403
        assert (await stage.call(method, path, {}, token=stage.fan())).status == 403


async def test_whoever_asks_learns_what_their_token_is_worth() -> None:
    stage = Stage()
    fan = (await stage.call("GET", "/api/auth/validate", token=stage.fan())).body
    assert (fan["kind"], fan["account"], fan["show"], fan["permissions"]) == ("pass", "ent_anna", SHOW_TEXT, [])
    key = (await stage.call("GET", "/api/auth/validate", token=PARTNER_KEY)).body
    assert (key["kind"], key["permissions"], "expires_at" in key) == ("key", ["booking", "read"], False)
    right = (await stage.call("GET", "/api/auth/validate", token=stage.reservation_token("rsv_1"))).body
    assert (right["kind"], right["reservation"]) == ("reservation", "rsv_1")
    assert (await stage.call("GET", "/api/auth/validate", token=REVOKED_KEY)).status == 401
