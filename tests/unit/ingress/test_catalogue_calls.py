"""What admins do."""

import pytest

from tests.unit.ingress.stage import ADMIN_KEY, PARTNER_KEY, SHOW_TEXT, Reply, Stage
from tests.unit.ingress.tales import DAY, SECOND, SHOW, T0, VENUE
from ticketing import messages
from ticketing.clock import rfc3339
from ticketing.messages import AnyCommand, AnyOutcome

pytestmark = pytest.mark.anyio

SHORT = {"name": "A Night", "starts_at": rfc3339(T0 + DAY), "capacity": 100}


def open_it(command: AnyCommand, offset: int) -> list[AnyOutcome]:
    head = {
        "show": command.show,
        "seq": 1,
        "at_ms": T0,
        "offset": offset,
        "key": command.key,
        "account": command.account,
    }
    if isinstance(command, messages.CloseShow):
        return [messages.ShowClosed(**head)]  # type: ignore[arg-type]
    assert isinstance(command, messages.OpenShow)
    return [
        messages.ShowOpened(layout=command.layout, currency=command.currency, policy=command.policy, **head)  # type: ignore[arg-type]
    ]


async def make(stage: Stage, body: object = SHORT, key: str = "k") -> Reply:
    return await stage.call("POST", "/api/admin/shows", body, token=ADMIN_KEY, key=key)


async def test_a_name_a_time_and_a_capacity_make_a_show() -> None:
    stage = Stage(decide=open_it)
    reply = await make(stage)
    assert reply.status == 201
    made = reply.body
    assert (made["status"], made["total_seats"], made["available_seats"]) == ("open", 100, 100)
    assert reply.headers["location"] == f"/api/events/{made['show']}"
    command = stage.commands[0]
    assert isinstance(command, messages.OpenShow)
    assert command.closes_at_ms == command.starts_at_ms == T0 + DAY
    assert made["venue"] in stage.catalogue.venues


async def test_venues_are_listed_the_newest_first_with_their_newest_layouts() -> None:
    stage = Stage()
    for name in ("The Barn", "The Other Hall"):
        stage.clock.advance(SECOND)
        await stage.call("POST", "/api/admin/venues", {"name": name}, token=ADMIN_KEY)
    first = (await stage.call("GET", "/api/admin/venues?limit=2", token=ADMIN_KEY)).body
    rest = (await stage.call("GET", f"/api/admin/venues?limit=2&after={first['next_cursor']}", token=ADMIN_KEY)).body
    assert [line["name"] for line in first["data"]] == ["The Other Hall", "The Barn"]
    assert "layout" not in first["data"][0]
    (oldest,) = rest["data"]
    assert (oldest["venue"], oldest["version"], oldest["total_seats"]) == (VENUE, 1, 35)
    assert not rest["has_more"]
    named = (await stage.call("GET", "/api/admin/venues?q=hall", token=ADMIN_KEY)).body
    assert [line["name"] for line in named["data"]] == ["The Other Hall", "The Hall"]
    assert (await stage.call("GET", "/api/admin/venues", token=PARTNER_KEY)).status == 403


async def test_made_again_with_the_same_key_it_is_the_same_show() -> None:
    stage = Stage(decide=open_it)
    first = (await make(stage)).body
    again = await make(stage)
    assert again.body["show"] == first["show"]
    other = await make(stage, SHORT | {"capacity": 101})
    assert (other.status, other.body["code"]) == (422, "idempotency_key_reused")
    assert len({command.key for command in stage.commands}) == 1


async def test_an_open_show_is_told_as_it_is_and_asked_for_no_more() -> None:
    stage = Stage(decide=open_it)
    reply = await stage.call("POST", f"/api/admin/shows/{SHOW_TEXT}/open", token=ADMIN_KEY, key="k-1")
    assert (reply.status, reply.headers["idempotent-replayed"], stage.commands) == (201, "true", [])


async def test_a_show_whose_opening_got_no_answer_can_be_opened_later() -> None:
    stage = Stage(decide=open_it)
    stage.ledger.open_shows.clear()
    reply = await stage.call("POST", f"/api/admin/shows/{SHOW_TEXT}/open", token=ADMIN_KEY, key="k-1")
    assert reply.status == 201
    assert stage.commands[0].key == SHOW.to_bytes(16)


async def test_closing() -> None:
    stage = Stage(decide=open_it)
    rain = {"reason": "rain"}
    reply = await stage.call("POST", f"/api/admin/shows/{SHOW_TEXT}/close", rain, token=ADMIN_KEY, key="k-1")
    assert (reply.status, reply.body["status"]) == (200, "closed")
    missing = await stage.call("POST", "/api/admin/shows/shw_00000000ff/close", token=ADMIN_KEY, key="k-2")
    assert missing.body["code"] == "show_not_found"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"capacity": 9}, "layout_invalid"),
        ({"capacity": 0}, "layout_invalid"),
        ({"capacity": -1}, "layout_invalid"),
        ({"capacity": 200_001}, "layout_invalid"),
        ({"capacity": None, "rows": 2000, "seats_per_row": 101}, "layout_invalid"),
        ({"capacity": None, "rows": 3}, "invalid_request"),
        ({"capacity": None}, "invalid_request"),
        ({"venue": VENUE}, "invalid_request"),
        ({"layout": "lay_" + "1" * 32}, "invalid_request"),
        ({"capacity": None, "venue": "ven_" + "9" * 32}, "not_found"),
        ({"starts_at": "tomorrow"}, "invalid_request"),
        ({"starts_at": "2026-01-01T00:00:00"}, "invalid_request"),
        ({"starts_at": rfc3339(T0 - SECOND)}, "times_invalid"),
        ({"closes_at": rfc3339(T0)}, "times_invalid"),
        ({"opens_at": "1969-01-01T00:00:00Z"}, "times_invalid"),
        ({"currency": "euro"}, "invalid_request"),
        ({"prices": {"none such": 5}}, "layout_invalid"),
        ({"prices": {"standard": -5}}, "invalid_request"),
        ({"categories": []}, "invalid_request"),
        ({"categories": [{"name": "a", "price": 1}, {"name": "a", "price": 2}]}, "layout_invalid"),
        ({"name": ""}, "invalid_request"),
        ({"name": "x\u0000"}, "invalid_request"),
        ({"policy": {"hold_s": 59}}, "hold_time_out_of_range"),
        ({"policy": {"hold_s": 901}}, "hold_time_out_of_range"),
        ({"policy": {"hold_s": 300, "hold_max_s": 200}}, "hold_time_out_of_range"),
        ({"policy": {"hold_s": 0}, "test": True}, "invalid_request"),
        ({"policy": {"payment": "later"}}, "invalid_request"),
    ],
)
async def test_shows_that_cannot_be(change: dict[str, object], code: str) -> None:
    stage = Stage(decide=open_it)
    body = {name: value for name, value in (SHORT | change).items() if value is not None}
    reply = await make(stage, body)
    assert reply.body["code"] == code, reply.body
    assert stage.commands == []
    assert list(stage.catalogue.stored) == [SHOW]


async def test_the_rules_go_on_the_log() -> None:
    stage = Stage(decide=open_it)
    policy = {
        "hold_s": 2, "hold_max_s": 10, "seats_per_hold": 4, "max_held_seats_per_person": 6, "payment": "required",
        "admission_required": False,
    }  # fmt: skip
    reply = await make(stage, SHORT | {"test": True, "policy": policy})
    assert reply.status == 201
    command = stage.commands[0]
    assert isinstance(command, messages.OpenShow)
    assert (command.policy.hold_s, command.policy.seats_per_hold_max, command.policy.payment_required) == (2, 4, True)
    assert {name: reply.body["rules"][name] for name in policy} == policy


async def test_a_venue_made_twice_with_one_key_is_one_venue() -> None:
    stage = Stage()
    made = [
        (await stage.call("POST", "/api/admin/venues", {"name": "Barn"}, token=ADMIN_KEY, key="k")).body["venue"]
        for _ in range(2)
    ]
    assert made[0] == made[1]
    other = await stage.call("POST", "/api/admin/venues", {"name": "Shed"}, token=ADMIN_KEY, key="k")
    assert other.body["code"] == "idempotency_key_reused"
