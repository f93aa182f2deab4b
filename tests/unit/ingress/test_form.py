"""The form of calls: every bad one is answered by a problem of its own, and reaches no store and no log."""

import gzip
import json

import pytest

from ingress.asgi import Message, Response, Scope
from ingress.operations import BODY_BYTES_MAX, KeyUse
from ingress.service import NotTaken
from tests.unit.ingress.stage import ADMIN_KEY, PARTNER_KEY, READER_KEY, REVOKED_KEY, SHOW_TEXT, Reply, Stage
from tests.unit.ingress.tales import SHOW, VENUE
from ticketing.problems import PROBLEMS
from ticketing.vocabulary import reservation_text

pytestmark = pytest.mark.anyio

HOLD = {"show": SHOW_TEXT, "seats": ["A-1"]}
RESERVATION = reservation_text(SHOW, b"r" * 16)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def is_problem(reply: Reply, code: str) -> bool:
    problem = reply.body
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["x-request-id"] == problem["request_id"]
    assert {"type", "title", "status", "detail", "instance", "code", "retryable"} <= set(problem)
    assert problem["status"] == reply.status == PROBLEMS[problem["code"]].status
    assert problem["code"] == code, problem
    return True


async def hold(stage: Stage, body: object = HOLD, **how: object) -> Reply:
    given = {"token": stage.fan(), "key": "k1"} | how
    return await stage.call("POST", "/api/reservations", body, **given)  # type: ignore[arg-type]


BAD_BODIES = {
    "not JSON": (b"{", "malformed_json"),
    "a lone surrogate": (b'{"show": "\\ud800"}', "malformed_json"),
    "empty": (b"", "body_missing"),
    "blanks": (b"  \n", "body_missing"),
    "a list": (b"[]", "invalid_request"),
    "null": (b"null", "invalid_request"),
    "no show": ({"seats": ["A-1"]}, "invalid_request"),
    "a misspelt field": (HOLD | {"seat": "A-1"}, "invalid_request"),
    "a number for a text": (HOLD | {"show": 7}, "invalid_request"),
    "a text for a number": (HOLD | {"hold_s": "60"}, "invalid_request"),
    "a text for a list": (HOLD | {"seats": "A-1"}, "invalid_request"),
    "true for a number": ({"show": SHOW_TEXT, "best": {"quantity": True}}, "invalid_request"),
    "a negative quantity": ({"show": SHOW_TEXT, "areas": [{"area": "floor", "quantity": -1}]}, "invalid_request"),
    "a quantity of none": ({"show": SHOW_TEXT, "best": {"quantity": 0}}, "invalid_request"),
    "half a place": ({"show": SHOW_TEXT, "best": {"quantity": 1.5}}, "invalid_request"),
    "a number that is too large to be whole": ({"show": SHOW_TEXT, "best": {"quantity": 1e300}}, "invalid_request"),
    "a huge number": ({"show": SHOW_TEXT, "best": {"quantity": 10**30}}, "invalid_request"),
    "NUL in a label": (HOLD | {"seats": ["A\u0000"]}, "invalid_request"),
    "a seat named twice": (HOLD | {"seats": ["A-1", "A-1"]}, "invalid_request"),
    "an id of another kind": (HOLD | {"show": RESERVATION}, "invalid_id"),
    "a show that there is not": (HOLD | {"show": "shw_00000000ff"}, "show_not_found"),
    "seats that there are not": (HOLD | {"seats": ["Z-99"]}, "unknown_places"),
    "an area that there is not": ({"show": SHOW_TEXT, "areas": [{"area": "roof", "quantity": 1}]}, "unknown_places"),
    "nothing": ({"show": SHOW_TEXT}, "nothing_asked_for"),
    "eleven seats": ({"show": SHOW_TEXT, "best": {"quantity": 11}}, "too_many_seats"),
    "too short a hold": (HOLD | {"hold_s": 1}, "hold_time_out_of_range"),
    "too long a hold": (HOLD | {"hold_s": 9000}, "hold_time_out_of_range"),
    "too large": (b'"' + b"x" * BODY_BYTES_MAX + b'"', "body_too_large"),
}


@pytest.mark.parametrize("what", BAD_BODIES)
async def test_bad_bodies(stage: Stage, what: str) -> None:
    body, code = BAD_BODIES[what]
    assert is_problem(await hold(stage, body), code)
    assert stage.commands == []


async def test_a_whole_number_may_be_written_with_a_point(stage: Stage) -> None:
    # In JSON Schema, by which callers are made, 60.0 is an integer.
    stage.log_says = NotTaken("busy", "for once")
    body = b'{"show": "%s", "areas": [{"area": "floor", "quantity": 2.0}], "hold_s": 60.0}' % SHOW_TEXT.encode()
    assert is_problem(await hold(stage, body), "busy")


async def test_fifty_one_seats_are_too_many_for_a_partner(stage: Stage) -> None:
    wish = {"show": SHOW_TEXT, "areas": [{"area": "floor", "quantity": 51}]}
    assert is_problem(await hold(stage, wish, token=PARTNER_KEY), "too_many_seats")


async def test_the_fields_at_fault_are_named(stage: Stage) -> None:
    reply = await hold(stage, {"show": SHOW_TEXT, "areas": [{"area": "floor", "quantity": -1}], "a/b": 1})
    found = {(error["pointer"], error["code"]) for error in reply.body["errors"]}
    assert found == {("/areas/0/quantity", "greater_than_equal"), ("/a~1b", "extra_forbidden")}


async def test_places_that_there_are_not_are_named_by_label(stage: Stage) -> None:
    reply = await hold(stage, HOLD | {"seats": ["A-1", "Z-1", "Z-2"]})
    assert reply.body["conflicts"] == [{"label": "Z-1", "reason": "unknown"}, {"label": "Z-2", "reason": "unknown"}]


async def test_a_body_in_pieces_is_bounded_although_it_never_said_how_long_it_is(stage: Stage) -> None:
    pieces = [b'{"show":'] + [b" " * 8192] * 9
    assert is_problem(await hold(stage, pieces=pieces), "body_too_large")
    whole = json.dumps(HOLD).encode()
    stage.log_says = NotTaken("busy", "for once")
    assert is_problem(await hold(stage, pieces=[whole[:9], whole[9:], b""]), "busy")


async def test_media_types(stage: Stage) -> None:
    for media_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        reply = await hold(stage, headers={"content-type": media_type})
        assert is_problem(reply, "unsupported_media_type")
    assert is_problem(await hold(stage, headers={"content-encoding": "gzip"}), "unsupported_media_type")
    stage.log_says = NotTaken("busy", "for once")
    assert is_problem(await hold(stage, headers={"content-type": "Application/JSON; charset=utf-8"}), "busy")


async def test_gzip_is_for_layouts_and_cannot_be_a_bomb(stage: Stage) -> None:
    target = f"/api/admin/venues/{VENUE}/layout?validate_only=true"
    squeezed = gzip.compress(json.dumps({"capacity": 100}).encode())
    headers = {"content-encoding": "gzip"}
    reply = await stage.call("PUT", target, squeezed, token=ADMIN_KEY, headers=headers)
    assert (reply.status, reply.body["total_seats"]) == (200, 100)
    bomb = gzip.compress(b" " * (33 * 1024 * 1024))
    reply = await stage.call("PUT", target, bomb, token=ADMIN_KEY, headers=headers)
    assert is_problem(reply, "body_too_large")
    for broken in (b"not gzip", squeezed[:-9]):
        reply = await stage.call("PUT", target, broken, token=ADMIN_KEY, headers=headers)
        assert is_problem(reply, "malformed_json")


async def test_idempotency_keys(stage: Stage) -> None:
    assert is_problem(await hold(stage, key=None), "idempotency_key_missing")
    for key in ("", '""', "x" * 201):
        assert is_problem(await hold(stage, key=key), "idempotency_key_invalid")
    confirm = {"reservation": RESERVATION}
    reply = await stage.call("POST", "/api/bookings", confirm, token=stage.fan())
    assert is_problem(reply, "idempotency_key_missing")
    for path in ("", f"/{SHOW_TEXT}/open", f"/{SHOW_TEXT}/close", f"/{SHOW_TEXT}/cancel"):
        reply = await stage.call("POST", f"/api/admin/shows{path}", {}, token=ADMIN_KEY)
        assert is_problem(reply, "idempotency_key_missing")
    assert stage.commands == []


def test_every_post_about_stock_and_money_needs_a_key(stage: Stage) -> None:
    about = ("/api/reservations", "/api/bookings", "/api/admin/shows", "/api/admin/refunds")
    free = {"quote", "send_booking_link"}  # neither changes stock or money
    posts = [row for row in stage.operations if row.method == "POST" and row.path.startswith(about)]
    assert {row.name for row in posts if row.key is not KeyUse.REQUIRED} == free
    assert len(posts) > len(free)


async def test_tokens(stage: Stage) -> None:
    pass_ = stage.fan()
    expired = stage.fan(minutes=-1)
    forged = pass_[:-4] + ("AAAA" if pass_[-4:] != "AAAA" else "BBBB")
    cases = {
        None: "unauthenticated",
        "": "unauthenticated",
        "nonsense": "token_invalid",
        "x" * 5000: "token_invalid",
        "\u00e9\u00e8": "token_invalid",
        forged: "token_invalid",
        expired: "token_expired",
        "osk_live_" + "0" * 48: "token_invalid",
        REVOKED_KEY: "key_revoked",
    }
    for token, code in cases.items():
        reply = await hold(stage, token=token)
        assert is_problem(reply, code)
        assert reply.headers["www-authenticate"].startswith("Bearer")
    basic = await stage.call("POST", "/api/reservations", HOLD, key="k", headers={"authorization": "Basic eDp5"})
    assert is_problem(basic, "unauthenticated")


async def test_rights(stage: Stage) -> None:
    assert is_problem(await hold(stage, token=READER_KEY), "insufficient_scope")
    assert is_problem(await hold(stage, token=stage.fan(show=SHOW + 1)), "wrong_show")
    assert is_problem(await hold(stage, token=stage.reservation_token(RESERVATION)), "insufficient_scope")
    other = reservation_text(SHOW, b"o" * 16)
    for method, path in (("DELETE", ""), ("PUT", "/extend")):
        reply = await stage.call(method, f"/api/reservations/{other}{path}", token=stage.reservation_token(RESERVATION))
        assert is_problem(reply, "not_yours")
    for token in (PARTNER_KEY, stage.fan()):
        assert is_problem(
            await stage.call("POST", "/api/admin/venues", {"name": "x"}, token=token), "insufficient_scope"
        )


async def test_paths_and_methods(stage: Stage) -> None:
    for path in ("/api", "/api/", "/api/nothing", "/api/reservations/", "/api/seats//", "/api/events/x/y"):
        assert is_problem(await stage.call("GET", path), "not_found")
    reply = await stage.call("PATCH", "/api/reservations")
    assert is_problem(reply, "method_not_allowed")
    assert reply.headers["allow"] == "POST"
    reply = await stage.call("POST", "/api/events")
    assert reply.headers["allow"] == "GET, HEAD"


async def test_ids_in_paths_that_are_not_ours_are_not_there(stage: Stage) -> None:
    for kind, code in (("reservations", "reservation"), ("bookings", "booking"), ("requests", "request")):
        for text in ("x", "rsv_", RESERVATION + "00", "%00", "\u2603"):
            reply = await stage.call("GET", f"/api/{kind}/{text}", token=PARTNER_KEY)
            assert is_problem(reply, f"{code}_not_found")
    for path in ("/api/events/x", f"/api/venues/{VENUE}/shows/x/seats", f"/api/venues/x/shows/{SHOW_TEXT}/seats"):
        assert is_problem(await stage.call("GET", path), "show_not_found")
    assert is_problem(await stage.call("GET", "/api/venues/x/seat-map"), "not_found")
    assert is_problem(await stage.call("GET", "/api/problems/x"), "not_found")


@pytest.mark.parametrize(
    "target",
    [
        "/api/events?limit=0",
        "/api/events?limit=x",
        "/api/events?from=yesterday",
        "/api/events?from=2026-01-01T00:00:00",
        "/api/events?to=0.5",
        "/api/events?to=1700000000",
        "/api/events?status=lost",
        "/api/events?after=!!!",
        "/api/events?q=%00",
        "/api/events?" + "&".join(f"x{number}=1" for number in range(60)),
        f"/api/venues/{VENUE}/shows/{SHOW_TEXT}/seats?bbox=1,2,3",
        f"/api/venues/{VENUE}/shows/{SHOW_TEXT}/seats?bbox=9,9,1,1e9",
        f"/api/venues/{VENUE}/seat-map?version=0",
        "/api/seats/A-1",
    ],
)
async def test_bad_queries(stage: Stage, target: str) -> None:
    reply = await stage.call("GET", target)
    assert is_problem(reply, "invalid_request")


async def test_a_bug_is_a_500_that_says_nothing_of_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def break_down(*_: object) -> Response:
        raise RuntimeError("a detail of ours")

    monkeypatch.setattr(stage.catalogue, "shows", break_down)
    reply = await stage.call("GET", "/api/events")
    assert is_problem(reply, "internal_error")
    assert b"detail of ours" not in reply.raw


async def test_a_request_id_is_kept_if_it_is_one(stage: Stage) -> None:
    kept = await stage.call("GET", "/api/events", headers={"x-request-id": "mine-1"})
    assert kept.headers["x-request-id"] == "mine-1"
    new = await stage.call("GET", "/api/events", headers={"x-request-id": "no good\u00e9"})
    assert len(new.headers["x-request-id"]) == 32


async def test_head_is_get_without_a_body(stage: Stage) -> None:
    whole = await stage.call("GET", f"/api/events/{SHOW_TEXT}")
    head = await stage.call("HEAD", f"/api/events/{SHOW_TEXT}")
    assert (head.status, head.raw) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.raw))


@pytest.mark.parametrize("can_deny", [True, False])
async def test_a_websocket_is_sent_away_in_words(stage: Stage, can_deny: bool) -> None:
    scope: Scope = {
        "type": "websocket",
        "path": "/api/events",
        "headers": [],
        "extensions": {"websocket.http.response": {}} if can_deny else {},
    }
    said: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        said.append(message)

    await stage.api(scope, receive, send)
    if can_deny:
        assert said[0]["status"] == 404
        assert json.loads(said[1]["body"])["code"] == "not_found"
    else:
        assert [message["type"] for message in said] == ["websocket.close"]
