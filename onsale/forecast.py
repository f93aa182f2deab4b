"""What a rehearsal says about a sale: when it is sold out, how long people wait, how the allocator fares. Pure."""

from dataclasses import dataclass, replace
from typing import Any

from onsale.rehearsal import TICK_MS, Rush

LOOK_EVERY_S = 5
HOURS_MAX = 12
LAG_GOOD_MS = 2_000
TURNED_AWAY_GOOD = 0.01
"""Of the places: who was called and found nothing."""
PLAN_POINTS_MAX = 400
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A sale to rehearse: numbers of people and places, people per minute, holds per second, seconds, parts of one."""

    fans: int
    seats: int
    rate_per_min: int
    bears_per_s: float
    comers: int = 0
    comers_s: int = 600
    comes: float = 0.9
    wants: float = 0.75
    pays: float = 0.85
    chooses_s: tuple[float, float] = (2.0, 20.0)
    pays_s: float = 90.0
    hold_s: float = 480.0
    active_max: int = 1_000_000


STADIUM = Scenario(fans=5_000_000, seats=80_000, rate_per_min=12_000, bears_per_s=2_000)
HALL = Scenario(fans=40_000, seats=5_000, rate_per_min=1_200, bears_per_s=500)
SCENARIOS = {"stadium": STADIUM, "hall": HALL}


@dataclass(frozen=True, slots=True)
class Forecast:
    """Times in seconds from the opening; None: not within `HOURS_MAX`. Waits are of those who were called."""

    rate_per_min: int
    sold_most_s: int | None
    """99 of 100 places are booked."""
    sold_out_s: int | None
    called: int
    wait_p50_s: int
    wait_p90_s: int
    worst_lag_ms: int
    turned_away: float
    limited_by: dict[str, float]
    """The part of the time until then in which each limit was the one that bound."""
    track: list[tuple[int, int, int, int]]
    """`(seconds, people called, places booked, lag in ms)`."""

    @property
    def good(self) -> bool:
        """Nobody is called in vain, and the allocator keeps up."""
        return (
            self.sold_most_s is not None and self.worst_lag_ms <= LAG_GOOD_MS and self.turned_away <= TURNED_AWAY_GOOD
        )


def rehearse(scenario: Scenario) -> Forecast:
    """One rehearsal from the opening until the last place is booked."""
    rush = Rush(
        scenario.fans,
        scenario.seats,
        comers=scenario.comers,
        comers_s=scenario.comers_s,
        rate_per_min=scenario.rate_per_min,
        bears_per_s=scenario.bears_per_s,
        comes=scenario.comes,
        wants=scenario.wants,
        pays=scenario.pays,
        chooses_ms=(round(scenario.chooses_s[0] * 1000), round(scenario.chooses_s[1] * 1000)),
        pays_ms=round(scenario.pays_s * 1000),
        hold_ms=round(scenario.hold_s * 1000),
        active_max=scenario.active_max,
    )
    track: list[tuple[int, int, int, int]] = []
    sold_most_s = sold_out_s = None
    wanted = scenario.seats - 1
    everybody = scenario.fans + scenario.comers
    while sold_out_s is None and rush.tick * TICK_MS < HOURS_MAX * 3_600_000:
        rush.run(LOOK_EVERY_S)
        second = rush.tick * TICK_MS // 1_000
        track.append((second, min(rush.called, everybody), round(rush.booked), rush.lag_ms))
        if sold_most_s is None and rush.booked >= 0.99 * scenario.seats:
            sold_most_s = second
        if rush.booked >= wanted:
            sold_out_s = second
        elif rush.called >= everybody and rush.held < 1 and second > scenario.comers_s + scenario.hold_s:
            # Everybody was called, and places are left.
            break
    reasons = [admission.limited_by.value for admission in rush.reasons]
    return Forecast(
        rate_per_min=scenario.rate_per_min,
        sold_most_s=sold_most_s,
        sold_out_s=sold_out_s,
        called=track[-1][1],
        wait_p50_s=_called_by(track, 0.5),
        wait_p90_s=_called_by(track, 0.9),
        worst_lag_ms=rush.worst_lag_ms,
        turned_away=rush.turned_away / scenario.seats,
        limited_by={reason: round(reasons.count(reason) / len(reasons), 3) for reason in sorted(set(reasons))},
        track=track,
    )


def compare(scenario: Scenario) -> list[Forecast]:
    """The same sale at other ceilings, the slowest first."""
    rates = sorted({max(1, round(scenario.rate_per_min * factor)) for factor in FACTORS})
    return [rehearse(replace(scenario, rate_per_min=rate)) for rate in rates]


def suggested(forecasts: list[Forecast]) -> Forecast | None:
    """The slowest of the good ones that sells most within a tenth more than the fastest good one; None: none is."""
    good = [(each.sold_most_s, each) for each in forecasts if each.good and each.sold_most_s is not None]
    best_s = min((sold_s for sold_s, _ in good), default=0)
    return next((each for sold_s, each in good if sold_s <= 1.1 * best_s), None)


def as_json(scenario: Scenario, forecasts: list[Forecast]) -> dict[str, Any]:
    """Everything, for a file: the plan that a sale can be held against."""
    best = suggested(forecasts)
    return {
        "scenario": {name: getattr(scenario, name) for name in scenario.__slots__},
        "suggested_rate_per_min": None if best is None else best.rate_per_min,
        "forecasts": [{name: getattr(each, name) for name in each.__slots__} for each in forecasts],
    }


def as_plan(scenario: Scenario, forecast: Forecast) -> dict[str, Any]:
    """One forecast, as a waiting room keeps it: with at most `PLAN_POINTS_MAX` points, the last one among them."""
    step = -(-len(forecast.track) // PLAN_POINTS_MAX)
    return {
        "fans": scenario.fans + scenario.comers,
        "seats": scenario.seats,
        "rate_per_min": forecast.rate_per_min,
        "sold_most_s": forecast.sold_most_s,
        "sold_out_s": forecast.sold_out_s,
        "wait_p50_s": forecast.wait_p50_s,
        "wait_p90_s": forecast.wait_p90_s,
        "worst_lag_ms": forecast.worst_lag_ms,
        "track": [list(point) for point in forecast.track[::-1][::step][::-1]],
    }


def _called_by(track: list[tuple[int, int, int, int]], part: float) -> int:
    """When so many of those who were called at all had been called."""
    enough = track[-1][1] * part
    return next(second for second, called, _, _ in track if called >= enough)
