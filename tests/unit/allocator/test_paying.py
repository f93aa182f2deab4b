"""Payments by a provider: begun, declined, in time, late, twice, wrong; and each edge of a reservation's life."""

import pytest

from tests.unit.allocator.stories import (
    MINUTE,
    PROVIDER,
    SECOND,
    T0,
    Scene,
    Told,
    Verb,
    answer,
    cancel,
    close_show,
    confirm,
    declined,
    expire,
    extend,
    given,
    granted,
    hold,
    paid,
    pay,
    refused,
    release,
)
from ticketing import messages
from ticketing.messages import Payment, Policy

POLICY = Policy(hold_s=60, hold_max_s=120, payment_s=180)


def a_show(*story: Told) -> Scene:
    """Where fans pay."""
    return given(*story, policy=POLICY)


def due_back(scene: Scene, told: Told) -> messages.RefundDue:
    """The refund that the provider's word leads to; nothing else of the stock moved."""
    before = bytes(scene.show.free), dict(scene.show.live)
    (outcome,) = scene.say(told)
    assert isinstance(outcome, messages.RefundDue) and not outcome.repeat
    assert before == (bytes(scene.show.free), dict(scene.show.live))
    return outcome


# --- begun, and declined


def test_a_payment_that_begins_stops_expiry_for_as_long_as_the_show_says() -> None:
    show = a_show(hold("anna", "A-1"), pay("anna", at=T0 + 30 * SECOND))
    paying = show.reservation("anna")
    assert (paying.status, paying.expires_at_ms) == ("paying", T0 + 210 * SECOND)
    assert show.say(expire("anna", at=T0 + 209 * SECOND)) == []
    assert granted(show, expire("anna", at=T0 + 210 * SECOND))
    assert show.free("A-1") and show.reservation("anna").status == "expired"


def test_it_does_so_once_however_often_payments_begin() -> None:
    show = a_show(hold("anna", "A-1"), pay("anna"), declined("anna", at=T0 + SECOND))
    assert (show.reservation("anna").status, show.reservation("anna").expires_at_ms) == ("held", T0 + 180 * SECOND)
    assert granted(show, pay("anna", at=T0 + 100 * SECOND))
    assert show.reservation("anna").expires_at_ms == T0 + 180 * SECOND
    assert granted(show, declined("anna", at=T0 + 200 * SECOND), expire("anna", at=T0 + 201 * SECOND))


def test_it_never_ends_a_hold_sooner() -> None:
    quick = Policy(hold_s=60, hold_max_s=120, payment_s=5)
    show = given(hold("anna", "A-1"), pay("anna"), policy=quick)
    assert show.reservation("anna").expires_at_ms == T0 + 60 * SECOND


def test_a_backlog_does_not_eat_the_time_to_pay() -> None:
    show = a_show(hold("anna", "A-1"))
    show.say(pay("anna"), decided_at=T0 + 20 * SECOND)
    assert show.reservation("anna").expires_at_ms == T0 + 200 * SECOND


def test_while_a_payment_is_under_way_the_hold_is_not_extended_but_can_be_given_back() -> None:
    show = a_show(hold("anna", "A-1", "A-2"), pay("anna"))
    assert refused(show, extend("anna", at=T0 + 1)) == "payment_under_way"
    assert refused(show, release("anna", "A-1", at=T0 + 1)) == "payment_under_way"
    assert granted(show, release("anna", at=T0 + 2))
    assert show.free("A-1")


def test_a_payment_that_is_under_way_is_told_again_and_not_begun_twice() -> None:
    show = a_show(hold("anna", "A-1"), pay("anna", key="first"))
    for told in (pay("anna", key="first", at=T0 + 1), pay("anna", key="second", at=T0 + 2)):
        again = answer(show, told)
        assert isinstance(again, messages.PaymentBegun) and again.repeat
    assert show.reservation("anna").version == 2


@pytest.mark.parametrize(
    ("ending", "code"),
    [(confirm, "already_booked"), (release, "hold_released"), (expire, "hold_expired")],
)
def test_for_what_has_ended_no_payment_begins_and_none_fails(ending: Verb, code: str) -> None:
    show = given(hold("anna", "A-1"))
    assert granted(show, ending("anna", at=T0 + 60 * SECOND))
    assert refused(show, pay("anna", at=T0 + 61 * SECOND)) == code
    assert refused(show, declined("anna", at=T0 + 61 * SECOND)) == code


def test_nobody_pays_for_what_costs_nothing() -> None:
    free = a_show()
    free.show.category_prices = tuple(0 for _ in free.show.category_prices)
    assert granted(free, hold("anna", "A-1"))
    assert refused(free, pay("anna")) == "nothing_to_pay"
    assert granted(free, confirm("anna"))


def test_only_the_owner_begins_a_payment_and_only_the_provider_ends_one() -> None:
    show = a_show(hold("anna", "A-1"))
    assert refused(show, pay("ben", of="anna")) == "not_yours"
    assert refused(show, declined("anna")) == "not_paying"
    assert granted(show, pay("anna"))
    own_word = declined("anna", at=T0 + 1)
    forged = messages.FailPayment(show=7, key=b"k" * 16, sent_at_ms=T0, account="ent_anna", reservation=bytes(16))
    assert refused(show, Told("anna", T0 + 1, forged)) == "not_yours"
    assert refused(show, declined("nobody")) == "reservation_not_found"
    assert granted(show, own_word)


def test_late_news_of_one_attempt_does_not_end_the_next() -> None:
    show = a_show(hold("anna", "A-1"), pay("anna"), declined("anna", version=2), pay("anna", at=T0 + SECOND))
    assert show.reservation("anna").version == 4
    assert refused(show, declined("anna", at=T0 + 2 * SECOND, version=2)) == "not_paying"
    assert granted(show, declined("anna", at=T0 + 3 * SECOND, version=4))


# --- made


@pytest.mark.parametrize("before", [(), (pay("anna"),), (pay("anna"), declined("anna"))])
def test_the_providers_word_books_what_is_held(before: tuple[Told, ...]) -> None:
    show = a_show(hold("anna", "A-1", "A-2"), *before)
    booked = answer(show, paid("anna", 200, at=T0 + SECOND))
    assert isinstance(booked, messages.BookingConfirmed)
    assert booked.payment == Payment(PROVIDER, "ref", 200)
    assert show.reservation("anna").status == "booked"
    assert show.say(expire("anna", at=T0 + 60 * MINUTE)) == []


def test_a_fan_is_not_booked_by_their_own_word() -> None:
    show = a_show(hold("anna", "A-1"), pay("anna"))
    assert refused(show, confirm("anna", at=T0 + 1)) == "payment_missing"


def test_the_same_word_twice_is_the_same_booking() -> None:
    show = a_show(hold("anna", "A-1"), paid("anna", 100))
    again = answer(show, paid("anna", 100, at=T0 + SECOND))
    assert isinstance(again, messages.BookingConfirmed) and again.repeat
    assert granted(show, cancel("anna", at=T0 + 2 * SECOND))
    after = answer(show, paid("anna", 100, at=T0 + 3 * SECOND))
    assert isinstance(after, messages.BookingConfirmed) and after.repeat
    assert after.reservation.status == "cancelled"


def test_a_confirm_before_the_expiry_wins_even_when_it_is_late() -> None:
    show = a_show(hold("anna", "A-1"))
    assert granted(show, paid("anna", 100, at=T0 + 5 * MINUTE))


def test_late_with_the_seats_still_free_it_books_them_all_the_same() -> None:
    show = a_show(hold("anna", "A-1", floor=2), expire("anna", at=T0 + 60 * SECOND))
    assert granted(show, paid("anna", 140, at=T0 + 61 * SECOND))
    assert not show.free("A-1") and show.show.area_taken == [2] and show.show.area_booked == [2]
    assert show.reservation("anna").id not in show.show.ended
    assert (show.show.seats_booked, show.show.held_by_person) == (1, {})
    assert granted(show, cancel("anna", at=T0 + 62 * SECOND))
    assert show.free("A-1") and show.show.area_taken == [0]


def test_a_callers_own_confirm_of_what_expired_gets_nothing_of_the_kind() -> None:
    show = given(hold("anna", "A-1"), expire("anna", at=T0 + 60 * SECOND))
    assert refused(show, confirm("anna", at=T0 + 61 * SECOND)) == "hold_expired"
    assert refused(show, confirm("anna", paid=Payment("x", "y", 100), at=T0 + 62 * SECOND)) == "hold_expired"


def test_late_with_a_seat_gone_all_of_it_is_due_back() -> None:
    show = a_show(hold("anna", "A-1", "A-2"), expire("anna", at=T0 + 60 * SECOND))
    assert granted(show, hold("ben", "A-2", at=T0 + 61 * SECOND))
    due = due_back(show, paid("anna", 200, at=T0 + 62 * SECOND))
    assert (due.amount, due.reason, due.owner) == (200, "seats_unavailable", "ent_anna")
    assert (due.provider, due.reference, due.reservation_id) == (PROVIDER, "ref", show.reservation("anna").id)


def test_late_with_an_area_full_all_of_it_is_due_back() -> None:
    show = a_show(hold("anna", floor=4), expire("anna", at=T0 + 60 * SECOND))
    assert granted(show, *(hold(who, floor=4, at=T0 + 61 * SECOND) for who in ("ben", "cleo")))
    assert due_back(show, paid("anna", 80, at=T0 + 62 * SECOND)).reason == "seats_unavailable"


def test_late_after_the_sale_has_closed_it_still_books() -> None:
    show = a_show(hold("anna", "A-1"), expire("anna", at=T0 + 60 * SECOND), close_show(at=T0 + 61 * SECOND))
    assert granted(show, paid("anna", 100, at=T0 + 62 * SECOND))


def test_a_second_payment_for_a_booking_is_due_back_and_the_booking_stays() -> None:
    show = a_show(hold("anna", "A-1"), paid("anna", 100, "one"))
    assert due_back(show, paid("anna", 100, "two", at=T0 + 1)).reason == "already_booked"
    assert show.reservation("anna").status == "booked"


@pytest.mark.parametrize(
    ("ending", "reason"),
    [((release("anna"),), "hold_released"), ((paid("anna", 100, "first"), cancel("anna")), "booking_cancelled")],
)
def test_for_what_was_given_back_or_cancelled_it_is_due_back(ending: tuple[Told, ...], reason: str) -> None:
    show = a_show(hold("anna", "A-1"))
    for told in ending:
        show.say(told)
    assert due_back(show, paid("anna", 100, "late", at=T0 + SECOND)).reason == reason


@pytest.mark.parametrize("amount", [99, 101, 0])
def test_a_wrong_amount_is_due_back_and_the_hold_goes_on(amount: int) -> None:
    show = a_show(hold("anna", "A-1"), pay("anna"))
    due = due_back(show, paid("anna", amount, "wrong", at=T0 + 1))
    assert (due.amount, due.reason) == (amount, "amount_wrong")
    assert show.reservation("anna").status == "paying"
    assert granted(show, paid("anna", 100, "right", at=T0 + 2))


def test_for_a_reservation_that_there_never_was_it_is_due_back() -> None:
    show = a_show()
    due = due_back(show, paid("anna", 100, reservation=b"r" * 16))
    assert (due.reason, due.owner, due.reservation_id) == ("reservation_not_found", "", b"r" * 16)


def test_a_refund_is_due_once_however_often_the_provider_repeats_itself() -> None:
    show = a_show(hold("anna", "A-1"), paid("anna", 100, "one"))
    first = due_back(show, paid("anna", 100, "two", at=T0 + 1))
    before = show.show.seq
    again = answer(show, paid("anna", 100, "two", at=T0 + 2))
    assert isinstance(again, messages.RefundDue) and again.repeat
    assert (again.amount, again.reservation_id) == (first.amount, first.reservation_id)
    assert show.show.seq == before
    assert show.show.payments.by_name[PROVIDER, "two"].refund_due == 100


def test_one_payment_does_not_pay_for_two_reservations() -> None:
    show = a_show(hold("anna", "A-1"), hold("ben", "A-2"), paid("anna", 100, "one"))
    assert refused(show, paid("ben", 100, "one", at=T0 + 1)) == "payment_reused"
    assert show.show.payments.by_name[PROVIDER, "one"].left == 100


def test_a_cancelled_booking_gives_its_money_back_in_the_same_breath() -> None:
    show = a_show(hold("anna", "A-1"), paid("anna", 100))
    gone, due = show.say(cancel("anna", at=T0 + SECOND))
    assert isinstance(gone, messages.BookingCancelled) and gone.index == 0
    assert isinstance(due, messages.RefundDue)
    assert (due.index, due.seq, due.amount, due.account) == (1, gone.seq + 1, 100, "system")
    assert len(show.say(cancel("anna", at=T0 + 2 * SECOND))) == 1


def test_a_cancelled_booking_that_cost_nothing_owes_nothing() -> None:
    show = given(hold("anna", "A-1"), confirm("anna"))
    assert [type(it) for it in show.say(cancel("anna", at=T0 + SECOND))] == [messages.BookingCancelled]
