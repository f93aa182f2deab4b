"""Shares of one category that are kept for partners, and the word that one has been given back."""

import random

import pytest

from tests.simulation.quotas import broken
from tests.unit.allocator.stories import (
    LAYOUT,
    MINUTE,
    T0,
    Told,
    answer,
    cancel,
    confirm,
    expire,
    given,
    granted,
    hold,
    refusal,
    refused,
    release,
)
from tests.unit.allocator.test_allocations import keep, partner
from tests.unit.allocator.test_booking_now import book
from tests.unit.allocator.test_changing import swap
from tests.unit.allocator.test_orders import block, order
from ticketing import messages
from ticketing.having.shares import free_seats_by_category
from ticketing.messages import Best, Conflict
from ticketing.vocabulary import SYSTEM_ACCOUNT

# Eight seats in front (A and B), four in the back (C), ten places standing.
UNTIL = T0 + MINUTE


def share(who: str, places: int, of: str, *, borrow: int = 0, until: int = 0, key: str = "s", at: int = 0) -> Told:
    return order(
        messages.SetAllocation, f"{key} {who} {of}", at, allocation=f"ent_{who}", share=places, borrow=borrow,
        give_back_at_ms=until, category=of,
    )  # fmt: skip


def word(who: str, of: str, until: int, *, at: int) -> Told:
    """The expiry worker says that the time has come."""
    command = messages.ReturnAllocation(
        show=7, key=b"w" * 16, sent_at_ms=at, account=SYSTEM_ACCOUNT, keyed=False, allocation=f"ent_{who}",
        category=of, give_back_at_ms=until,
    )  # fmt: skip
    return Told("", at, command)


def test_seats_of_a_category_are_kept_and_those_of_others_are_not() -> None:
    show = given(share("club", 7, "front"), partner("agency", "A-1"))
    lost = refusal(show, partner("agency", "A-2", "C-1", after=2))
    assert (lost.code, lost.conflicts) == ("sold_out", (Conflict("allocated", seat=1),))
    assert granted(show, partner("agency", "C-1", "C-2", floor=3, after=3), partner("club", "A-2", "A-3", after=4))
    assert show.show.taken_by_partner == {"ent_club front": 2}


def test_the_share_burns_down_and_what_may_be_borrowed_is_of_the_same_category() -> None:
    show = given(share("club", 2, "front", borrow=1), partner("club", "A-1", "A-2", "C-1"))
    assert refused(show, partner("club", "A-3", "A-4", after=2)) == "allocation_exhausted"
    assert granted(show, partner("club", "A-3", after=3), partner("club", "C-2", floor=4, after=4))
    assert refused(show, partner("club", "A-4", after=5)) == "allocation_exhausted"


def test_the_best_available_is_found_where_nothing_is_kept() -> None:
    show = given(share("club", 8, "front"))
    held = answer(show, hold("anna", best=Best(2)))
    assert isinstance(held, messages.SeatsHeld)
    assert held.reservation.seats == (8, 9)  # C-1, C-2: row A is better, and kept
    assert granted(show, partner("club", best=Best(2)))
    assert show.reservation("club").seats == (0, 1)
    assert refused(show, hold("ben", best=Best(3))) == "sold_out"


def test_those_who_ask_for_a_category_by_name_are_told_that_it_is_kept() -> None:
    show = given(share("club", 8, "front"))
    assert refused(show, hold("anna", best=Best(2, category="front"))) == "sold_out"
    assert granted(show, hold("anna", best=Best(2, category="back"), key="b"))


def test_shares_of_the_show_and_of_categories_are_kept_beside_each_other() -> None:
    show = given(share("club", 6, "front"), keep("agency", 10))
    # 22 places, 16 promised: six are anybody's, but only two of them in front.
    assert refused(show, hold("anna", "A-1", "A-2", "A-3")) == "sold_out"
    assert granted(show, hold("anna", "A-1", "A-2", key="less"), hold("ben", floor=4))
    assert refused(show, hold("cleo", floor=1)) == "sold_out"
    assert granted(show, partner("agency", "C-1", "C-2", floor=6))
    assert refused(show, partner("agency", "A-3", after=2)) == "sold_out"


def test_no_more_is_promised_of_a_category_than_there_is() -> None:
    show = given(share("club", 5, "front"))
    assert refused(show, share("agency", 4, "front")) == "allocation_too_large"
    assert granted(show, share("agency", 3, "front", key="s2"), share("agency", 4, "back"))
    assert refused(show, share("agency", 1, "nowhere")) == "unknown_category"
    assert refused(show, keep("other", 11)) == "allocation_too_large"
    assert granted(show, keep("other", 10, key="s2"))


def test_a_partner_has_a_share_of_the_show_or_shares_of_categories() -> None:
    show = given(keep("club", 3, until=UNTIL), share("agency", 2, "back"))
    assert refused(show, share("club", 1, "front")) == "allocation_mixed"
    assert refused(show, keep("agency", 1)) == "allocation_mixed"
    assert granted(show, share("club", 1, "front", key="s2", at=MINUTE))


def test_seats_of_a_category_that_were_promised_are_not_blocked() -> None:
    show = given(share("club", 7, "front"))
    lost = refusal(show, block(0, 1, 8))
    assert [it.seat for it in lost.conflicts] == [0, 1]
    assert granted(show, block(0, 8, key="b2"), block(9, 10, 11, key="b3"))


def test_other_seats_for_a_booking_may_not_be_of_what_is_kept() -> None:
    show = given(hold("ben", "C-1"), confirm("ben", at=T0 + 1), share("club", 8, "front", at=2))
    assert refused(show, swap("ben", "C-1", "A-1", at=T0 + 3)) == "sold_out"
    assert granted(show, swap("ben", "C-1", "C-2", at=T0 + 4, named="within"))


def test_places_booked_at_once_burn_the_share_of_their_category() -> None:
    show = given(share("club", 7, "standing"), keep("agency", 3))
    assert refused(show, book("ben", floor=4, at=T0 + 1)) == "sold_out"
    assert granted(show, book("ben", floor=3, at=T0 + 2, named="less"), book("club", floor=4, at=T0 + 3))
    assert show.show.taken_by_partner["ent_club standing"] == 4
    assert granted(show, cancel("club", at=T0 + 4))
    assert show.show.taken_by_partner["ent_club standing"] == 0


def test_at_its_time_a_category_is_anybodys_before_a_word_is_said() -> None:
    show = given(share("club", 8, "front", until=UNTIL))
    assert refused(show, hold("anna", "A-1", at=UNTIL - 1)) == "sold_out"
    assert granted(show, hold("anna", "A-1", at=UNTIL))


def test_that_it_was_given_back_is_told_once_with_how_many_places() -> None:
    show = given(share("club", 5, "front", until=UNTIL), partner("club", "A-1", "A-2"))
    assert show.say(word("club", "front", UNTIL, at=UNTIL - 1)) == []
    told = answer(show, word("club", "front", UNTIL, at=UNTIL))
    assert isinstance(told, messages.AllocationReturned)
    assert (told.allocation, told.category, told.places) == ("ent_club", "front", 3)
    assert (told.give_back_at_ms, told.account) == (UNTIL, SYSTEM_ACCOUNT)
    assert show.say(word("club", "front", UNTIL, at=UNTIL + 1)) == []
    assert show.show.terms.allocations["ent_club front"].said_back_at_ms == UNTIL


def test_a_word_about_what_is_kept_otherwise_by_now_says_nothing() -> None:
    show = given(keep("club", 5, until=UNTIL), keep("club", 5, until=2 * MINUTE + T0, key="longer", at=1))
    assert show.say(word("club", "", UNTIL, at=UNTIL)) == []
    assert show.say(word("nobody", "", UNTIL, at=UNTIL)) == []
    assert show.say(word("club", "front", UNTIL, at=UNTIL)) == []
    assert [type(it).__name__ for it in show.say(word("club", "", 2 * MINUTE + T0, at=2 * MINUTE + T0))] == [
        "AllocationReturned"
    ]
    assert granted(show, keep("club", 5, key="again", at=3 * MINUTE))
    assert show.show.terms.allocations["ent_club"].said_back_at_ms == 0


def test_what_an_operator_takes_back_is_kept_no_more_and_told_with_its_places() -> None:
    show = given(share("club", 5, "front"), partner("club", "A-1"))
    back = order(messages.ReturnAllocation, "r", allocation="ent_club", category="front")
    told = answer(show, back)
    assert isinstance(told, messages.AllocationReturned)
    assert (told.places, told.give_back_at_ms, show.show.terms.allocations) == (4, 0, {})
    assert (show.show.taken_by_partner, show.show.free_in) == ({}, [])
    assert refused(show, order(messages.ReturnAllocation, "r2", allocation="ent_club")) == "allocation_not_found"


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_no_promise_is_broken_and_the_counts_are_those_of_the_seats(seed: int) -> None:
    rng = random.Random(seed)
    show = given()
    at = T0
    people = ("club", "agency", "anna", "ben")
    labels = [seat.label for seat in LAYOUT.seats]
    for n in range(60):
        at += rng.randint(1, 4_000)
        who = rng.choice(people)
        roll = rng.random()
        told = (
            share(who, rng.randint(1, 9), rng.choice(("front", "back", "standing")), borrow=rng.choice((0, 2)),
                  until=rng.choice((0, at + 20_000)), key=f"s{n}", at=at - T0) if roll < 0.15
            else keep(who, rng.randint(1, 9), key=f"k{n}", at=at - T0) if roll < 0.2
            else hold(who, *rng.sample(labels, rng.randint(1, 3)), at=at, key=f"{n}", partner=True) if roll < 0.45
            else hold(who, best=Best(rng.randint(1, 4), adjacent=rng.random() < 0.6), at=at, key=f"{n}", partner=True)
            if roll < 0.6
            else hold(who, floor=rng.randint(1, 3), at=at, key=f"{n}", partner=True) if roll < 0.7
            else block(rng.randrange(12), key=f"b{n}", after_ms=at - T0) if roll < 0.75
            else confirm(who, at=at) if roll < 0.8
            else expire(who, at=at) if roll < 0.85
            else release(who, at=at) if roll < 0.93
            else word(who, "front", at - rng.randint(0, 20_000), at=at)
        )  # fmt: skip
        if told.of in show.latest or not isinstance(
            told.command, messages.ConfirmBooking | messages.ExpireHolds | messages.ReleaseHold
        ):
            show.say(told)
    assert list(broken(show.draft.outcomes, LAYOUT)) == []
    stock = show.show
    if stock.shares_by_category:
        assert stock.free_in == free_seats_by_category(stock)
