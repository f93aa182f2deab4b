"""Several holds, some of their seats and places that nobody holds in one booking: all of it or nothing."""

import pytest

from tests.unit.allocator.stories import (
    LAYOUT,
    MINUTE,
    SECOND,
    T0,
    Scene,
    Told,
    account_of,
    answer,
    cancel,
    close_show,
    confirm,
    expire,
    given,
    hold,
    pay,
    refusal,
    release,
)
from tests.unit.allocator.test_allocations import PLACES, keep
from ticketing import messages
from ticketing.messages import Conflict, Payment, Policy
from ticketing.vocabulary import command_key, fingerprint

A1, A2, A3 = (LAYOUT.seat_numbers[label] for label in ("A-1", "A-2", "A-3"))
PAID = Policy(hold_s=60, hold_max_s=120)


def key(who: str, named: str) -> bytes:
    return command_key(account=who, method="hold", path_template="", show=7, key=named)


def book(
    who: str,
    *labels: str,
    floor: int = 0,
    holds: tuple[str, ...] = (),
    paid: Payment | None = None,
    at: int = T0 + SECOND,
    of: str | None = None,
    named: str = "book",
) -> Told:
    """`holds`: the caller's own keys of the reservations that go into it whole."""
    seats = tuple(LAYOUT.seat_numbers[label] for label in labels)
    command = messages.BookNow(
        show=7,
        key=command_key(account=who, method="book", path_template="", show=7, key=named),
        sent_at_ms=at,
        account=account_of(who),
        person=account_of(who),
        fingerprint=fingerprint(repr((labels, floor, holds, paid)).encode()),
        seats=seats,
        areas=((0, floor),) if floor else (),
        reservations=tuple(key(of or who, name) for name in holds),
        payment=paid,
    )
    return Told(who, at, command)


def test_several_reservations_become_one_booking() -> None:
    show = given(hold("anna", "A-1", key="one"), hold("anna", "A-3", floor=2, key="two"))
    one, two, booked = show.say(book("anna", holds=("one", "two")))
    assert isinstance(booked, messages.BookingConfirmed) and booked.index == 0
    assert (booked.reservation.seats, booked.reservation.areas) == ((A1, A3), ((0, 2),))
    assert (booked.reservation.prices, booked.reservation.amount) == ((100, 100, 20), 240)
    for number, given_up in enumerate((one, two), start=1):
        assert isinstance(given_up, messages.HoldReleased)
        assert (given_up.index, given_up.account, given_up.reservation.status) == (number, "system", "released")
    assert [it.seq for it in (one, two, booked)] == [2 + 2, 3 + 2, 4 + 2]
    assert (show.owner("A-1"), show.show.area_booked, show.show.seats_booked) == (booked.reservation.id, [2], 2)
    assert (show.show.held_by_person, len(show.show.unpaid)) == ({}, 0)


def test_seats_named_are_taken_out_of_their_holds_and_the_others_stay_held() -> None:
    show = given(hold("anna", "A-1", "A-2", "A-3", floor=1, key="one"))
    rest, booked = show.say(book("anna", "A-1", "A-3"))
    assert isinstance(rest, messages.HoldReleased) and isinstance(booked, messages.BookingConfirmed)
    assert (rest.freed, rest.reservation.status) == ((A1, A3), "held")
    assert (rest.reservation.seats, rest.reservation.areas, rest.reservation.amount) == ((A2,), ((0, 1),), 120)
    assert booked.reservation.amount == 200
    assert show.owner("A-2") == rest.reservation.id


def test_prices_are_those_of_the_hold_and_for_what_nobody_holds_those_of_today() -> None:
    show = given(hold("anna", floor=2, key="one"))
    show.show.category_prices = tuple(price + 5 for price in show.show.category_prices)
    booked = answer_of(show, book("anna", floor=1, holds=("one",)))
    assert (booked.reservation.areas, booked.reservation.prices) == (((0, 2), (0, 1)), (20, 25))
    assert (booked.reservation.amount, show.show.area_taken) == (65, [3])


def answer_of(show: Scene, told: Told) -> messages.BookingConfirmed:
    booked = show.say(told)[-1]
    assert isinstance(booked, messages.BookingConfirmed)
    return booked


def test_general_admission_in_one_call() -> None:
    show = given(policy=PAID)
    assert refusal(show, book("anna", floor=3, named="unpaid")).code == "payment_missing"
    booked = answer_of(show, book("anna", floor=3, paid=Payment("cash", "till", 60)))
    assert (booked.reservation.status, booked.reservation.version, show.show.area_booked) == ("booked", 1, [3])
    assert show.show.payments.by_name["cash", "till"].reservation == booked.reservation.id


def test_the_same_booking_again_is_the_same_booking() -> None:
    show = given(hold("anna", "A-1", key="one"))
    told = book("anna", floor=1, holds=("one",))
    first = answer_of(show, told)
    again = answer(show, told.again(T0 + 2 * SECOND))
    assert isinstance(again, messages.BookingConfirmed) and again.repeat
    assert again.reservation == first.reservation
    assert refusal(show, book("anna", floor=2, holds=("one",))).code == "idempotency_key_reused"
    assert show.show.area_taken == [1]
    (cancelled,) = show.say(cancel("anna", at=T0 + 3 * SECOND))
    assert isinstance(cancelled, messages.BookingCancelled) and show.free("A-1")


def test_a_seat_that_is_not_held_by_the_caller_is_named_and_nothing_happens() -> None:
    show = given(hold("anna", "A-1"), hold("ben", "A-2"), hold("cleo", "A-3"), confirm("cleo"))
    before = show.show.seq
    lost = refusal(show, book("anna", "A-1", "A-2", "A-3", "A-4"))
    assert (lost.code, show.show.seq) == ("hold_not_yours", before)
    reasons = [(it.reason, it.seat) for it in lost.conflicts]
    assert reasons == [("held", A2), ("booked", A3), ("available", LAYOUT.seat_numbers["A-4"])]


@pytest.mark.parametrize(
    ("story", "told", "code"),
    [
        ((), book("anna"), "nothing_asked_for"),
        ((), book("anna", floor=11), "too_many_seats"),
        ((), book("anna", holds=("one",)), "reservation_not_found"),
        ((), book("anna", holds=("one", "one")), "malformed"),
        ((hold("ben", "A-1", key="one"),), book("anna", holds=("one",), of="ben"), "not_yours"),
        ((hold("anna", "A-1", key="one"), confirm("anna")), book("anna", holds=("one",)), "already_booked"),
        ((hold("anna", "A-1", key="one"), release("anna")), book("anna", holds=("one",)), "hold_released"),
        (
            (hold("anna", "A-1", key="one"), expire("anna", at=T0 + MINUTE)),
            book("anna", holds=("one",), at=T0 + 2 * MINUTE),
            "hold_expired",
        ),
        ((hold("anna", "A-1", key="one"), pay("anna")), book("anna", holds=("one",)), "payment_under_way"),
        ((close_show(at=T0),), book("anna", floor=1), "show_closed"),
        (tuple(hold(who, floor=4) for who in ("ben", "cleo")), book("anna", floor=3), "sold_out"),
        ((keep("club", PLACES - 2),), book("anna", floor=3), "sold_out"),
        ((keep("club", 2),), book("club", floor=3), "allocation_exhausted"),
        ((hold("anna", "A-1", key="one"),), book("anna", holds=("one",), paid=Payment("x", "y", 1)), "amount_wrong"),
    ],
)
def test_what_cannot_be_booked_whole_is_not_booked_at_all(story: tuple[Told, ...], told: Told, code: str) -> None:
    show = given(*story)
    before = show.show.seq, dict(show.show.live)
    assert refusal(show, told).code == code
    assert (show.show.seq, dict(show.show.live)) == before


def test_what_is_held_is_booked_after_the_sale_has_closed() -> None:
    show = given(hold("anna", "A-1", key="one"), close_show(at=T0))
    assert answer_of(show, book("anna", holds=("one",))).reservation.seats == (A1,)


def test_places_that_nobody_holds_count_against_what_one_person_may_have() -> None:
    few = given(hold("anna", floor=1), policy=Policy(seats_per_person_max=2, payment_required=False))
    assert refusal(few, book("anna", floor=2)).code == "limit_exceeded"
    assert answer_of(few, book("anna", floor=1, named="less")).reservation.areas == ((0, 1),)


def test_conflicts_of_areas_are_named() -> None:
    show = given(hold("ben", floor=4), hold("cleo", floor=4))
    assert refusal(show, book("anna", floor=3)).conflicts == (Conflict("held", area=0),)
