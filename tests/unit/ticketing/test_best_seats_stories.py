"""Best available, told in small halls."""

import pytest

from tests.unit.ticketing.drawn_halls import hall_of
from ticketing import best_seats as searching
from ticketing.best_seats import best_seats, other_blocks
from ticketing.messages import Best, Why
from ticketing.seating_plan import Block, SeatingPlan, plan_of
from ticketing.vocabulary import OrphanRule


def test_four_sit_two_and_two_and_three_are_not_torn_apart() -> None:
    layout, free = hall_of("..x..x", "x..x..")
    plan = SeatingPlan(layout)
    found = best_seats(plan, free, Best(4))
    assert found is not None
    assert found.why == Why("adjacent_rows", ("same_row",))
    assert found.seats == (0, 1, 7, 8)
    assert best_seats(plan, free, Best(3)) is None


def test_a_group_of_two_hundred_sits_in_a_block() -> None:
    layout, free = hall_of(*["." * 30] * 20)
    found = best_seats(SeatingPlan(layout), free, Best(200))
    assert found is not None and found.why.rule == "adjacent_rows"
    assert found.seats == tuple(range(200))


def test_five_over_rows_of_four_sit_three_and_two() -> None:
    layout, free = hall_of("....", "....")
    found = best_seats(SeatingPlan(layout), free, Best(5))
    assert found is not None and found.seats == (0, 1, 2, 4, 5)


def test_those_who_may_sit_apart_do_so_only_when_nothing_else_is_left() -> None:
    layout, free = hall_of(".x.", "x.x")
    found = best_seats(SeatingPlan(layout), free, Best(3, adjacent=False))
    assert found is not None and found.seats == (0, 2, 4)
    assert found.why == Why("apart", ("same_row",))
    assert best_seats(SeatingPlan(layout), free, Best(3)) is None


def test_no_single_seat_is_left_where_a_little_further_nobody_is_left_alone() -> None:
    layout, free = hall_of("...", "....")
    found = best_seats(SeatingPlan(layout), free, Best(2))
    assert found is not None and found.seats == (3, 4)
    assert found.why.orphans_left == 0


def test_accessible_seats_and_their_companions_are_kept_until_they_are_released() -> None:
    layout, free = hall_of("Ac....", "......")
    plan = SeatingPlan(layout)
    kept = best_seats(plan, free, Best(5))
    assert kept is not None and set(kept.seats).isdisjoint({0, 1})
    released = best_seats(plan, free, Best(6), released=True)
    assert released is not None and released.seats == tuple(range(6))


def test_an_accessible_seat_comes_with_its_companions_then_its_neighbours() -> None:
    layout, free = hall_of("..AccA..", "xxxxxxxx")
    plan = SeatingPlan(layout)
    for quantity, seats in ((1, (2,)), (2, (2, 3)), (3, (2, 3, 4)), (5, (2, 3, 4, 1, 0))):
        found = best_seats(plan, free, Best(quantity, accessible=True))
        assert found is not None and found.seats == seats
        assert found.why.rule == "accessible"
    # Six would need what belongs to the other accessible seat, which has two neighbours to itself.
    assert best_seats(plan, free, Best(6, accessible=True)) is None
    free[2] = 0
    found = best_seats(plan, free, Best(2, accessible=True))
    assert found is not None and found.seats == (5, 6)


@pytest.mark.parametrize("row", ["...x...", "x...x.x...x", "...x..........x...", "...x..x..."])
def test_where_single_seats_are_forbidden_rows_that_would_leave_one_are_passed_over_without_weighing_each_place(
    row: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighed: list[int] = []
    weigh = searching._best_place

    def note(block: Block, free: bytearray, start: int, end: int, quantity: int) -> tuple[int, int]:
        weighed.append(start)
        return weigh(block, free, start, end, quantity)

    monkeypatch.setattr(searching, "_best_place", note)
    layout, free = hall_of(*["...x...x...x..."] * 50, row)
    plan, wish = SeatingPlan(layout), Best(2)
    found = best_seats(plan, free, wish, rule=OrphanRule.ENFORCE)
    offers = other_blocks(plan, free, wish, 1, rule=OrphanRule.ENFORCE)
    last = len(free) - len(row)
    assert (found is None) == (row in {"...x...", "x...x.x...x"})
    assert offers == (() if found is None else (found.seats,))
    assert all(start >= last for start in weighed)


def test_shows_of_one_layout_have_its_plan_in_common() -> None:
    layout, _ = hall_of("....")
    alike, _ = hall_of("....")
    assert plan_of(layout) is plan_of(layout)
    assert plan_of(alike).layout is alike, "equal is not the same"
