"""The limit of one person binds the e-mail address and what was paid with, as soon as they are known."""

from dataclasses import replace

import msgspec
import pytest

from tests.unit.allocator.stories import (
    MINUTE,
    PROVIDER,
    STARTS,
    T0,
    Scene,
    Told,
    answer,
    cancel,
    confirm,
    declined,
    expire,
    given,
    granted,
    hold,
    paid,
    pay,
    refusal,
    refused,
)
from tests.unit.allocator.test_booking_now import book
from tests.unit.allocator.test_changing import swap
from tests.unit.allocator.test_orders import change
from ticketing import messages
from ticketing.messages import Payment, Policy

POLICY = Policy(hold_s=60, hold_max_s=120, payment_s=180, seats_per_person_max=3, payment_required=False)
ADA, BOB, CARD = "eml_ada", "eml_bob", "pay_card"


def bound(told: Told, *names: str) -> Told:
    """The same, saying whose address and whose card it is."""
    return replace(told, command=msgspec.structs.replace(told.command, bound=names))


def a_show(*story: Told) -> Scene:
    return given(*story, policy=POLICY)


def test_two_passes_of_one_address_have_as_much_as_one_person() -> None:
    show = a_show(hold("anna", "A-1", "A-2"), bound(confirm("anna", at=T0 + 1), ADA), hold("ben", "B-1", "B-2"))
    lost = refusal(show, bound(confirm("ben", at=T0 + 2), ADA))
    assert isinstance(lost, messages.BookingRefused)
    assert (lost.code, lost.detail) == ("limit_exceeded", "one e-mail address may have 3 places of this show")
    assert show.reservation("ben").status == "held"
    assert granted(show, bound(confirm("ben", at=T0 + 3), BOB))


def test_what_was_paid_with_binds_as_well() -> None:
    show = a_show(hold("anna", "A-1", "A-2"), bound(confirm("anna", at=T0 + 1), ADA, CARD), hold("ben", "B-1", "B-2"))
    lost = refusal(show, bound(confirm("ben", at=T0 + 2), BOB, CARD))
    assert (lost.code, lost.detail) == ("limit_exceeded", "one means of payment may have 3 places of this show")


def test_exactly_as_much_as_one_may_have_is_granted() -> None:
    show = a_show(hold("anna", "A-1", "A-2"), bound(confirm("anna", at=T0 + 1), ADA), hold("ben", "B-1"))
    assert granted(show, bound(confirm("ben", at=T0 + 2), ADA))
    assert show.show.taken_by_bound == {ADA: 3}


def test_a_payment_that_would_be_too_many_is_not_begun() -> None:
    show = a_show(hold("anna", "A-1", "A-2"), bound(pay("anna", at=T0 + 1), ADA), hold("ben", "B-1", "B-2"))
    assert refused(show, bound(pay("ben", at=T0 + 2), ADA)) == "limit_exceeded"
    # Nobody can pay beyond the limit at the same time either; once that hold is over there is room again.
    assert granted(show, expire("anna", at=T0 + 5 * MINUTE), hold("cleo", "C-1", at=T0 + 5 * MINUTE))
    assert granted(show, bound(pay("cleo", at=T0 + 5 * MINUTE + 1), ADA))


def test_the_address_stays_with_the_reservation_and_another_one_takes_its_place() -> None:
    show = a_show(hold("anna", "A-1"), bound(pay("anna", at=T0 + 1), ADA), declined("anna", at=T0 + 2))
    assert show.reservation("anna").bound == (ADA,)
    assert granted(show, bound(pay("anna", at=T0 + 3), BOB), paid("anna", 100, at=T0 + 4))
    assert (show.reservation("anna").bound, show.show.taken_by_bound) == ((BOB,), {BOB: 1})


def test_a_payment_with_a_card_that_has_paid_for_too_much_goes_back() -> None:
    show = a_show(
        hold("anna", "A-1", "A-2"), pay("anna", at=T0 + 1), bound(paid("anna", 200, "one", at=T0 + 2), CARD),
        hold("ben", "B-1", "B-2"), pay("ben", at=T0 + 3),
    )  # fmt: skip
    (due,) = show.say(bound(paid("ben", 200, "two", at=T0 + 4), CARD))
    assert isinstance(due, messages.RefundDue)
    assert (due.reason, due.amount, show.reservation("ben").status) == ("limit_exceeded", 200, "paying")
    (again,) = show.say(bound(paid("ben", 200, "two", at=T0 + 5), CARD))
    assert again.repeat and isinstance(again, messages.RefundDue)


def test_a_late_payment_is_looked_at_as_well() -> None:
    show = a_show(hold("anna", "A-1", "A-2"), bound(pay("anna", at=T0 + 1), ADA), expire("anna", at=T0 + 4 * MINUTE))
    late = T0 + 4 * MINUTE
    assert granted(show, hold("ben", "B-1", "B-2", at=late), bound(confirm("ben", at=late + 1), ADA))
    (due,) = show.say(paid("anna", 200, at=late + 2))
    assert isinstance(due, messages.RefundDue) and due.reason == "limit_exceeded"
    assert granted(show, cancel("ben", at=late + 3), paid("anna", 200, "other", at=late + 4))
    assert show.show.taken_by_bound == {ADA: 2}


def test_several_holds_in_one_booking_count_once() -> None:
    one, two = hold("anna", "A-1", key="one"), hold("anna", "A-2", key="two")
    show = a_show(one, bound(pay("anna", at=T0 + 1), ADA), declined("anna", at=T0 + 2), two)
    assert refused(show, bound(book("anna", holds=("one", "two"), floor=1, at=T0 + 3), ADA)) == ""
    assert show.show.taken_by_bound == {ADA: 3}
    assert refused(show, bound(book("ben", floor=1, at=T0 + 4), ADA)) == "limit_exceeded"


def test_a_seat_taken_out_of_a_hold_leaves_the_rest_counted() -> None:
    show = a_show(hold("anna", "A-1", "A-2"), bound(pay("anna", at=T0 + 1), ADA), declined("anna", at=T0 + 2))
    assert granted(show, bound(book("anna", "A-1", at=T0 + 3), ADA))
    assert show.show.taken_by_bound == {ADA: 2}


def test_more_seats_for_a_booking_are_more_for_its_address() -> None:
    show = a_show(hold("anna", "A-1", "A-2"), bound(confirm("anna", at=T0 + 1), ADA))
    assert granted(show, hold("ben", "B-1", at=T0 + 2), bound(confirm("ben", at=T0 + 3), ADA))
    assert refused(show, swap("ben", "", "B-2", at=T0 + 4, partner=True)) == "limit_exceeded"
    assert granted(show, swap("ben", "B-1", "B-2", at=T0 + 5, partner=True, named="as many"))


def test_nobody_is_bound_where_no_person_is_named() -> None:
    holds = [hold("club", f"{row}-1", f"{row}-2", key=row, partner=True) for row in "AB"]
    show = a_show()
    for n, told in enumerate(holds):
        assert granted(show, told, bound(confirm("club", at=T0 + n), ADA))
    assert (show.reservation("club").bound, show.show.taken_by_bound) == ((), {})


def test_without_a_limit_the_address_is_kept_and_a_limit_of_later_counts_it() -> None:
    show = given(hold("anna", "A-1", "A-2"), bound(confirm("anna", at=T0 + 1), ADA))
    assert granted(show, change(policy=POLICY, after_ms=2), hold("ben", "B-1", "B-2", at=T0 + 3))
    assert refused(show, bound(confirm("ben", at=T0 + 4), ADA)) == "limit_exceeded"


@pytest.mark.parametrize("names", [("eml_1",) * 9, ("x" * 201,), ("a\0b",)])
def test_what_binds_is_short_and_little(names: tuple[str, ...]) -> None:
    command = messages.ConfirmBooking(
        show=7, key=b"k" * 16, sent_at_ms=STARTS, account="ent_anna", reservation=b"r" * 16, bound=names,
        payment=Payment(PROVIDER, "ref", 1),
    )  # fmt: skip
    with pytest.raises(messages.Undecodable):
        messages.decode_command(messages.encode(command))


def test_the_answer_to_a_repeat_is_the_first_one() -> None:
    show = a_show(hold("anna", "A-1"), bound(confirm("anna", at=T0 + 1, key="k"), ADA))
    again = answer(show, bound(confirm("anna", at=T0 + 2, key="k"), ADA))
    assert again.repeat and isinstance(again, messages.BookingConfirmed)
