"""The crowd's plans: drawn from a seed, of every kind, and polite to the map."""

import random

from onsale.crowd.habits import Choice, Ending, draw_plans, pick_seats

ROWS = [[f"{row}-{number}" for number in range(1, 7)] for row in "ABCD"]


def test_the_same_seed_sends_the_same_crowd() -> None:
    assert draw_plans(7, 200, 10.0) == draw_plans(7, 200, 10.0)
    assert draw_plans(7, 200, 10.0) != draw_plans(8, 200, 10.0)


def test_a_crowd_has_people_of_every_kind_and_they_arrive_in_time() -> None:
    plans = draw_plans(1, 500, 10.0)
    assert {plan.choice for plan in plans} == set(Choice)
    assert {plan.ending for plan in plans} == set(Ending)
    assert {plan.party for plan in plans} == {1, 2, 3, 4}
    for habit in ("reloads", "repeats", "watches", "patient"):
        assert {getattr(plan, habit) for plan in plans} == {True, False}
    assert all(0 <= plan.arrives_s <= 10.0 for plan in plans)


def test_only_who_means_to_pay_waits_for_returns() -> None:
    assert {plan.ending for plan in draw_plans(3, 500, 10.0) if plan.patient} == {Ending.PAY}


def test_a_party_sits_side_by_side_in_the_front() -> None:
    free = {label for row in ROWS for label in row}
    for seed in range(20):
        picked = pick_seats(random.Random(seed), ROWS, free, 3)
        row = next(row for row in ROWS if picked[0] in row)
        start = row.index(picked[0])
        assert picked == row[start : start + 3]
        assert ROWS.index(row) < 2


def test_who_finds_no_room_in_front_goes_to_the_back() -> None:
    free = {"A-1", "A-3", "D-5", "D-6"}
    assert pick_seats(random.Random(1), ROWS, free, 2) == ["D-5", "D-6"]
    assert pick_seats(random.Random(1), ROWS, free, 3) == []
