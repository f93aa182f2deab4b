"""What becomes of a hold: extended, given back, booked, cancelled, expired."""

import pytest

from tests.unit.allocator.stories import (
    MINUTE,
    POLICY,
    SECOND,
    SHOW,
    STARTS,
    T0,
    Told,
    Verb,
    answer,
    cancel,
    confirm,
    expire,
    extend,
    given,
    granted,
    hold,
    refused,
    release,
)
from ticketing import messages
from ticketing.messages import Payment, Policy

PAID = Payment("pay", "ref-1", 100)


def test_a_second_buyer_waits_until_the_hold_expires() -> None:
    show = given(hold("anna", "A-1"))
    assert refused(show, hold("ben", "A-1", at=T0 + 59 * SECOND))
    assert granted(show, expire("anna", at=T0 + 60 * SECOND), hold("ben", "A-1", at=T0 + 61 * SECOND))
    assert show.owner("A-1") == show.latest["ben"][0]


def test_a_hold_does_not_end_before_it_is_due_or_in_another_version() -> None:
    show = given(hold("anna", "A-1"))
    assert show.say(expire("anna", at=T0 + 60 * SECOND - 1)) == []
    assert granted(show, extend("anna", at=T0 + 60 * SECOND - 1))
    assert show.say(expire("anna", at=T0 + 3 * MINUTE, version=1)) == []
    assert not show.free("A-1")
    (ended,) = show.say(expire("anna", at=T0 + 3 * MINUTE, version=2))
    assert isinstance(ended, messages.HoldExpired)
    assert (ended.reservation.status, ended.reservation.version) == ("expired", 3)
    assert show.free("A-1")


def test_a_hold_ends_once_however_often_it_is_proposed() -> None:
    show = given(hold("anna", "A-1"), hold("ben", "A-2"))
    anna, ben = show.latest["anna"], show.latest["ben"]
    thrice = messages.ExpireHolds(
        show=SHOW,
        key=b"e" * 16,
        sent_at_ms=T0,
        account="system",
        keyed=False,
        holds=(anna, ben, anna, (b"nobody".ljust(16), 1)),
    )
    outcomes = show.say(Told("", T0 + 60 * SECOND, thrice))
    assert [(type(outcome), outcome.index) for outcome in outcomes] == [
        (messages.HoldExpired, 0),
        (messages.HoldExpired, 1),
    ]
    assert [outcome.seq for outcome in outcomes] == [4, 5]
    assert show.say(Told("", T0 + 61 * SECOND, thrice)) == []


def test_a_booking_never_expires() -> None:
    show = given(hold("anna", "A-1"), confirm("anna"))
    assert show.say(expire("anna", at=T0 + 60 * MINUTE)) == []
    assert not show.free("A-1")


def test_a_confirm_before_the_expiry_wins_even_when_it_is_late() -> None:
    show = given(hold("anna", "A-1"))
    assert granted(show, confirm("anna", at=T0 + 5 * MINUTE))
    assert show.reservation("anna").booked_at_ms == T0 + 5 * MINUTE


def test_an_extension_moves_the_end_but_never_back_and_not_beyond_the_longest() -> None:
    show = given(hold("anna", "A-1"))
    ends = []
    for at, by_s in ((10, 0), (20, 5), (50, 0), (110, 0)):
        assert granted(show, extend("anna", at=T0 + at * SECOND, by_s=by_s))
        ends.append((show.reservation("anna").expires_at_ms - T0) // SECOND)
    assert ends == [70, 70, 110, 120]


def test_what_was_given_back_can_be_had_again() -> None:
    show = given(hold("anna", "A-1", floor=2), release("anna"))
    assert show.free("A-1") and show.show.area_taken == [0]
    assert granted(show, hold("ben", "A-1", at=T0 + 1))


@pytest.mark.parametrize("verb", [extend, release, confirm, cancel])
def test_only_its_owner_moves_a_reservation(verb: Verb) -> None:
    show = given(hold("anna", "A-1"))
    assert refused(show, verb("ben", of="anna")) == "not_yours"
    assert refused(show, verb("ben", of="nobody", at=T0 + 1)) == "reservation_not_found"


@pytest.mark.parametrize(
    ("ending", "code"),
    [(confirm, "already_booked"), (release, "hold_released"), (expire, "hold_expired")],
)
@pytest.mark.parametrize("verb", [extend, confirm])
def test_what_has_ended_is_not_held(ending: Verb, code: str, verb: Verb) -> None:
    show = given(hold("anna", "A-1"))
    assert granted(show, ending("anna", at=T0 + 60 * SECOND))
    assert refused(show, verb("anna", at=T0 + 61 * SECOND)) == code


def test_a_cancelled_booking_frees_its_seats_for_others() -> None:
    show = given(hold("anna", "A-1"), confirm("anna"), cancel("anna"))
    assert granted(show, hold("ben", "A-1", at=T0 + 1))
    assert refused(show, confirm("anna", at=T0 + 2)) == "booking_cancelled"
    assert (show.show.seats_booked, show.reservation("anna").version) == (0, 3)


def test_only_a_booking_can_be_cancelled_and_only_until_the_refund_window_closes() -> None:
    show = given(hold("anna", "A-1"), hold("ben", "A-2"))
    assert refused(show, cancel("anna")) == "not_booked"
    assert granted(show, confirm("anna"), confirm("ben"))
    last = STARTS - POLICY.refund_until_s * SECOND
    assert granted(show, cancel("anna", at=last))
    assert refused(show, cancel("ben", at=last + 1)) == "refund_window_closed"


def test_where_payment_is_required_it_must_be_there_fit_and_be_new() -> None:
    show = given(
        hold("anna", "A-1"),
        hold("ben", "A-2"),
        policy=Policy(payment_required=True, hold_s=60, hold_max_s=120),
    )
    assert refused(show, confirm("anna")) == "payment_missing"
    assert refused(show, confirm("anna", paid=Payment("pay", "ref-1", 99), at=T0 + 1)) == "amount_wrong"
    confirmed = answer(show, confirm("anna", paid=PAID, at=T0 + 2))
    assert isinstance(confirmed, messages.BookingConfirmed)
    assert confirmed.payment == PAID
    assert refused(show, confirm("ben", paid=PAID, at=T0 + 3)) == "payment_reused"
    assert granted(show, confirm("ben", paid=Payment("other", "ref-1", 100), at=T0 + 4))
    assert len(show.show.payments.by_name) == 2


def test_counts_come_back_to_nothing_when_everything_is_given_back() -> None:
    show = given(
        hold("anna", "A-1", "A-2", floor=2),
        extend("anna"),
        confirm("anna"),
        cancel("anna"),
        hold("ben", "A-1", floor=1),
        release("ben"),
    )
    stock = show.show
    assert (sum(stock.free), stock.owners, stock.area_taken, stock.area_booked) == (12, {}, [0], [0])
    assert (stock.seats_booked, stock.held_by_person, stock.live) == (0, {}, {})
