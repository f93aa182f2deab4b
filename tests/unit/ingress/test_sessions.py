"""Who asks from our own pages: what a cookie opens, and what it never does."""

from typing import Any

import pytest

from ingress.operations import Who
from ingress.pages import FOR_ADMINS, FOR_PARTNERS
from tests.unit.ingress.at_pages import Visitor, give, two_partners
from tests.unit.ingress.stage import ADMIN_KEY, PARTNER_KEY, REVOKED_KEY, SHOW_TEXT, Stage
from tests.unit.ingress.tales import HOUR, SECOND, SHOW, T0, reservation
from ticketing import messages
from ticketing.messages import AnyCommand, AnyOutcome
from ticketing.staff import SESSION_COOKIE, StaffKeys, StaffSession
from ticketing.vocabulary import booking_text

pytestmark = pytest.mark.anyio

KEYS = "/api/admin/keys"
HOOKS = "/api/admin/webhooks"
HOOK = {"url": "https://partner.example/in"}


async def test_an_admin_at_the_page_does_what_an_admins_key_does_and_is_named() -> None:
    stage = Stage()
    ann = Visitor(stage, "admin")
    made = await ann.call("POST", KEYS, {"name": "box office", "permissions": ["read"]})
    assert (made.status, made.body["data"]["made_by"]) == (201, "per_ann")
    assert made.body["api_key"].startswith("osk_live_")
    listed = await ann.call("GET", KEYS, half="")
    assert {line["key"] for line in listed.body["data"]} == set(stage.key_table.rows)


@pytest.mark.parametrize("half", ["", "guessed", "the-other-hal"])
async def test_a_request_that_another_site_made_changes_nothing(half: str) -> None:
    stage = two_partners()
    before = dict(stage.key_table.rows)
    for visitor in (Visitor(stage, "admin"), Visitor(stage, "partner", partner="acme", name="ben")):
        for method, path, body in (
            ("POST", KEYS, {"name": "box office", "permissions": ["read"]}),
            ("PATCH", f"{KEYS}/key_partner", {"name": "x"}),
            ("POST", f"{KEYS}/key_partner/rotate", {}),
            ("POST", f"{KEYS}/key_partner/revoke", None),
            ("POST", HOOKS, HOOK),
            ("DELETE", f"{HOOKS}/whk_1", None),
        ):
            reply = await visitor.call(method, path, body, half=half, of="key_partner")
            assert (reply.status, reply.body["code"]) == (403, "insufficient_scope"), path
    assert stage.key_table.rows == before
    assert stage.webhooks.rows == {}
    # Nobody was even asked for: a flood of such requests costs the database nothing.
    assert stage.sessions.asked == 0


async def test_a_session_is_over_at_once() -> None:
    stage = Stage()
    ann = Visitor(stage, "admin")
    assert (await ann.call("GET", KEYS)).status == 200
    ann.sign_out()
    for method in ("GET", "POST"):
        over = await ann.call(method, KEYS, {"name": "x", "permissions": ["read"]})
        assert (over.status, over.body["code"]) == (401, "token_expired")
    late = Visitor(stage, "admin")
    stage.clock.advance(HOUR)
    assert (await late.call("GET", KEYS)).status == 401


async def test_a_cookie_that_we_did_not_sign_is_nobodys() -> None:
    stage = Stage()
    ann = Visitor(stage, "admin")
    forged = StaffKeys(["another secret"]).sign_session(StaffSession(ann.session, "h", stage.clock.now_ms() + HOUR))
    for cookie in (forged, "", "rubbish", "x" * 9_000):
        reply = await stage.call("GET", KEYS, headers={"cookie": f"{SESSION_COOKIE}={cookie}"})
        assert reply.status == 401
    assert (await stage.call("GET", KEYS, headers={"cookie": f"not{ann.cookie}"})).status == 401
    assert stage.sessions.asked == 0


async def test_a_key_beside_a_cookie_is_what_counts_and_the_session_is_not_looked_up() -> None:
    stage = Stage()
    ann = Visitor(stage, "admin")
    assert (await ann.call("GET", KEYS, token=PARTNER_KEY)).status == 403
    assert (await ann.call("GET", KEYS, token=ADMIN_KEY, half="")).status == 200
    assert (await ann.call("GET", KEYS, token="rubbish")).status == 401  # noqa: S106 -- no secret of anybody
    assert stage.sessions.asked == 0


async def test_no_cookie_holds_books_or_pays() -> None:
    """Whoever is signed in and looks at the shop buys with a pass, as everybody does."""
    stage = two_partners()
    visitors = (Visitor(stage, "admin"), Visitor(stage, "partner", partner="acme", name="ben"))
    for_pages = FOR_ADMINS | FOR_PARTNERS
    for operation in stage.operations:
        if operation.who is Who.ANYBODY or operation.name in for_pages:
            continue
        path = operation.path.replace("{show}", SHOW_TEXT)
        for visitor in visitors:
            reply = await visitor.call(operation.method, path, {}, of="key_partner", key="k")
            assert (reply.status, reply.body["code"]) == (401, "unauthenticated"), operation.name
    assert (stage.commands, stage.sessions.asked) == ([], 0)


def test_what_serves_pages_is_there_and_moves_no_stock_for_anybody() -> None:
    operations = {operation.name: operation for operation in Stage().operations}
    assert operations.keys() >= FOR_PARTNERS | FOR_ADMINS
    assert not FOR_PARTNERS & FOR_ADMINS
    # What goes to the log is an admin's, but for what gives back; nothing of it holds a place or takes money.
    assert {name for name in FOR_PARTNERS if operations[name].waits} == {"cancel"}
    on_the_log = {name for name in FOR_ADMINS if operations[name].waits}
    orders = {"add_show", "open_show", "change_show", "close_show", "cancel_show"}
    assert on_the_log == {"put_allocation", "delete_allocation"} | orders
    assert {operations[name].who for name in FOR_ADMINS} == {Who.ADMIN}
    assert not any(operations[name].holds or operations[name].body_raw for name in FOR_PARTNERS | FOR_ADMINS)


@pytest.mark.parametrize(("roles", "partner"), [(("operator",), ""), (("partner",), ""), (("operator",), "acme")])
async def test_other_roles_open_nothing(roles: tuple[str, ...], partner: str) -> None:
    stage = two_partners()
    visitor = Visitor(stage, *roles, partner=partner)
    for path in (KEYS, HOOKS, "/api/admin/usage", "/api/admin/dead-letters", "/api/bookings"):
        reply = await visitor.call("GET", path, of="key_partner")
        assert (reply.status, reply.body["code"]) == (403, "insufficient_scope"), path


async def test_a_partner_is_no_admin() -> None:
    stage = two_partners()
    give(stage, ADMIN_KEY, "acme")
    ben = Visitor(stage, "partner", partner="acme")
    for name in FOR_ADMINS:
        operation = next(one for one in stage.operations if one.name == name)
        path = operation.path.replace("{show}", SHOW_TEXT)
        for of in ("", "key_partner", "key_house"):
            reply = await ben.call(operation.method, path, {}, of=of, key="k")
            assert (reply.status, reply.body["code"]) == (403, "insufficient_scope"), name
    assert stage.commands == []
    # Not even with an admin's key of their own company: its secret is for machines.
    seen = await ben.call("GET", "/api/admin/logs?key=key_reader", of="key_house")
    assert seen.status == 200
    assert {line["key"] for line in seen.body["data"]} <= {"key_house"}


@pytest.mark.parametrize("path", [HOOKS, "/api/admin/usage", "/api/admin/logs", "/api/bookings"])
async def test_a_partner_sees_with_keys_of_their_own_alone(path: str) -> None:
    stage = two_partners()
    ben = Visitor(stage, "partner", partner="acme")
    assert (await ben.call("GET", path, of="key_partner")).status == 200
    for of in ("key_reader", "key_house", "key_nobody", "per_ann"):
        reply = await ben.call("GET", path, of=of)
        assert (reply.status, reply.body["code"]) == (403, "insufficient_scope"), of


async def test_a_webhook_of_another_partner_is_not_there() -> None:
    stage = two_partners()
    ben = Visitor(stage, "partner", partner="acme", name="ben")
    zoe = Visitor(stage, "partner", partner="zenith", name="zoe")
    made = await ben.call("POST", HOOKS, HOOK, of="key_partner")
    assert (made.status, made.body["data"]["account"]) == (201, "key_partner")
    assert made.body["secret"].startswith("whsec_")
    hook = made.body["data"]["webhook"]
    assert (await ben.call("GET", f"{HOOKS}/{hook}", of="key_partner")).status == 200
    for method, path, body in (
        ("GET", f"{HOOKS}/{hook}", None),
        ("GET", f"{HOOKS}/{hook}/deliveries", None),
        ("PATCH", f"{HOOKS}/{hook}", {"enabled": False}),
        ("POST", f"{HOOKS}/{hook}/rotate", {}),
        ("POST", f"{HOOKS}/{hook}/deliveries/evt_1/resend", None),
        ("DELETE", f"{HOOKS}/{hook}", None),
    ):
        assert (await zoe.call(method, path, body, of="key_reader")).status == 404, path
        assert (await zoe.call(method, path, body, of="key_partner")).status == 403, path
    theirs = await zoe.call("POST", HOOKS, HOOK | {"account": "key_" + "0" * 16}, of="key_reader")
    assert theirs.status == 403
    ann = Visitor(stage, "admin")
    assert [line["webhook"] for line in (await ann.call("GET", HOOKS)).body["data"]] == [hook]


async def test_a_booking_is_given_up_by_the_people_of_whose_key_made_it() -> None:
    key = b"b" * 16
    booked = reservation(key, seats=(0,), status="booked", account="key_partner")

    def give_up(command: AnyCommand, offset: int) -> list[AnyOutcome]:
        head = {"show": SHOW, "seq": 1, "at_ms": T0, "offset": offset, "key": command.key, "account": command.account}
        gone = reservation(key, seats=(0,), status="cancelled", account="key_partner")
        return [messages.BookingCancelled(reservation=gone, **head)]  # type: ignore[arg-type]

    stage = two_partners()
    stage.decide = give_up
    stage.ledger.reservations[key] = booked
    path = f"/api/bookings/{booking_text(SHOW, key)}"
    ben = Visitor(stage, "partner", partner="acme", name="ben")
    assert (await ben.call("GET", path, of="key_partner")).body["status"] == "booked"
    assert (await ben.call("DELETE", path, of="key_partner", half="")).status == 403
    zoe = Visitor(stage, "partner", partner="zenith", name="zoe")
    for method in ("GET", "DELETE"):
        # Of another partner, and with a key that may only read.
        assert (await zoe.call(method, path, of="key_reader")).status == 403
    assert stage.commands == []
    gone = await ben.call("DELETE", path, of="key_partner", key="k")
    assert (gone.status, gone.body["status"]) == (200, "cancelled")
    assert [command.account for command in stage.commands] == ["key_partner"]


async def test_a_revoked_key_can_be_looked_back_at_and_changes_nothing() -> None:
    stage = two_partners()
    give(stage, REVOKED_KEY, "acme")
    ben = Visitor(stage, "partner", partner="acme")
    assert (await ben.call("GET", HOOKS, of="key_gone")).status == 200
    assert (await ben.call("POST", HOOKS, HOOK, of="key_gone")).status == 403
    assert stage.webhooks.rows == {}


async def test_looking_around_takes_nothing_from_the_key_and_is_no_traffic_of_it() -> None:
    stage = two_partners()
    ben = Visitor(stage, "partner", partner="acme")
    for _ in range(150):
        assert (await ben.call("GET", HOOKS, of="key_partner")).status == 200
    machine = await stage.call("GET", HOOKS, token=PARTNER_KEY)
    assert (machine.status, machine.headers["ratelimit"].split(";")[1]) == (200, "r=99")
    assert [line.operation for line in stage.request_log.take(10)] == ["list_webhooks"]
    for _ in range(150):
        await ben.call("GET", HOOKS, of="key_partner")
    assert (await ben.call("GET", HOOKS, of="key_partner")).body["code"] == "rate_limited"
    stage.clock.advance(60 * SECOND)
    assert (await ben.call("GET", HOOKS, of="key_partner")).status == 200


async def test_while_nobody_can_be_asked_nobody_is_let_in() -> None:
    stage = Stage()
    ann = Visitor(stage, "admin")
    stage.ledger.away = True
    away: Any = await ann.call("GET", KEYS)
    assert (away.status, away.body["code"]) == (503, "sales_paused")
