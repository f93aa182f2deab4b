"""Metadata and a reason beside a hold: kept off the log, told to who reads the reservation, forgotten if it is lost."""

from typing import Any

import msgspec
import pytest

from ingress.service import NotTaken
from tests.unit.ingress.holds import grant
from tests.unit.ingress.stage import ADMIN_KEY, PARTNER_KEY, SHOW_TEXT, Reply, Stage
from tests.unit.ingress.tales import SHOW, T0, refused, reservation
from ticketing import messages
from ticketing.messages import AnyCommand, AnyOutcome
from ticketing.vocabulary import booking_text, reservation_text

pytestmark = pytest.mark.anyio

METADATA = {"campaign": {"id": 7, "tags": ["spring", None]}, "nul": "\x00", "share": 0.5}
WISH = {"show": SHOW_TEXT, "seats": ["A-1"]}
NOTED = {**WISH, "metadata": METADATA, "reason": "a block for the choir"}


async def hold(stage: Stage, body: dict[str, Any], *, key: str = "k", token: str = PARTNER_KEY) -> Reply:
    reply = await stage.call("POST", "/api/reservations", body, token=token, key=key)
    for command in stage.commands:
        stage.notes.made_of.setdefault(command.key, command.fingerprint)
    return reply


async def test_what_is_noted_beside_a_hold_is_told_to_who_reads_it() -> None:
    stage = Stage(decide=grant)
    held = await hold(stage, NOTED)
    assert (held.status, "metadata" in held.body) == (201, False)  # one answer, by whichever way it is heard
    for token in (PARTNER_KEY, ADMIN_KEY):
        read = await stage.call("GET", f"/api/reservations/{held.body['reservation']}", token=token)
        assert (read.body["metadata"], read.body["reason"]) == (METADATA, "a block for the choir")
    (command,) = stage.commands
    for said in ("campaign", "choir", "spring"):
        assert said.encode() not in messages.encode(command)


async def test_a_booking_tells_what_was_noted_beside_its_hold() -> None:
    stage = Stage(decide=grant)
    await hold(stage, NOTED)
    (command,) = stage.commands
    booked = reservation(command.key, seats=(0,), status="booked", account="key_partner")
    booked = msgspec.structs.replace(booked, noted=True)
    stage.ledger.reservations[command.key] = booked
    stage.views.apply(
        3,
        [
            messages.BookingConfirmed(
                show=SHOW, seq=2, at_ms=T0, offset=1, key=b"c" * 16, account="key_partner",
                reservation=msgspec.structs.replace(booked, version=2),
            )
        ],
    )  # fmt: skip
    read = await stage.call("GET", f"/api/bookings/{booking_text(SHOW, command.key)}", token=PARTNER_KEY)
    assert (read.status, read.body["metadata"], read.body["reason"]) == (200, METADATA, "a block for the choir")


async def test_a_booking_of_several_holds_tells_what_was_noted_beside_each() -> None:
    stage = Stage(decide=grant)
    await hold(stage, NOTED)
    await hold(stage, {"show": SHOW_TEXT, "seats": ["A-2"], "reason": "the soloist"}, key="k2")
    await hold(stage, {"show": SHOW_TEXT, "seats": ["A-3"]}, key="k3")
    names = [reservation_text(SHOW, command.key) for command in stage.commands]
    for command in stage.commands:
        assert isinstance(command, messages.HoldSeats)
        stage.ledger.reservations[command.key] = reservation(command.key, seats=command.seats, account="key_partner")
    book = {"reservations": [names[2], names[1]], "show": SHOW_TEXT, "seats": ["A-1"]}
    await stage.call("POST", "/api/bookings", book, token=PARTNER_KEY, key="b")
    asked = stage.commands[-1]
    assert isinstance(asked, messages.BookNow)
    booked = reservation(asked.key, seats=(0, 1, 2), status="booked", account="key_partner")
    stage.ledger.reservations[asked.key] = booked
    read = await stage.call("GET", f"/api/bookings/{booking_text(SHOW, asked.key)}", token=PARTNER_KEY)
    assert read.body["holds"] == [
        {"reservation": names[1], "reason": "the soloist"},
        {"reservation": names[0], "reason": "a block for the choir", "metadata": METADATA},
    ]
    assert {"metadata", "reason"} & read.body.keys() == set(), "of no hold alone"


async def test_a_hold_without_notes_says_nothing_of_them() -> None:
    stage = Stage(decide=grant)
    held = await hold(stage, WISH)
    read = await stage.call("GET", f"/api/reservations/{held.body['reservation']}", token=PARTNER_KEY)
    assert (read.status, {"metadata", "reason"} & read.body.keys(), stage.notes.rows) == (200, set(), {})


async def test_a_hold_that_is_lost_leaves_nothing_behind() -> None:
    stage = Stage(decide=lambda command, offset: [refused(command.key, "seats_unavailable", offset=offset)])
    assert (await hold(stage, NOTED)).status == 409
    assert (len(stage.commands), stage.notes.rows) == (1, {})


async def test_another_body_under_the_same_key_changes_no_note() -> None:
    def decide(command: AnyCommand, offset: int) -> list[AnyOutcome]:
        if offset == 0:
            return grant(command, offset)
        return [refused(command.key, "idempotency_key_reused", offset=offset)]

    stage = Stage(decide=decide)
    held = await hold(stage, NOTED)
    assert (await hold(stage, {**NOTED, "metadata": {"other": 1}})).status == 422
    read = await stage.call("GET", f"/api/reservations/{held.body['reservation']}", token=PARTNER_KEY)
    assert read.body["metadata"] == METADATA


async def test_where_it_is_not_known_what_became_of_the_hold_the_note_stays() -> None:
    stage = Stage(log_says=NotTaken("log_unavailable", "timed out"))
    assert (await hold(stage, NOTED)).status == 503
    assert len(stage.notes.rows) == 1


async def test_nothing_is_noted_of_what_would_not_be_taken() -> None:
    stage = Stage(decide=grant)
    stage.condition.postgres_away = True
    assert (await hold(stage, NOTED)).body["code"] == "sales_paused"
    assert (stage.commands, stage.notes.rows) == ([], {})


@pytest.mark.parametrize("atomic", [True, False])
async def test_each_hold_of_a_batch_has_its_own_note(atomic: bool) -> None:
    def decide(command: AnyCommand, offset: int) -> list[AnyOutcome]:
        if not isinstance(command, messages.HoldMany):
            return grant(command, offset)
        made = ((it, reservation(it.key, seats=it.seats, account=it.account)) for it in command.holds)
        of = tuple(msgspec.structs.replace(one, noted=it.noted) for it, one in made)
        return [
            messages.ManyHeld(
                show=SHOW, seq=1, at_ms=T0, offset=offset, key=command.key, account=command.account, reservations=of
            )
        ]

    stage = Stage(decide=decide)
    wishes = [{**WISH, "metadata": {"n": 0}}, {"show": SHOW_TEXT, "seats": ["A-2"]},
              {"show": SHOW_TEXT, "seats": ["A-3"], "metadata": {"n": 2}}]  # fmt: skip
    body = {"holds": wishes, "atomic": atomic}
    reply = await stage.call("POST", "/api/reservations/batch", body, token=PARTNER_KEY, key="k")
    assert reply.status == (201 if atomic else 200)
    each = reply.body["reservations"] if atomic else [it["reservation"] for it in reply.body["data"]]
    for command in stage.commands:
        holds = command.holds if isinstance(command, messages.HoldMany) else (command,)
        stage.notes.made_of |= {it.key: command.fingerprint for it in holds}
    found = []
    for one in each:
        read = await stage.call("GET", f"/api/reservations/{one['reservation']}", token=PARTNER_KEY)
        found.append(read.body.get("metadata"))
    assert found == [{"n": 0}, None, {"n": 2}]


@pytest.mark.parametrize(
    "raw",
    [b'["a list"]', b'"text"', b'{"n": NaN}', b'{"much": "' + b"x" * 4_000 + b'"}', b'{"deep": ' + b"[" * 5_000],
)
async def test_metadata_is_an_object_of_a_sensible_size(raw: bytes) -> None:
    stage = Stage(decide=grant)
    closing = b"]" * 5_000 + b"}" if raw.startswith(b'{"deep"') else b""
    body = b'{"show": "' + SHOW_TEXT.encode() + b'", "seats": ["A-1"], "metadata": ' + raw + closing + b"}"
    reply = await stage.call("POST", "/api/reservations", body, token=PARTNER_KEY, key="k")
    assert (reply.status, stage.commands) == (400, [])
