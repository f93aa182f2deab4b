"""How long one has to wait: what is told, held against what comes of it."""

import random
from collections.abc import Callable, Iterator

import pytest

from waiting_room.eta import Eta

MINUTE = 60


def steady(_rng: random.Random) -> Iterator[int]:
    while True:
        yield 1_200


def changing(rng: random.Random) -> Iterator[int]:
    """Another rate every four minutes or so: an allocator that bears now more, now less."""
    rate = 1_200
    while True:
        if rng.random() < 1 / 240:
            rate = rng.choice([600, 900, 1_200, 1_800])
        yield rate


def pausing(rng: random.Random) -> Iterator[int]:
    """The same, with pauses of up to two minutes."""
    rates = changing(rng)
    while True:
        if rng.random() < 1 / 600:
            yield from [0] * rng.randint(20, 120)
        yield next(rates)


def covered(seed: int, rates: Callable[[random.Random], Iterator[int]], hours: float = 2) -> tuple[float, float | None]:
    """The part of people who were called within what they had been told, and what the room itself found."""
    rng = random.Random(seed)
    eta, served, issued = Eta(), 0.0, 20_000
    told: list[tuple[int, float, float]] = []
    hits = people = 0
    for second, rate in zip(range(1, int(hours * 3_600)), rates(rng), strict=False):
        served = min(issued, served + rate / 60 * rng.uniform(0.9, 1.1))
        serving = int(served)
        issued += rng.randint(0, 44) if issued - serving < 30_000 else 0
        eta.saw(second * 1_000, serving, issued, rate)
        pace = eta.pace(rate)
        if second % 7 == 0 and second > 2 * MINUTE and pace is not None and issued > serving + 1:
            place = rng.randint(serving + 1, issued)
            ahead = place - serving
            told.append((place, second + ahead * 60 / pace.fast_per_min, second + ahead * 60 / pace.slow_per_min))
        called = [each for each in told if each[0] <= serving]
        told = [each for each in told if each[0] > serving]
        people += len(called)
        hits += sum(soonest - 1 <= second <= latest + 1 for _, soonest, latest in called)
    return hits / people, eta.coverage


@pytest.mark.parametrize("rates", [changing, pausing])
def test_three_to_nine_in_ten_are_called_within_what_they_were_told_pauses_included(
    rates: Callable[[random.Random], Iterator[int]],
) -> None:
    sales = [covered(seed, rates) for seed in range(4)]
    assert 0.75 <= sum(people for people, _ in sales) / len(sales) <= 0.90
    for people, own in sales:
        assert 0.70 <= people <= 0.92
        # What operators are shown is what people met with.
        assert own is not None
        assert abs(own - people) < 0.05


def test_where_nothing_changes_the_interval_becomes_narrow_and_stays_true() -> None:
    hits, own = covered(1, steady)
    assert hits > 0.99
    assert own is not None
    eta = Eta()
    for second in range(7_200):
        eta.saw(second * 1_000, second * 20, 1_000_000, 1_200)
    pace = eta.pace(1_200)
    assert pace is not None
    assert 1_000 < pace.slow_per_min <= 1_200 <= pace.fast_per_min < 1_400


def test_nothing_is_said_where_nothing_moves_and_nothing_is_meant_to() -> None:
    eta = Eta()
    eta.saw(0, 0, 100, 0)
    assert eta.pace(0) is None
    assert eta.coverage is None


def test_a_line_that_is_slowed_down_says_so_until_that_is_the_usual() -> None:
    eta = Eta()
    serving = 0
    said = []
    for second in range(400):
        rate = 1_200 if second < 100 else 300
        serving += rate // 60
        eta.saw(second * 1_000, serving, 100_000, rate)
        pace = eta.pace(rate)
        assert pace is not None
        said.append(pace.slower)
    assert not any(said[:100])
    assert all(said[101:160])
    assert not any(said[300:])
