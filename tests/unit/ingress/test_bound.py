"""Whose address it is, and what was paid with, goes on the log under names that only limits can read."""

from typing import Any

import pytest

from tests.unit.ingress.holds import grant, hold
from tests.unit.ingress.stage import PARTNER_KEY, SHOW_TEXT, Stage
from tests.unit.ingress.tales import SHOW, T0, reservation
from tests.unit.payments.till import Till
from ticketing import messages
from ticketing.messages import AnyCommand, AnyOutcome
from ticketing.vocabulary import reservation_text

pytestmark = pytest.mark.anyio

KEY = b"r" * 16
TEXT = reservation_text(SHOW, KEY)
CONTACT = {"name": "Ada Lovelace", "email": "Ada+first@Example.org"}
PAYMENT = {"provider": "elsewhere", "reference": "t-1", "amount": 5000, "payer": "card-4242"}


def refuse(command: AnyCommand, offset: int) -> list[AnyOutcome]:
    """Whatever it is, it is too much."""
    kind = messages.BookingRefused if isinstance(command, messages.ConfirmBooking) else messages.CommandRejected
    said = "one e-mail address may have 2 places of this show"
    return [
        kind(
            show=SHOW, seq=2, at_ms=T0, offset=offset, key=command.key, account=command.account, code="limit_exceeded",
            detail=said,
        )
    ]  # fmt: skip


def names(stage: Stage, *, card: bool) -> tuple[str, ...]:
    of_email = stage.ports.pseudonyms.email(SHOW, "ada@example.org")
    return (*of_email, *stage.ports.pseudonyms.payer(SHOW, "elsewhere", "card-4242")) if card else of_email


@pytest.mark.parametrize(
    ("body", "token", "card"),
    [
        ({"reservation": TEXT, "contact": CONTACT}, None, False),
        ({"reservation": TEXT, "contact": CONTACT, "payment": PAYMENT}, PARTNER_KEY, True),
        ({"reservations": [TEXT], "contact": CONTACT, "payment": PAYMENT, "on_behalf_of": "ada"}, PARTNER_KEY, True),
        ({"show": SHOW_TEXT, "areas": [{"area": "floor", "quantity": 1}], "contact": CONTACT}, None, False),
    ],
)
async def test_a_confirmation_says_whom_it_binds(body: dict[str, Any], token: str | None, card: bool) -> None:
    stage = Stage()
    await stage.call("POST", "/api/bookings", body, token=token or stage.fan(), key="k")
    (command,) = stage.commands
    assert isinstance(command, messages.ConfirmBooking | messages.BookNow)
    assert command.bound == names(stage, card=card)
    for said in (b"ada", b"4242", b"example"):
        assert said not in messages.encode(command)


async def test_without_a_contact_nobody_is_bound() -> None:
    stage = Stage()
    await stage.call("POST", "/api/bookings", {"reservation": TEXT}, token=stage.fan(), key="k")
    (command,) = stage.commands
    assert isinstance(command, messages.ConfirmBooking) and command.bound == ()


async def test_too_much_for_one_address_is_told_as_a_limit_before_money_moves() -> None:
    till = Till()
    stage = Stage(decide=refuse, provider=till)
    stage.ledger.reservations[KEY] = reservation(KEY, seats=(0,))
    path = f"/api/reservations/{TEXT}/checkout"
    reply = await stage.call("POST", path, {"contact": CONTACT}, token=stage.fan(), key="k")
    assert (reply.status, reply.body["code"]) == (409, "limit_exceeded")
    assert reply.body["detail"] == "one e-mail address may have 2 places of this show"
    (command,) = stage.commands
    assert isinstance(command, messages.BeginPayment) and command.bound == names(stage, card=False)
    assert till.asked == 0
    confirm = await stage.call("POST", "/api/bookings", {"reservation": TEXT}, token=stage.fan(), key="k")
    assert (confirm.status, confirm.body["code"]) == (409, "limit_exceeded")


async def test_a_hold_binds_nobody_but_who_asks() -> None:
    stage = Stage(decide=grant)
    await hold(stage)
    (command,) = stage.commands
    assert isinstance(command, messages.HoldSeats) and command.person == "ent_anna"
