"""Who hears what."""

import pytest

from notifier.audience import Denied, Right, Telling, is_api_key, may_hear, right_of_token, tellings
from tests.unit.notifier.theatre import SECOND, SHOW, T0, Sale
from ticketing.messages import HoldRefused, SeatsHeld
from ticketing.tokens import Pass, ReservationToken, Ticket, TokenKeys
from ticketing.vocabulary import reservation_text

KEYS = TokenKeys(["a secret of enough length"])


def test_the_sender_hears_what_was_decided() -> None:
    sale = Sale()
    assert tellings(sale.hold("ent_anna", [0])) == [Telling("request_decided", "ent_anna")]
    assert tellings(sale.refused(HoldRefused, "ent_ben", code="sold_out")) == [Telling("request_decided", "ent_ben")]
    assert tellings(sale.release(1)) == [Telling("request_decided", "ent_anna")]


def test_a_booking_is_told_to_its_owner_once_and_to_admins() -> None:
    sale = Sale()
    sale.hold("ent_anna", [0])
    assert tellings(sale.confirm(1)) == [
        Telling("booking_confirmed", "ent_anna"),
        Telling("booking_confirmed", admins=True),
    ]


def test_an_expired_hold_is_told_to_its_owner_and_not_to_the_worker_that_asked() -> None:
    sale = Sale()
    sale.hold("ent_anna", [0])
    assert tellings(sale.expire(1)) == [Telling("reservation_expired", "ent_anna")]


def test_what_somebody_else_does_to_a_booking_is_told_to_both() -> None:
    sale = Sale()
    sale.hold("ent_anna", [0])
    sale.confirm(1)
    assert tellings(sale.cancel(1, by="key_office")) == [
        Telling("booking_cancelled", "ent_anna"),
        Telling("request_decided", "key_office"),
    ]


def test_the_answer_to_a_repeat_is_told_to_nobody() -> None:
    held = Sale().hold("ent_anna", [0])
    again = SeatsHeld(
        show=SHOW, seq=1, at_ms=T0, offset=9, reservation=held.reservation, account="ent_anna", repeat=True
    )
    assert tellings(again) == []


def test_with_a_reservation_token_only_that_reservation_is_heard() -> None:
    sale = Sale()
    mine, other = sale.hold("ent_anna", [0]), sale.hold("ent_anna", [1])
    right = Right("ent_anna", reservation=mine.reservation.id)
    assert may_hear(right, mine)
    assert not may_hear(right, other)
    assert not may_hear(right, sale.refused(HoldRefused, "ent_anna", code="sold_out"))
    assert may_hear(Right("ent_anna"), other)


def test_a_pass_gives_the_right_of_its_entry_until_it_expires() -> None:
    token = KEYS.sign_pass(Pass(SHOW, "ent_anna", 1, T0 + 20 * 60 * SECOND))
    assert right_of_token(token, SHOW, KEYS, T0) == Right("ent_anna", T0 + 20 * 60 * SECOND, wave=1)
    assert right_of_token(token, SHOW, KEYS, T0, wave=1) == right_of_token(token, SHOW, KEYS, T0)
    assert right_of_token(token, SHOW, KEYS, T0, wave=2) == Denied("token_expired")
    assert right_of_token(token, SHOW, KEYS, T0 + 20 * 60 * SECOND) == Denied("token_expired")
    assert right_of_token(token, SHOW + 1, KEYS, T0) == Denied("wrong_show")


def test_a_reservation_token_gives_the_right_to_one_reservation() -> None:
    token = KEYS.sign_reservation(ReservationToken(SHOW, reservation_text(SHOW, b"r" * 16), "ent_anna", T0 + SECOND))
    assert right_of_token(token, SHOW, KEYS, T0) == Right("ent_anna", T0 + SECOND, reservation=b"r" * 16)
    assert right_of_token(token, SHOW + 1, KEYS, T0) == Denied("wrong_show")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        "x" * 5_000,
        KEYS.sign_ticket(Ticket(SHOW, "general", 1, "ent_anna", T0, "hash")),
        TokenKeys(["another secret of some length"]).sign_pass(Pass(SHOW, "ent_anna", 1, T0 + SECOND)),
    ],
)
def test_anything_else_gives_no_right(token: str) -> None:
    assert right_of_token(token, SHOW, KEYS, T0) == Denied("token_invalid")


def test_api_keys_are_known_by_their_beginning() -> None:
    assert is_api_key("osk_live_00") and is_api_key("osk_test_00")
    assert not is_api_key("ey.ey.ey")
