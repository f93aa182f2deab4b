"""What fans were told, added up; what must not be is noticed from outside."""

from onsale.crowd.habits import Habit
from onsale.crowd.tally import COMPLAINTS_KEPT_MAX, Tally, percentile


def test_a_seat_sold_to_two_is_a_complaint() -> None:
    tally = Tally()
    tally.booked("bkg_1", ("A-1", "A-2"), 2)
    tally.booked("bkg_2", ("A-3",), 1)
    assert (tally.sold, tally.complaints_total) == (3, 0)
    tally.booked("bkg_3", ("A-2",), 1)
    assert tally.complaints == ["seat A-2 was sold twice: bkg_1 and bkg_3"]


def test_a_booking_told_to_two_is_a_complaint() -> None:
    tally = Tally()
    tally.booked("bkg_1", (), 2)
    tally.booked("bkg_1", (), 2)
    assert tally.complaints_total == 1


def test_a_seat_is_resold_when_it_was_in_an_earlier_hold() -> None:
    tally = Tally()
    tally.held_seats.update(("A-1", "A-2"))
    tally.held_seats.update(("A-2", "A-3"))
    tally.booked("bkg_1", ("A-2", "A-3"), 2)
    assert tally.resold == 1


def test_habits_that_nobody_had_are_missing() -> None:
    tally = Tally()
    for habit in Habit:
        if habit is not Habit.FORGET:
            tally.did(habit)
    assert tally.missing_habits() == [Habit.FORGET]


def test_complaints_are_counted_whole_and_kept_in_part() -> None:
    tally = Tally()
    for number in range(COMPLAINTS_KEPT_MAX + 3):
        tally.complain(f"complaint {number}")
    assert tally.complaints_total == COMPLAINTS_KEPT_MAX + 3
    assert len(tally.complaints) == COMPLAINTS_KEPT_MAX


def test_the_longest_wait_is_kept_with_what_it_was_for() -> None:
    tally = Tally()
    tally.waited("hold", 0.5)
    tally.waited("confirm", 1.5)
    tally.waited("hold", 1.0)
    assert (tally.longest_s, tally.longest_what) == (1.5, "confirm")


def test_percentiles_are_of_the_nearest_rank() -> None:
    assert percentile([], 99) == 0.0
    assert percentile([5.0], 50) == 5.0
    assert percentile([float(value) for value in range(1, 101)], 50) == 50.0
    assert percentile([float(value) for value in range(1, 101)], 99) == 99.0
    assert percentile([1.0, 2.0, 3.0], 99) == 3.0
