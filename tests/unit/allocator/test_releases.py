"""Some seats are given back, and the rest is held on."""

from tests.unit.allocator.stories import (
    LAYOUT,
    SECOND,
    T0,
    answer,
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

A1, A2, A3 = (LAYOUT.seat_numbers[f"A-{number}"] for number in range(1, 4))


def test_some_seats_are_free_again_and_the_others_stay_held_at_their_price() -> None:
    show = given(hold("anna", "A-1", "A-2", "C-1", floor=1))
    given_back = answer(show, release("anna", "A-2"))
    assert isinstance(given_back, messages.HoldReleased)
    anna = given_back.reservation
    assert (anna.status, anna.version, given_back.freed) == ("held", 2, (A2,))
    assert (anna.seats, anna.areas) == ((A1, LAYOUT.seat_numbers["C-1"]), ((0, 1),))
    assert (anna.prices, anna.amount) == ((100, 50, 20), 170)
    assert show.free("A-2") and not show.free("A-1")
    assert granted(show, hold("ben", "A-2"), confirm("anna"))
    assert show.show.held_by_person == {"ent_ben": 1}


def test_all_seats_named_are_all_of_the_hold_unless_it_has_places_of_an_area() -> None:
    show = given(hold("anna", "A-1", "A-2"), hold("ben", "A-3", floor=2), release("anna", "A-1", "A-2"))
    assert show.reservation("anna").status == "released"
    assert granted(show, release("ben", "A-3"))
    ben = show.reservation("ben")
    assert (ben.status, ben.seats, ben.areas, ben.amount) == ("held", (), ((0, 2),), 40)
    assert show.show.owners == {}


def test_seats_that_are_not_in_it_are_not_given_back() -> None:
    show = given(hold("anna", "A-1", "A-2"), hold("ben", "A-3"))
    assert refused(show, release("anna", "A-1", "A-3")) == "seats_not_in_reservation"
    assert refused(show, release("anna", "A-1", "A-1", at=T0 + 1)) == "seats_not_in_reservation"
    assert granted(show, release("anna", "A-1", at=T0 + 2))
    assert refused(show, release("anna", "A-1", at=T0 + 3)) == "seats_not_in_reservation"


def test_giving_back_twice_with_one_key_gives_back_once() -> None:
    show = given(hold("anna", "A-1", "A-2"), release("anna", "A-1", key="k"))
    again = answer(show, release("anna", "A-1", key="k", at=T0 + 1))
    assert again.repeat and isinstance(again, messages.HoldReleased)
    assert again.reservation.seats == (A2,)
    assert refused(show, release("anna", "A-2", key="k", at=T0 + 2)) == "idempotency_key_reused"


def test_what_is_left_ends_when_the_hold_would_have_ended() -> None:
    show = given(hold("anna", "A-1", "A-2"), extend("anna", at=T0 + 10 * SECOND), release("anna", "A-1"))
    assert show.reservation("anna").expires_at_ms == T0 + 70 * SECOND
    assert granted(show, expire("anna", at=T0 + 70 * SECOND))
    assert show.free("A-1", "A-2")
