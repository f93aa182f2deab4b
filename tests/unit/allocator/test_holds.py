"""Who gets places, and who hears why not."""

from dataclasses import replace

import msgspec
import pytest

from tests.unit.allocator.stories import (
    LAYOUT,
    POLICY,
    SECOND,
    STARTS,
    T0,
    Told,
    answer,
    confirm,
    empty_partition,
    given,
    granted,
    hold,
    open_show,
    refusal,
    refused,
    release,
)
from ticketing import messages
from ticketing.messages import Best

A1, A2, A3, A4 = (LAYOUT.seat_numbers[f"A-{number}"] for number in range(1, 5))


def test_a_free_seat_is_held_until_the_hold_ends() -> None:
    show = given(hold("anna", "A-1", "A-2"))
    anna = show.reservation("anna")
    assert (anna.status, anna.version, anna.seats) == ("held", 1, (A1, A2))
    assert (anna.held_at_ms, anna.expires_at_ms, anna.hold_s) == (T0, T0 + 60 * SECOND, 60)
    assert not show.free("A-1") and show.free("A-3")


def test_a_second_buyer_loses_the_seat_and_is_offered_others() -> None:
    show = given(hold("anna", "A-1", "A-2"))
    lost = refusal(show, hold("ben", "A-2", "A-3"))
    assert (lost.code, lost.conflicts_total) == ("seats_unavailable", 1)
    assert lost.conflicts == (messages.Conflict("held", seat=A2),)
    assert lost.alternatives == ((A3, A4), (4, 5), (8, 9))[:2]
    assert show.free("A-3")


def test_what_is_offered_follows_what_is_taken() -> None:
    show = given(hold("anna", "A-1"))
    assert refusal(show, hold("ben", "A-1")).alternatives[0] == (A2,)
    assert granted(show, hold("ben", "A-2", at=T0 + 1))
    assert refusal(show, hold("cleo", "A-1", at=T0 + 2)).alternatives[0] == (A3,)


def test_a_booked_seat_is_said_to_be_booked() -> None:
    show = given(hold("anna", "A-1"), confirm("anna"))
    assert refusal(show, hold("ben", "A-1")).conflicts[0].reason == "booked"


def test_my_own_seats_are_named_as_mine_without_naming_anybody_elses_hold() -> None:
    show = given(hold("anna", "A-1"), hold("ben", "A-2"))
    mine = refusal(show, hold("anna", "A-1", at=T0 + 1))
    assert mine.code == "already_yours"
    assert mine.conflicts == (messages.Conflict("already_yours", seat=A1, reservation=show.latest["anna"][0]),)
    assert mine.alternatives == ()
    both = refusal(show, hold("anna", "A-1", "A-2", at=T0 + 2))
    assert both.code == "seats_unavailable"
    assert [(conflict.reason, conflict.reservation != b"") for conflict in both.conflicts] == [
        ("already_yours", True),
        ("held", False),
    ]


def test_who_owns_a_seat_hears_so_also_after_others_have_lost_it() -> None:
    show = given(hold("anna", "A-1"))
    assert refused(show, hold("ben", "A-1")) == "seats_unavailable"
    assert refused(show, hold("anna", "A-1", at=T0 + 1)) == "already_yours"
    assert refused(show, hold("cleo", "A-1", at=T0 + 2)) == "seats_unavailable"


def test_what_was_lost_by_one_is_had_by_the_next_when_it_is_free_again() -> None:
    show = given(hold("anna", "A-1"), hold("eve", floor=4), hold("fay", floor=4))
    assert refused(show, hold("ben", "A-1")) == "seats_unavailable"
    assert refused(show, hold("ben", floor=3, at=T0 + 1)) == "sold_out"
    assert granted(show, release("anna"), release("eve"))
    assert granted(show, hold("cleo", "A-1", at=T0 + 2), hold("dora", floor=3, at=T0 + 2))
    assert refused(show, hold("ben", "A-1", at=T0 + 3)) == "seats_unavailable"


def test_a_hold_is_all_or_nothing() -> None:
    show = given(hold("anna", "A-1"))
    assert refused(show, hold("ben", "A-1", "B-1", floor=2)) == "seats_unavailable"
    assert show.free("B-1")
    assert show.show.area_taken == [0]


def test_an_area_is_sold_by_count_up_to_its_capacity() -> None:
    show = given(hold("anna", floor=4), hold("ben", floor=4), confirm("anna"))
    lost = refusal(show, hold("cleo", floor=3))
    assert (lost.code, lost.conflicts, lost.alternatives) == ("sold_out", (messages.Conflict("held", area=0),), ())
    assert granted(show, hold("cleo", floor=2, at=T0 + 1))
    assert show.show.area_taken == [10]
    assert (show.show.area_booked, refused(show, hold("dora", floor=1))) == ([4], "sold_out")


def test_an_area_that_is_booked_out_is_said_to_be_booked() -> None:
    show = given(hold("anna", floor=4), confirm("anna"), hold("ben", floor=4), confirm("ben"))
    assert refusal(show, hold("cleo", floor=3)).conflicts[0].reason == "booked"


def test_best_are_the_first_ones_together() -> None:
    show = given(hold("anna", "A-2"))
    best = answer(show, hold("ben", best=Best(2)))
    assert isinstance(best, messages.SeatsHeld)
    assert best.reservation.seats == (A3, A4)
    assert best.reservation.amount == 200


def test_best_of_a_category_that_is_not_there_are_none() -> None:
    show = given()
    assert refused(show, hold("ben", best=Best(2, category="velvet"))) == "sold_out"


def test_best_says_whether_there_are_too_few_or_only_scattered_ones() -> None:
    show = given(hold("anna", "A-2", "A-4", "B-2", "B-4"), hold("ben", "C-2", "C-3"))
    assert refused(show, hold("cleo", best=Best(3))) == "no_adjacent_block"
    assert refused(show, hold("cleo", best=Best(3, category="back"), at=T0 + 1)) == "sold_out"
    scattered = answer(show, hold("cleo", best=Best(3, adjacent=False), at=T0 + 2))
    assert isinstance(scattered, messages.SeatsHeld)
    assert scattered.reservation.seats == (A1, A3, 4)


def test_best_never_gives_a_seat_that_the_same_request_names() -> None:
    both = answer(given(), hold("anna", "A-1", best=Best(3)))
    assert isinstance(both, messages.SeatsHeld)
    assert both.reservation.seats == (A1, A2, A3, A4)


def test_prices_are_fixed_at_the_hold() -> None:
    show = given(hold("anna", "A-1", "C-1", floor=2))
    anna = show.reservation("anna")
    assert (anna.prices, anna.amount) == ((100, 50, 20), 100 + 50 + 2 * 20)


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (hold("ben", "A-1", "A-2", "A-3", "A-4", "B-1"), "too_many_seats"),
        (hold("ben", "A-1", floor=4), "too_many_seats"),
        (hold("ben", best=Best(5)), "too_many_seats"),
        (hold("ben"), "nothing_asked_for"),
        (hold("ben", "A-1", "A-1"), "malformed"),
    ],
)
def test_a_hold_has_its_limits(wish: Told, code: str) -> None:
    assert refused(given(), wish) == code


def test_a_partner_has_limits_of_its_own() -> None:
    seats = [f"{row}-{number}" for row in "AB" for number in range(1, 5)]
    show = given(hold("agency", *seats, partner=True))
    assert not show.free("B-4")
    assert refused(show, hold("agency", "C-1", floor=8, partner=True, at=T0 + 1)) == "too_many_seats"


def test_one_person_holds_so_many_at_once_and_may_book_more() -> None:
    show = given(hold("anna", "A-1", "A-2", "A-3", "A-4"))
    limit = refusal(show, hold("anna", "B-1", floor=2, at=T0 + 1))
    assert (limit.code, limit.conflicts) == ("limit_exceeded", ())
    assert granted(show, hold("anna", "B-1", floor=1, at=T0 + 2), confirm("anna"))
    assert granted(show, hold("anna", floor=2, at=T0 + 3))
    assert refused(show, hold("anna", "C-1", "C-2", "C-3", at=T0 + 4)) == "limit_exceeded"


def test_unknown_places_are_refused_by_number() -> None:
    show = given()
    stray = hold("anna", "A-1")
    command = stray.command
    assert isinstance(command, messages.HoldSeats)
    far = messages.HoldSeats(
        show=command.show, key=command.key, sent_at_ms=T0, account="ent_anna", seats=(len(LAYOUT.seats),)
    )
    assert refused(show, Told("anna", T0, far)) == "unknown_places"
    area = messages.HoldSeats(show=command.show, key=b"k" * 16, sent_at_ms=T0, account="ent_anna", areas=((1, 1),))
    assert refused(show, Told("anna", T0, area)) == "unknown_places"


def test_nothing_is_held_before_the_sale_opens_or_after_it_closes() -> None:
    show = empty_partition()
    assert granted(show, open_show(opens=T0 + 10 * SECOND, closes=T0 + 20 * SECOND))
    assert refused(show, hold("anna", "A-1", at=T0 + 10 * SECOND - 1)) == "not_on_sale"
    assert granted(show, hold("anna", "A-1", at=T0 + 10 * SECOND))
    assert refused(show, hold("ben", "A-2", at=T0 + 20 * SECOND)) == "show_closed"


def test_a_caller_may_ask_for_another_hold_time_up_to_the_shows_longest() -> None:
    show = given(hold("anna", "A-1", hold_s=90), hold("ben", "A-2", hold_s=999))
    assert show.reservation("anna").expires_at_ms == T0 + 90 * SECOND
    assert show.reservation("ben").expires_at_ms == T0 + POLICY.hold_max_s * SECOND


def test_a_backlog_never_grants_holds_that_are_over() -> None:
    show = given()
    show.say(hold("anna", "A-1", at=T0), decided_at=T0 + 300 * SECOND)
    anna = show.reservation("anna")
    assert (anna.held_at_ms, anna.expires_at_ms) == (T0, T0 + 360 * SECOND)
    assert anna.expires_at_ms < STARTS


def test_a_group_has_the_best_places_beyond_what_one_hold_may_have() -> None:
    show = given()
    many = hold("agency", best=Best(10, adjacent=False), partner=True)
    assert refused(show, many) == "too_many_seats"
    group = replace(many, command=msgspec.structs.replace(many.command, group=True, key=b"g" * 16))
    held = answer(show, group)
    assert isinstance(held, messages.SeatsHeld)
    assert len(held.reservation.seats) == 10
    named = hold("agency", "A-1", "A-2", "A-3", "A-4", "B-1", "B-2", "B-3", "B-4", "C-1", at=T0 + 1, partner=True)
    group = replace(named, command=msgspec.structs.replace(named.command, group=True))
    assert refused(show, group) == "too_many_seats"


def test_what_a_group_has_lost_is_not_what_others_are_told_who_may_not_even_ask() -> None:
    show = given(hold("anna", "A-1"))
    both = hold("agency", "A-1", best=Best(8), partner=True)
    group = replace(both, command=msgspec.structs.replace(both.command, group=True, key=b"g" * 16))
    assert refused(show, group) == "seats_unavailable"
    assert refused(show, both) == "too_many_seats"
