"""Other seats for a booking: in one step, with the difference in price; and shows that are cancelled."""

import pytest

from tests.unit.allocator.stories import (
    LAYOUT,
    MINUTE,
    SECOND,
    STARTS,
    T0,
    Told,
    account_of,
    answer,
    cancel,
    close_show,
    confirm,
    given,
    granted,
    hold,
    paid,
    refusal,
    refused,
)
from tests.unit.allocator.test_allocations import PLACES, keep
from ticketing import messages
from ticketing.messages import Payment, Policy
from ticketing.vocabulary import ReservationStatus, command_key, fingerprint

PAID = Policy(hold_s=60, hold_max_s=120)


def numbers(*labels: str) -> tuple[int, ...]:
    return tuple(LAYOUT.seat_numbers[label] for label in labels)


def swap(
    who: str, give: str, take: str, *, at: int = T0 + SECOND, named: str = "swap", partner: bool = False, of: str = ""
) -> Told:
    """`give` and `take`: labels, divided by spaces."""
    command = messages.ChangeBooking(
        show=7,
        key=command_key(account=who, method="swap", path_template="", show=7, key=named),
        sent_at_ms=at,
        account=account_of(who),
        fingerprint=fingerprint(f"{give}>{take}".encode()),
        reservation=bytes(16),
        give=numbers(*give.split()),
        take=numbers(*take.split()),
        partner=partner,
    )
    return Told(of or who, at, command)


def test_seats_are_swapped_in_one_step_and_the_old_ones_are_free() -> None:
    show = given(hold("anna", "A-1", "A-2"), confirm("anna"))
    changed = answer(show, swap("anna", "A-1", "B-1"))
    assert isinstance(changed, messages.BookingChanged)
    assert (changed.reservation.seats, changed.freed) == (numbers("A-2", "B-1"), numbers("A-1"))
    assert (changed.amount_before, changed.reservation.amount) == (200, 200)
    assert show.free("A-1") and show.owner("B-1") == changed.reservation.id
    assert changed.reservation.status == "booked"


def test_what_it_no_longer_costs_is_due_back_and_never_more_than_was_paid() -> None:
    show = given(hold("anna", "A-1", "A-2"), paid("anna", 200), policy=PAID)
    changed, due = show.say(swap("anna", "A-1", "C-1"))
    assert isinstance(changed, messages.BookingChanged) and isinstance(due, messages.RefundDue)
    assert (changed.amount_before, changed.reservation.amount, due.amount, due.reason) == (
        200,
        150,
        50,
        "booking_changed",
    )
    _, rest = show.say(cancel("anna", at=T0 + 2 * SECOND))
    assert isinstance(rest, messages.RefundDue) and rest.amount == 150
    assert show.show.payments.by_name["bank", "ref"].left == 0


def test_what_it_costs_more_a_partner_settles_and_a_fan_cannot() -> None:
    show = given(hold("anna", "C-1"), paid("anna", 50), policy=PAID)
    assert refused(show, swap("anna", "C-1", "A-1")) == "payment_missing"
    changed = answer(show, swap("anna", "C-1", "A-1", named="again", partner=True))
    assert isinstance(changed, messages.BookingChanged)
    assert (changed.amount_before, changed.reservation.amount) == (50, 100)
    _, due = show.say(cancel("anna", at=T0 + 2 * SECOND))
    assert isinstance(due, messages.RefundDue) and due.amount == 50


def test_the_same_change_again_changes_nothing() -> None:
    show = given(hold("anna", "A-1"), confirm("anna"))
    told = swap("anna", "A-1", "B-1")
    assert granted(show, told)
    again = answer(show, told.again(T0 + 2 * SECOND))
    assert isinstance(again, messages.BookingChanged) and again.repeat
    assert again.reservation.version == 3
    assert refused(show, swap("anna", "A-1", "B-2", at=T0 + 3 * SECOND)) == "idempotency_key_reused"


def test_a_seat_that_somebody_has_is_named_and_the_booking_keeps_its_own() -> None:
    show = given(hold("anna", "A-1"), confirm("anna"), hold("ben", "A-2"))
    lost = refusal(show, swap("anna", "A-1", "A-2 A-3"))
    assert isinstance(lost, messages.ChangeRefused)
    assert (lost.code, [(it.reason, it.seat) for it in lost.conflicts]) == ("seats_unavailable", [("held", 1)])
    assert show.reservation("anna").seats == numbers("A-1")


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (swap("anna", "", ""), "nothing_asked_for"),
        (swap("anna", "A-1 A-2", ""), "nothing_asked_for"),
        (swap("anna", "A-3", "A-4"), "seats_not_in_reservation"),
        (swap("anna", "A-1 A-1", "B-1"), "malformed"),
        (swap("anna", "A-1", "B-1 B-1"), "malformed"),
        (swap("anna", "", "B-1 B-2 B-3"), "too_many_seats"),
        (swap("ben", "A-1", "B-1", of="anna"), "not_yours"),
        (swap("anna", "A-1", "B-1", at=STARTS), "refund_window_closed"),
    ],
)
def test_what_cannot_be_changed_stays(told: Told, code: str) -> None:
    show = given(hold("anna", "A-1", "A-2"), confirm("anna"))
    assert refused(show, told) == code


def test_one_seat_more_is_counted_against_what_is_kept() -> None:
    booked = hold("club", "A-1"), confirm("club")
    promised = given(*booked, keep("agency", PLACES - 1))
    assert refused(promised, swap("club", "", "B-1", partner=True)) == "sold_out"
    used_up = given(*booked, keep("club", 1))
    assert refused(used_up, swap("club", "", "B-1", partner=True)) == "allocation_exhausted"
    assert granted(used_up, swap("club", "A-1", "B-1", partner=True, named="no more than before"))


def test_only_what_is_booked_is_changed_and_only_while_the_show_is_sold() -> None:
    show = given(hold("anna", "A-1"))
    assert refused(show, swap("anna", "A-1", "B-1")) == "not_booked"
    assert granted(show, confirm("anna", at=T0 + 2 * SECOND), close_show(at=T0 + 3 * SECOND))
    assert refused(show, swap("anna", "A-1", "B-1", at=T0 + 4 * SECOND, named="later")) == "show_closed"


# --- shows that are cancelled


def cancel_show(at: int = T0 + MINUTE, *, reason: str = "flooded") -> Told:
    key = command_key(account="key_admin", method="cancel", path_template="", show=7, key=str(at))
    return Told("", at, messages.CancelShow(show=7, key=key, sent_at_ms=at, account="key_admin", reason=reason))


def end_bookings(*bookings: tuple[bytes, int], at: int = T0 + 2 * MINUTE) -> Told:
    """What the expiry worker proposes."""
    command = messages.CancelShow(
        show=7, key=b"c" * 16, sent_at_ms=at, account="system", keyed=False, bookings=bookings
    )
    return Told("", at, command)


def test_a_cancelled_show_sells_nothing_books_nothing_and_begins_no_payment() -> None:
    show = given(hold("anna", "A-1"), cancel_show())
    assert show.show.status == "cancelled"
    later = T0 + MINUTE + SECOND
    assert refused(show, hold("ben", "A-2", at=later)) == "show_cancelled"
    assert refused(show, confirm("anna", at=later)) == "show_cancelled"
    assert refused(show, close_show(at=later)) == "show_cancelled"
    assert refused(show, cancel_show(later)) == "show_cancelled"
    again = answer(show, cancel_show())
    assert isinstance(again, messages.ShowCancelled) and again.repeat


def test_its_bookings_end_as_they_are_proposed_and_each_gets_its_money_back_once() -> None:
    show = given(
        hold("anna", "A-1"), hold("ben", "A-2"), hold("cleo", "A-3"), confirm("ben", paid=Payment("x", "y", 100))
    )
    assert granted(show, paid("anna", 100, at=T0 + SECOND), cancel_show())
    ids = {who: show.reservation(who).id for who in ("anna", "ben", "cleo")}
    outcomes = show.say(end_bookings((ids["anna"], 2), (ids["ben"], 1), (ids["cleo"], 1), (b"?" * 16, 1)))
    gone, due = outcomes
    assert isinstance(gone, messages.BookingCancelled) and isinstance(due, messages.RefundDue)
    assert (gone.reservation.id, gone.reason, due.amount, due.reason) == (
        ids["anna"],
        "show_cancelled",
        100,
        "show_cancelled",
    )
    assert [it.index for it in outcomes] == [1, 2]
    assert show.say(end_bookings((ids["anna"], 2), at=T0 + 3 * MINUTE)) == []
    assert len(show.say(end_bookings((ids["ben"], 2), at=T0 + 3 * MINUTE))) == 2
    assert show.free("A-1", "A-2") and show.reservation("cleo").status == ReservationStatus.HELD


def test_nobody_ends_the_bookings_of_a_show_that_goes_on() -> None:
    show = given(hold("anna", "A-1"), confirm("anna"))
    assert show.say(end_bookings((show.reservation("anna").id, 2))) == []


def test_a_payment_that_is_made_after_the_show_was_cancelled_goes_back() -> None:
    show = given(hold("anna", "A-1"), cancel_show(), policy=PAID)
    (due,) = show.say(paid("anna", 100, at=T0 + 2 * MINUTE))
    assert isinstance(due, messages.RefundDue) and due.reason == "show_cancelled"
