"""Holding, extending, giving back, confirming, cancelling, reading: what callers are told of what was decided."""

import msgspec
import pytest

from ingress.service import NotTaken
from tests.unit.ingress.holds import grant, hold
from tests.unit.ingress.stage import ADMIN_KEY, PARTNER_KEY, SHOW_TEXT, Stage
from tests.unit.ingress.tales import PART, SECOND, SHOW, T0, held, refused, reservation
from ticketing import messages, telling
from ticketing.messages import AnyCommand, AnyOutcome, Conflict, Reservation
from ticketing.vocabulary import booking_text, request_text, reservation_text

pytestmark = pytest.mark.anyio

KEY = b"r" * 16
RESERVATION = reservation_text(SHOW, KEY)
BOOKING = booking_text(SHOW, KEY)
CONTACT = {"name": "Ada Lovelace", "email": "ada@example.org"}


def granted_with(kind: type[AnyOutcome], of: Reservation) -> "Stage":
    """A stage on which every command comes out as `kind`."""

    def decide(command: AnyCommand, offset: int) -> list[AnyOutcome]:
        made = kind(  # type: ignore[call-arg]
            show=SHOW, seq=2, at_ms=T0, offset=offset, key=command.key, account=command.account, reservation=of
        )
        return [made]

    return Stage(decide=decide)


async def test_a_hold_is_told_in_labels_and_money() -> None:
    stage = Stage(decide=grant)
    reply = await hold(stage)
    assert reply.status == 201
    answer = msgspec.json.decode(reply.raw, type=telling.ReservationAnswer)
    assert [(seat.seat, seat.category, seat.price) for seat in answer.seats] == [
        ("A-1", "front", 5000),
        ("B-2", "back", 3000),
    ]
    assert [(area.area, area.quantity, area.price) for area in answer.areas] == [("floor", 2, 3000)]
    assert (answer.total_amount, answer.currency, answer.status) == (14_000, "EUR", "held")
    assert answer.expires_at == "2027-01-15T08:05:00.000Z"
    assert answer.request == request_text(PART, 0, 0)
    assert reply.headers["location"] == f"/api/reservations/{answer.reservation}"
    assert "idempotent-replayed" not in reply.headers


async def test_the_reservation_token_finishes_that_reservation_and_no_other() -> None:
    stage = Stage(decide=grant)
    made = (await hold(stage)).body
    token = made["reservation_token"]
    assert (await stage.call("GET", f"/api/reservations/{made['reservation']}", token=token)).status == 200
    other = (await hold(stage, key="k2")).body["reservation"]
    assert (await stage.call("GET", f"/api/reservations/{other}", token=token)).body["code"] == "not_yours"
    stage.clock.advance(25 * 3600 * SECOND)
    late = await stage.call("GET", f"/api/reservations/{made['reservation']}", token=token)
    assert late.body["code"] == "token_expired"


async def test_the_same_request_is_the_same_command() -> None:
    stage = Stage(decide=grant)
    token = stage.fan()
    for key in ("k1", "k1", '"k1"', "k2"):
        await hold(stage, token=token, key=key)
    keys = [command.key for command in stage.commands]
    assert keys[0] == keys[1] == keys[2] != keys[3]
    assert len({command.fingerprint for command in stage.commands}) == 1
    await hold(stage, token=stage.fan("ben"), key="k1")
    assert stage.commands[-1].key != keys[0]


async def test_a_replay_says_that_it_is_one() -> None:
    def again(command: AnyCommand, offset: int) -> list[AnyOutcome]:
        return [held(reservation(command.key, seats=(0,)), offset=offset, repeat=True)]

    reply = await hold(Stage(decide=again))
    assert (reply.status, reply.headers["idempotent-replayed"]) == (201, "true")


async def test_who_loses_is_told_by_label_and_offered_others() -> None:
    def lose(command: AnyCommand, offset: int) -> list[AnyOutcome]:
        no = messages.HoldRefused(
            show=SHOW, seq=3, at_ms=T0, offset=offset, key=command.key, account=command.account,
            code="seats_unavailable", conflicts_total=60, alternatives=((1, 2), (3, 4)),
            conflicts=(Conflict("held", seat=0), Conflict("already_yours", seat=6, reservation=KEY)),
        )  # fmt: skip
        return [no]

    reply = await hold(Stage(decide=lose))
    assert (reply.status, reply.body["code"], reply.body["retryable"]) == (409, "seats_unavailable", False)
    assert reply.body["conflicts"] == [
        {"label": "A-1", "reason": "held"},
        {"label": "B-2", "reason": "already_yours", "reservation": RESERVATION},
    ]
    assert reply.body["conflicts_total"] == 60
    assert reply.body["alternatives"] == [["A-2", "A-3"], ["A-4", "A-5"]]
    assert reply.body["request"] == request_text(PART, 0, 0)


async def test_a_reused_key_is_the_allocators_verdict() -> None:
    reply = await hold(
        Stage(decide=lambda command, offset: [refused(command.key, "idempotency_key_reused", offset=offset)])
    )
    assert (reply.status, reply.body["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("prefer", ["respond-async", "wait=0", "respond-async, wait=10", "foo; respond-async"])
async def test_who_does_not_wait_gets_202_and_a_place_to_ask(prefer: str) -> None:
    stage = Stage()
    reply = await hold(stage, headers={"prefer": prefer})
    assert (reply.status, reply.body["status"]) == (202, "pending")
    assert reply.headers["location"] == f"/api/requests/{reply.body['request']}"
    assert int(reply.headers["retry-after"]) >= 1
    assert len(stage.waiters) == 0


@pytest.mark.parametrize(
    ("call", "body", "kind", "status", "code"),
    [
        (f"PUT /api/reservations/{RESERVATION}/extend", {"by_s": 60}, messages.HoldExtended, "held", 200),
        (f"PUT /api/reservations/{RESERVATION}/extend", None, messages.HoldExtended, "held", 200),
        (f"DELETE /api/reservations/{RESERVATION}", None, messages.HoldReleased, "released", 200),
        ("POST /api/bookings", {"reservation": RESERVATION}, messages.BookingConfirmed, "booked", 201),
        (f"DELETE /api/bookings/{BOOKING}", None, messages.BookingCancelled, "cancelled", 200),
    ],
)
async def test_what_becomes_of_a_hold(call: str, body: object, kind: type[AnyOutcome], status: str, code: int) -> None:
    method, path = call.split()
    stage = granted_with(kind, reservation(KEY, seats=(0,), status=status))
    reply = await stage.call(method, path, body, token=stage.fan(), key="k")
    assert (reply.status, reply.body["status"], reply.body["total_amount"]) == (code, status, 5000)
    command = stage.commands[0]
    assert (command.account, command.show, command.keyed) == ("ent_anna", SHOW, True)
    if "bookings" in path:
        assert msgspec.json.decode(reply.raw, type=telling.BookingAnswer).booking == BOOKING
    else:
        assert msgspec.json.decode(reply.raw, type=telling.ReservationAnswer).reservation == RESERVATION


async def test_without_a_key_put_and_delete_are_judged_by_state_alone() -> None:
    stage = granted_with(messages.HoldReleased, reservation(KEY, seats=(0,), status="released"))
    for _ in range(2):
        await stage.call("DELETE", f"/api/reservations/{RESERVATION}", token=stage.fan())
    assert [command.keyed for command in stage.commands] == [False, False]
    assert stage.commands[0].key != stage.commands[1].key


async def test_reading_a_reservation_is_for_its_owner_and_admins() -> None:
    stage = Stage()
    stage.ledger.reservations[KEY] = reservation(KEY, seats=(0,))
    path = f"/api/reservations/{RESERVATION}"
    mine = await stage.call("GET", path, token=stage.fan())
    assert (mine.status, mine.body["status"]) == (200, "held")
    assert "held_by" not in mine.body
    assert (await stage.call("GET", path, token=ADMIN_KEY)).body["held_by"] == "ent_anna"
    assert (await stage.call("GET", path, token=stage.fan("ben"))).body["code"] == "not_yours"
    missing = await stage.call("GET", f"/api/reservations/{reservation_text(SHOW, b'x' * 16)}", token=ADMIN_KEY)
    assert (missing.status, missing.body["code"]) == (404, "reservation_not_found")


async def test_a_reservation_seen_on_the_log_is_read_without_the_database() -> None:
    stage = Stage(decide=grant)
    made = (await hold(stage)).body
    stage.ledger.away = True
    reply = await stage.call("GET", f"/api/reservations/{made['reservation']}", token=stage.fan())
    assert reply.status == 200


async def test_the_contact_is_kept_before_the_command_is_sent_and_never_on_the_log() -> None:
    stage = granted_with(messages.BookingConfirmed, reservation(KEY, seats=(0,), status="booked"))
    stage.ledger.reservations[KEY] = reservation(KEY, seats=(0,))
    stage.log_says = NotTaken("log_unavailable", "for once")
    body = {"reservation": RESERVATION, "contact": CONTACT, "notes": "by the aisle"}
    assert (await stage.call("POST", "/api/bookings", body, token=stage.fan(), key="k")).status == 503
    assert stage.ledger.contacts[SHOW, KEY].name == "Ada Lovelace"
    stage.log_says = None
    assert (await stage.call("POST", "/api/bookings", body, token=stage.fan(), key="k")).status == 201
    assert b"Ada" not in messages.encode(stage.commands[0])
    read = await stage.call("GET", f"/api/bookings/{BOOKING}", token=stage.fan())
    assert (read.body["contact"], read.body["notes"]) == (CONTACT, "by the aisle")


async def test_a_strangers_contact_is_kept_nowhere() -> None:
    stage = Stage(decide=lambda command, offset: [refused(command.key, "not_yours", offset=offset)])
    stage.ledger.reservations[KEY] = reservation(KEY, seats=(0,))
    body = {"reservation": RESERVATION, "contact": CONTACT}
    reply = await stage.call("POST", "/api/bookings", body, token=stage.fan("ben"), key="k")
    assert (reply.status, stage.ledger.contacts) == (403, {})


async def test_a_fan_cannot_say_that_the_payment_was_made() -> None:
    stage = Stage()
    body = {"reservation": RESERVATION, "payment": {"provider": "p", "reference": "1", "amount": 5000}}
    reply = await stage.call("POST", "/api/bookings", body, token=stage.fan(), key="k")
    assert (reply.status, reply.body["code"], stage.commands) == (403, "insufficient_scope", [])


async def test_what_is_only_held_is_no_booking() -> None:
    stage = Stage()
    stage.ledger.reservations[KEY] = reservation(KEY, seats=(0,))
    reply = await stage.call("GET", f"/api/bookings/{BOOKING}", token=stage.fan())
    assert reply.body["code"] == "booking_not_found"


async def test_a_booking_that_another_process_confirmed_is_found_though_its_news_is_still_on_the_way() -> None:
    stage = Stage(decide=grant)
    made = (await hold(stage)).body["reservation"]
    key = stage.commands[0].key
    stage.ledger.reservations[key] = reservation(key, seats=(0,), status="booked")
    booked = await stage.call("GET", f"/api/bookings/{booking_text(SHOW, key)}", token=stage.fan())
    assert (booked.status, booked.body.get("reservation")) == (200, made)


async def test_with_postgres_away_writes_pause_and_the_log_is_left_alone() -> None:
    stage = Stage(decide=grant)
    stage.condition.postgres_away = True
    reply = await hold(stage)
    assert (reply.status, reply.body["code"], stage.commands) == (503, "sales_paused", [])
    assert int(reply.headers["retry-after"]) == reply.body["retry_after_s"] == 2
    confirm = {"reservation": RESERVATION, "contact": CONTACT}
    reply = await stage.call("POST", "/api/bookings", confirm, token=stage.fan(), key="k")
    assert reply.body["code"] == "sales_paused"


async def test_a_store_that_is_away_is_a_503_and_never_a_500() -> None:
    stage = Stage()
    stage.catalogue.away = stage.ledger.away = True
    for method, path, token in (
        ("GET", "/api/events", None),
        ("GET", f"/api/events/{SHOW_TEXT}", None),
        ("GET", f"/api/reservations/{RESERVATION}", stage.fan()),
        ("GET", f"/api/reservations/{RESERVATION}", PARTNER_KEY),
        ("GET", f"/api/requests/{request_text(PART, 0, 0)}", stage.fan()),
    ):
        reply = await stage.call(method, path, token=token)
        assert (reply.status, reply.body["code"]) == (503, "sales_paused")


async def test_some_seats_are_given_back_by_their_labels() -> None:
    stage = granted_with(messages.HoldReleased, reservation(KEY, seats=(0,), version=2))
    path = f"/api/reservations/{RESERVATION}"
    reply = await stage.call("DELETE", f"{path}?seats=A-2,B-1&seats=A%2D3", token=stage.fan(), key="k1")
    assert (reply.status, reply.body["status"]) == (200, "held")
    (command,) = stage.commands
    assert isinstance(command, messages.ReleaseHold)
    assert command.seats == (1, 2, 5)
    await stage.call("DELETE", path, token=stage.fan(), key="k1")
    assert stage.commands[-1].key == command.key
    assert stage.commands[-1].fingerprint != command.fingerprint
    unknown = await stage.call("DELETE", f"{path}?seats=A-2,Z-9", token=stage.fan())
    assert (unknown.status, unknown.body["code"]) == (422, "unknown_places")
    assert [conflict["label"] for conflict in unknown.body["conflicts"]] == ["Z-9"]
