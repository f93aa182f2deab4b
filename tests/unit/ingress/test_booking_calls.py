"""Several reservations, held seats and free places in one booking; and other seats for a booking: as callers see it."""

from typing import Any

import msgspec
import pytest

from tests.unit.ingress.stage import PARTNER_KEY, READER_KEY, SHOW_TEXT, Stage
from tests.unit.ingress.tales import SHOW, T0, reservation
from ticketing import messages
from ticketing.messages import AnyCommand, AnyOutcome, Conflict, Payment
from ticketing.vocabulary import booking_text, reservation_text

pytestmark = pytest.mark.anyio

ONE, TWO = b"1" * 16, b"2" * 16
TEXTS = [reservation_text(SHOW, key) for key in (ONE, TWO)]
CONTACT = {"name": "Ada Lovelace", "email": "ada@example.org"}


def book(command: AnyCommand, offset: int) -> list[AnyOutcome]:
    """A `BookNow` comes out as a booking, and what it was made of as given back."""
    head: dict[str, Any] = {"show": SHOW, "at_ms": T0, "offset": offset, "key": command.key}
    assert isinstance(command, messages.BookNow)
    given = messages.HoldReleased(
        **head, seq=2, index=1, account="system", reservation=reservation(ONE, seats=(0,), status="released", version=2)
    )
    booking = reservation(command.key, seats=(0, 1), status="booked")
    booked = messages.BookingConfirmed(
        **head, seq=3, account=command.account, reservation=msgspec.structs.replace(booking, account=command.account)
    )
    return [given, booked]


async def test_several_reservations_are_one_booking() -> None:
    stage = Stage(decide=book)
    payment = {"provider": "till", "reference": "t-1", "amount": 10_000}
    body = {"reservations": TEXTS, "contact": CONTACT, "payment": payment, "on_behalf_of": "ada"}
    reply = await stage.call("POST", "/api/bookings", body, token=PARTNER_KEY, key="k")
    (command,) = stage.commands
    assert isinstance(command, messages.BookNow)
    assert (command.reservations, command.partner) == ((ONE, TWO), True)
    assert (command.payment, bool(command.person)) == (Payment("till", "t-1", 10_000), True)
    booking = booking_text(SHOW, command.key)
    assert (reply.status, reply.body["booking"], reply.body["status"]) == (201, booking, "booked")
    assert reply.headers["location"] == f"/api/bookings/{booking}"
    read = await stage.call("GET", f"/api/bookings/{booking}", token=PARTNER_KEY)
    assert read.body["contact"] == CONTACT


async def test_seats_tables_and_places_are_named_by_their_labels() -> None:
    stage = Stage(decide=book)
    body = {"show": SHOW_TEXT, "seats": ["B-1", "A-2"], "areas": [{"area": "floor", "quantity": 2}]}
    assert (await stage.call("POST", "/api/bookings", body, token=stage.fan(), key="k")).status == 201
    (command,) = stage.commands
    assert isinstance(command, messages.BookNow)
    assert (command.seats, command.areas, command.partner, command.keyed) == ((1, 5), ((0, 2),), False, True)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "nothing_asked_for"),
        ({"reservation": TEXTS[0], "reservations": TEXTS}, 400, "invalid_request"),
        ({"reservation": TEXTS[0], "external_id": "lost otherwise"}, 400, "invalid_request"),
        ({"seats": ["A-1"]}, 400, "invalid_request"),
        ({"reservations": ["rsv_x"]}, 400, "invalid_id"),
        ({"show": "shw_x", "seats": ["A-1"]}, 400, "invalid_id"),
        ({"reservations": [reservation_text(SHOW + 1, ONE)], "show": SHOW_TEXT}, 422, "several_shows"),
        ({"reservations": [reservation_text(SHOW + 1, ONE)]}, 404, "reservation_not_found"),
        ({"show": SHOW_TEXT, "seats": ["Z-9"]}, 422, "unknown_places"),
        ({"show": SHOW_TEXT, "seats": ["A-1", "A-1"]}, 400, "invalid_request"),
        (
            {"reservations": TEXTS, "payment": {"provider": "x", "reference": "y", "amount": 1}},
            403,
            "insufficient_scope",
        ),
    ],
)
async def test_what_cannot_be_a_booking_never_reaches_the_log(body: dict[str, Any], status: int, code: str) -> None:
    stage = Stage(decide=book)
    reply = await stage.call("POST", "/api/bookings", body, token=stage.fan(), key="k")
    assert (reply.status, reply.body["code"], stage.commands) == (status, code, [])


async def test_who_may_only_read_books_nothing() -> None:
    stage = Stage(decide=book)
    reply = await stage.call("POST", "/api/bookings", {"reservations": TEXTS}, token=READER_KEY, key="k")
    assert (reply.status, stage.commands) == (403, [])


async def test_every_seat_that_is_not_held_is_named() -> None:
    def refuse(command: AnyCommand, offset: int) -> list[AnyOutcome]:
        conflicts = (Conflict("held", seat=0), Conflict("available", seat=1))
        return [
            messages.BookingRefused(
                show=SHOW, seq=1, at_ms=T0, offset=offset, key=command.key, account=command.account,
                code="hold_not_yours", conflicts=conflicts, conflicts_total=2,
            )
        ]  # fmt: skip

    stage = Stage(decide=refuse)
    body = {"show": SHOW_TEXT, "seats": ["A-1", "A-2"]}
    reply = await stage.call("POST", "/api/bookings", body, token=stage.fan(), key="k")
    assert (reply.status, reply.body["code"]) == (409, "hold_not_yours")
    assert [(it["label"], it["reason"]) for it in reply.body["conflicts"]] == [("A-1", "held"), ("A-2", "available")]


def swap(before: int, *, repeat: bool = False) -> Stage:
    def decide(command: AnyCommand, offset: int) -> list[AnyOutcome]:
        booking = reservation(ONE, seats=(3,), status="booked", version=3)
        return [
            messages.BookingChanged(
                show=SHOW, seq=2, at_ms=T0, offset=offset, key=command.key, account=command.account,
                reservation=booking, freed=(0,), amount_before=before, repeat=repeat,
            )
        ]  # fmt: skip

    return Stage(decide=decide)


async def test_a_booking_gets_other_seats_and_the_difference_is_told() -> None:
    stage = swap(9_999)
    body = {"give": ["A-1"], "take": ["B-1"]}
    path = f"/api/bookings/{booking_text(SHOW, ONE)}"
    reply = await stage.call("PUT", path, body, token=stage.fan(), key="k")
    (command,) = stage.commands
    assert isinstance(command, messages.ChangeBooking)
    assert (command.reservation, command.give, command.take, command.partner) == (ONE, (0,), (5,), False)
    assert (reply.status, reply.body["message"]) == (200, "Booking changed")
    assert reply.body["difference"] == reply.body["total_amount"] - 9_999
    unknown = await stage.call("PUT", path, {"take": ["Z-9"]}, token=stage.fan(), key="k2")
    assert (unknown.status, unknown.body["code"], len(stage.commands)) == (422, "unknown_places", 1)


async def test_a_change_that_is_asked_for_again_tells_the_booking_as_it_is() -> None:
    stage = swap(0, repeat=True)
    reply = await stage.call(
        "PUT", f"/api/bookings/{booking_text(SHOW, ONE)}", {"take": ["B-1"]}, token=PARTNER_KEY, key="k"
    )
    assert (reply.status, reply.headers["idempotent-replayed"]) == (200, "true")
    assert "difference" not in reply.body
