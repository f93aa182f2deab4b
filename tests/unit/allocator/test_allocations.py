"""Shares of a show that are kept for partners: exact, live, and given back by themselves."""

import pytest

from tests.unit.allocator.stories import (
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
    paid,
    refusal,
    refused,
    release,
)
from tests.unit.allocator.test_orders import A1, A2, block, order
from ticketing import messages
from ticketing.messages import Best, Conflict

# Twelve seats and a floor for ten: twenty-two places in all.
PLACES = 22


def keep(who: str, share: int, *, borrow: int = 0, until: int = 0, key: str = "s", at: int = 0) -> Told:
    return order(
        messages.SetAllocation,
        f"{key}{who}",
        at,
        allocation=f"ent_{who}",
        share=share,
        borrow=borrow,
        give_back_at_ms=until,
    )


def give_back(who: str, key: str = "r", at: int = 0) -> Told:
    return order(messages.ReturnAllocation, f"{key}{who}", at, allocation=f"ent_{who}")


def partner(who: str, *labels: str, floor: int = 0, after: int = 1, best: Best | None = None) -> Told:
    return hold(who, *labels, floor=floor, best=best, at=T0 + after, partner=True)


def test_what_is_kept_for_a_partner_nobody_else_can_have() -> None:
    show = given(keep("club", 18), partner("agency", floor=4))
    lost = refusal(show, partner("agency", "A-1", after=2))
    assert (lost.code, lost.conflicts) == ("sold_out", (Conflict("allocated", seat=A1),))
    assert refused(show, hold("anna", best=Best(1), at=T0 + 3)) == "sold_out"
    assert granted(show, partner("club", "A-1", after=4))


def test_its_share_burns_down_with_what_it_has_and_fills_with_what_it_gives_back() -> None:
    show = given(keep("club", 3), partner("club", "A-1", "A-2"))
    assert show.show.taken_by_partner == {"ent_club": 2}
    assert refused(show, partner("club", floor=2, after=2)) == "allocation_exhausted"
    assert granted(show, confirm("club", at=T0 + 3), partner("club", floor=1, after=4))
    assert refused(show, partner("club", floor=1, after=5)) == "allocation_exhausted"
    assert granted(show, release("club", at=T0 + 6), partner("club", floor=1, after=7))
    assert show.show.taken_by_partner == {"ent_club": 3}


def test_a_cancelled_booking_is_in_the_share_again() -> None:
    show = given(keep("club", 1), partner("club", "A-1"), confirm("club", at=T0 + 2))
    assert granted(show, cancel("club", at=T0 + 3), partner("club", "A-2", after=4))


def test_it_may_borrow_what_is_kept_for_nobody() -> None:
    show = given(keep("club", 2, borrow=3), keep("other", 16))
    assert granted(show, partner("club", floor=4))
    lost = refusal(show, partner("club", floor=2, after=2))
    assert (lost.code, lost.detail) == (
        "allocation_exhausted",
        "1 places are left of the share and of what may be borrowed",
    )
    assert granted(show, hold("anna", floor=2, at=T0 + 3))
    # One may still be borrowed, and nothing is left that is kept for nobody.
    assert refused(show, partner("club", floor=1, after=4)) == "sold_out"


def test_at_its_time_it_is_given_back_by_itself() -> None:
    show = given(keep("club", 20, until=T0 + MINUTE))
    assert refused(show, hold("anna", floor=3, at=T0 + MINUTE - 1)) == "sold_out"
    assert granted(show, hold("anna", floor=3, at=T0 + MINUTE))
    assert granted(show, partner("club", floor=2, after=MINUTE + 1))


def test_it_can_be_given_back_before_and_set_anew() -> None:
    show = given(keep("club", 20), give_back("club"), hold("anna", floor=3, at=T0 + 1))
    assert refused(show, give_back("club", key="r2")) == "allocation_not_found"
    assert refused(show, keep("club", 20, key="s2")) == "allocation_too_large"
    assert granted(show, keep("club", 19, key="s3"))


def test_what_it_has_already_counts_and_no_more_is_promised_than_is_there() -> None:
    show = given(partner("club", floor=4), hold("anna", "A-1", "A-2", at=T0 + 2))
    assert refused(show, keep("club", 21)) == "allocation_too_large"
    assert granted(show, keep("club", 20, key="s2"))
    assert refused(show, keep("other", 1)) == "allocation_too_large"
    assert granted(show, keep("club", 19, key="s3"), keep("other", 1, key="s2"))


def test_seats_that_were_promised_are_not_blocked() -> None:
    show = given(keep("club", PLACES - 1))
    lost = refusal(show, block(A1, A2))
    assert (lost.code, [conflict.reason for conflict in lost.conflicts]) == ("seats_unavailable", ["allocated"] * 2)
    assert granted(show, block(A1, key="b2"))
    assert refused(show, keep("club", PLACES, key="s2")) == "allocation_too_large"


def test_an_allocation_sent_twice_is_set_once() -> None:
    show = given(keep("club", 5), give_back("club"))
    again = answer(show, keep("club", 5))
    assert isinstance(again, messages.AllocationSet)
    assert (again.repeat, again.share, show.show.terms.allocations) == (True, 5, {})


def test_an_allocation_of_nobody() -> None:
    assert refused(given(), order(messages.SetAllocation, share=3)) == "malformed"


@pytest.mark.parametrize("share", [1, 5, 17])
def test_many_partners_sell_their_shares_to_the_last_place(share: int) -> None:
    show = given(keep("club", share), keep("other", 18 - share))
    for who, left in (("club", share), ("other", 18 - share), ("agency", 4)):
        sold = 0
        for n in range(PLACES):
            seat = hold(who, best=Best(1, adjacent=False), key=f"seat {n}", partner=True)
            place = hold(who, floor=1, key=f"place {n}", partner=True)
            sold += granted(show, seat) or granted(show, place)
        assert sold == left
    assert show.show.taken_by_partner == {"ent_club": share, "ent_other": 18 - share}


def test_a_late_payment_does_not_take_what_has_been_promised_to_a_partner_since() -> None:
    ended = hold("anna", "A-1", "A-2"), expire("anna", at=T0 + MINUTE)
    free = given(*ended, keep("club", PLACES - 2, at=2 * MINUTE))
    assert granted(free, paid("anna", 200, at=T0 + 3 * MINUTE))
    kept = given(*ended, keep("club", PLACES - 1, at=2 * MINUTE))
    (due,) = kept.say(paid("anna", 200, at=T0 + 3 * MINUTE))
    assert isinstance(due, messages.RefundDue) and due.reason == "seats_unavailable"
