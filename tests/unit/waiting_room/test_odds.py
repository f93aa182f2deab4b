"""Who is told that they will likely get to buy, and who that they will not: over many simulated sales."""

import os
import random

from onsale.rehearsal import Rush
from waiting_room.flow import Crowd
from waiting_room.odds import Odds, odds
from waiting_room.phases import Stock

SALES = int(os.environ.get("ONSALE_TEST_ODDS_SALES", "6"))
"""Six are enough to see a change of the rule; docs/waiting_room.md tells of 200."""


def a_sale(seed: int) -> Rush:
    """People who want more or less, pay or do not, come or do not, choose fast or slowly."""
    rng = random.Random(seed)
    return Rush(
        10**5,
        rng.randint(500, 4_000),
        rate_per_min=rng.choice([600, 1_500, 3_000]),
        wants=rng.uniform(0.3, 0.95),
        pays=rng.uniform(0.5, 0.98),
        comes=rng.uniform(0.5, 1),
        chooses_ms=(1_000, rng.choice([3_000, 20_000, 40_000])),
        pays_ms=rng.choice([30_000, 60_000, 100_000]),
    )


def test_who_is_told_likely_buys_and_who_is_told_unlikely_does_not() -> None:
    likely: list[bool] = []
    unlikely: list[bool] = []
    for seed in range(SALES):
        rush = a_sale(seed)
        told: list[tuple[int, Odds]] = []
        for look in range(70):
            rush.run(15)
            if look >= 2:
                stock = Stock("open", int(rush.available), int(rush.held), int(rush.booked))
                told.append((rush.called, odds(stock, rush.room.flow.crowd())))
            if rush.available + rush.held < 1:
                break
        for called, found in told:
            for part in (0.1, 0.5, 0.9):
                if found.sure:
                    likely.append(called + max(1, int(found.sure * part)) <= rush.called)
                unlikely.append(called + found.possible + 1 + int(max(20, found.possible) * part) <= rush.called)
    hopeful, hopeless = sum(likely) / len(likely), sum(unlikely) / len(unlikely)
    print(f"told likely: {hopeful:.1%} of {len(likely)} called; told unlikely: {hopeless:.1%} of {len(unlikely)}")
    assert hopeful >= 0.70
    assert hopeless <= 0.20
    assert min(len(likely), len(unlikely)) > 300


def test_with_nothing_left_and_nothing_held_there_is_no_hope() -> None:
    assert odds(Stock("open", 0, 0, 500), Crowd()) == Odds(0, 0)


def test_what_is_held_gives_hope_and_no_certainty() -> None:
    found = odds(Stock("open", 0, 100, 400), Crowd(places_per_call=2.0))
    assert found.sure == 0
    assert found.possible == 54


def test_those_who_are_choosing_come_first() -> None:
    alone = odds(Stock("open", 150, 0, 0), Crowd(places_per_call=1.5))
    behind = odds(Stock("open", 150, 0, 0), Crowd(places_per_call=1.5, expected=120))
    assert behind.sure < alone.sure < 100 < alone.possible
    assert behind.sure < 20
