"""The link in a letter: what it opens, what it does not, and how it is asked for once more."""

import pytest

from ingress.ledger import ContactRow
from tests.unit.ingress.stage import PARTNER_KEY, SHOW_TEXT, Stage
from tests.unit.ingress.tales import SHOW, reservation
from ticketing.tokens import BookingLink
from ticketing.vocabulary import booking_text, reservation_text

pytestmark = pytest.mark.anyio

KEY = b"r" * 16
BOOKING = booking_text(SHOW, KEY)
PATH = f"/api/bookings/{BOOKING}"
ADA = ContactRow("Ada", "Ada@example.org", "", "", "")


def stage_with(account: str) -> tuple[Stage, str]:
    """A booking of `account`, and the link to it."""
    stage = Stage()
    stage.ledger.reservations[KEY] = reservation(KEY, status="booked", account=account)
    stage.ledger.contacts[SHOW, KEY] = ADA
    return stage, stage.tokens.sign_booking(BookingLink(SHOW, reservation_text(SHOW, KEY), account))


async def test_the_link_opens_its_booking_for_ever_and_nothing_else() -> None:
    stage, link = stage_with("ent_anna")
    assert (await stage.call("GET", PATH, token=link)).status == 200
    stage.clock.advance(10 * 365 * 86_400_000)
    assert (await stage.call("GET", PATH, token=link)).status == 200
    said = (await stage.call("GET", "/api/auth/validate", token=link)).body
    assert (said["kind"], said.get("expires_at")) == ("booking", None)
    hold = await stage.call("POST", "/api/reservations", {"show": SHOW_TEXT, "seats": ["A-1"]}, token=link, key="k")
    assert (hold.status, hold.body["code"]) == (403, "insufficient_scope")
    assert (await stage.call("GET", "/api/bookings", token=link)).status == 403


async def test_whoever_bought_of_a_partner_may_look_and_turns_to_the_partner() -> None:
    stage, link = stage_with("key_partner")
    assert (await stage.call("GET", PATH, token=link)).status == 200
    gone = await stage.call("DELETE", PATH, token=link)
    assert (gone.status, gone.body["code"]) == (403, "insufficient_scope")
    assert "partner" in gone.body["detail"]
    assert stage.commands == []


async def test_the_link_of_one_booking_changes_no_other() -> None:
    stage, _ = stage_with("ent_anna")
    other = stage.tokens.sign_booking(BookingLink(SHOW, reservation_text(SHOW, b"s" * 16), "ent_anna"))
    assert (await stage.call("GET", PATH, token=other)).body["code"] == "not_yours"
    assert (await stage.call("DELETE", PATH, token=other)).status == 403
    contact = {"contact": {"name": "Eve", "email": "eve@example.org"}}
    assert (await stage.call("PUT", PATH, contact, token=other)).status == 403


async def test_a_lost_link_is_sent_to_the_address_of_the_booking_alone_and_not_again_and_again() -> None:
    stage, _ = stage_with("ent_anna")
    answers = [
        await stage.call("POST", f"{path}/link", {"email": email})
        for path, email in (
            (PATH, "ada@EXAMPLE.org"), (PATH, "Ada@example.org"), (PATH, "eve@example.org"),
            (f"/api/bookings/{booking_text(SHOW, b's' * 16)}", "ada@example.org"),
        )
    ]  # fmt: skip
    assert {(answer.status, answer.body["message"]) for answer in answers} == {
        (200, "If that is the address of the booking, a letter is on its way")
    }
    assert [*stage.bookings.links.values()] == ["ada@EXAMPLE.org"]
    stage.clock.advance(10 * 60_000)
    await stage.call("POST", f"{PATH}/link", {"email": "ada@example.org"})
    assert len(stage.bookings.links) == 2
    assert (await stage.call("POST", "/api/bookings/bkg_x/link", {"email": "a@b.c"})).status == 404
    assert (await stage.call("POST", f"{PATH}/link", {"email": "nobody"}, token=PARTNER_KEY)).status == 400
