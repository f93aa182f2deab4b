"""From what a provider says to commands: the same ones, whoever heard it."""

import pytest

from payments.provider import Charge, Found, State
from payments.words import CurrencyWrong, attempt_text, parse_attempt, said
from ticketing import messages
from ticketing.pseudonyms import Pseudonyms
from ticketing.vocabulary import Malformed

SHOW, HOLD, NOW = 77, b"h" * 16, 1_800_000_000_000
ATTEMPT = attempt_text(SHOW, HOLD, 2)
NAMES = Pseudonyms(["a secret of the tests"])
ONE, TWO = Charge("c1", 500, "EUR", "card"), Charge("c2", 700, "EUR")


def test_an_attempt_names_the_reservation_and_its_version() -> None:
    assert parse_attempt(ATTEMPT) == (SHOW, HOLD, 2)
    wrong = ("", ATTEMPT[:-2], f"{ATTEMPT}x", ATTEMPT.replace("rsv", "bkg"), f"{ATTEMPT}9999999999", "rsv_1.1")
    for text in (*wrong, ATTEMPT[:-1] + "0", ATTEMPT[:-1] + "²"):
        with pytest.raises(Malformed):
            parse_attempt(text)


def test_each_charge_is_a_payment_of_its_own() -> None:
    first, second = said("till", ATTEMPT, Found(State.PAID, (ONE, TWO)), "EUR", now_ms=NOW, pseudonyms=NAMES)
    assert isinstance(first, messages.ConfirmBooking) and isinstance(second, messages.ConfirmBooking)
    assert (first.account, first.show, first.reservation) == ("pay_till", SHOW, HOLD)
    assert first.payment == messages.Payment("till", "c1", 500, "card")
    assert second.payment == messages.Payment("till", "c2", 700)
    assert first.key != second.key


def test_what_was_paid_with_binds_under_a_name_that_says_nothing() -> None:
    charges = (Charge("c1", 500, "EUR", payer="card-4242"), Charge("c2", 5, "EUR", payer="card-4242"), TWO)
    first, second, third = said("till", ATTEMPT, Found(State.PAID, charges), "EUR", now_ms=NOW, pseudonyms=NAMES)
    assert isinstance(first, messages.ConfirmBooking) and isinstance(second, messages.ConfirmBooking)
    assert isinstance(third, messages.ConfirmBooking)
    assert first.bound == second.bound == NAMES.payer(SHOW, "till", "card-4242") != ()
    assert third.bound == ()
    assert b"4242" not in messages.encode(first)


def test_the_same_charge_is_the_same_command_later_and_by_whatever_way() -> None:
    (first,) = said("till", ATTEMPT, Found(State.PAID, (ONE,)), "EUR", now_ms=NOW, pseudonyms=NAMES)
    again, _ = said("till", ATTEMPT, Found(State.PAID, (ONE, TWO)), "EUR", now_ms=NOW + 9, pseudonyms=NAMES)
    assert (first.key, first.fingerprint) == (again.key, again.fingerprint)
    (other,) = said("other", ATTEMPT, Found(State.PAID, (ONE,)), "EUR", now_ms=NOW, pseudonyms=NAMES)
    assert other.key != first.key


def test_a_decline_is_of_one_attempt() -> None:
    (failed,) = said("till", ATTEMPT, Found(State.DECLINED, reason="no money"), "EUR", now_ms=NOW, pseudonyms=NAMES)
    assert isinstance(failed, messages.FailPayment)
    assert (failed.version, failed.reason, failed.provider, failed.account) == (2, "no money", "till", "pay_till")
    (later,) = said("till", attempt_text(SHOW, HOLD, 4), Found(State.DECLINED), "EUR", now_ms=NOW, pseudonyms=NAMES)
    assert later.key != failed.key


@pytest.mark.parametrize("state", [State.OPEN, State.UNKNOWN, State.LAPSED])
def test_of_what_has_not_happened_nothing_is_said(state: State) -> None:
    assert said("till", ATTEMPT, Found(state), "EUR", now_ms=NOW, pseudonyms=NAMES) == []


def test_other_money_is_nobodys_payment() -> None:
    with pytest.raises(CurrencyWrong):
        said("till", ATTEMPT, Found(State.PAID, (ONE, Charge("c3", 500, "USD"))), "EUR", now_ms=NOW, pseudonyms=NAMES)
