"""The hall that a demo sells, how it watches the line, and what it calls a failure."""

import pytest

from onsale.crowd.director import LineWatch
from onsale.crowd.habits import Habit
from onsale.crowd.http import HttpClient
from onsale.crowd.prober import Prober
from onsale.crowd.sale import Sale
from onsale.demo import hall
from onsale.demo_report import Outcome
from onsale.paying import Paid
from ticketing.layout import LayoutBody, build_layout


@pytest.mark.parametrize("places", [20, 21, 97, 100, 500, 1009, 20_000])
def test_the_hall_has_exactly_the_places_asked_for(places: int) -> None:
    layout = build_layout(LayoutBody.model_validate(hall(places)))
    assert layout.places == places
    assert len(layout.seats) > places // 2
    assert layout.areas[0].capacity > 0


def line(serving: int, issued: int, rate_per_min: int) -> dict[str, int]:
    return {"serving": serving, "issued": issued, "rate_target": rate_per_min}


def test_the_line_is_measured_only_while_people_stand_in_it() -> None:
    watch = LineWatch()
    watch.see(0.0, line(0, 100, 600), "operator")
    watch.see(2.0, line(20, 100, 600), "operator")
    watch.see(4.0, line(40, 100, 600), "operator")
    watch.see(5.0, line(45, 45, 600), "operator")
    watch.see(9.0, line(60, 60, 600), "operator")
    assert watch.as_json() == {"called": 40, "expected": 40.0, "called_per_s": 10.0, "watched_s": 4.0}


def outcome(sold: int, violations: int) -> Outcome:
    sale = Sale(http=HttpClient("127.0.0.1", 1), show="shw_1", venue="ven_1", places=20, seed=1)
    sale.tally.booked("bkg_1", (), sold)
    for habit in Habit:
        sale.tally.did(habit)
    checks = {"seat_owner": {"violations": violations}}
    verdict = {"violations": violations, "checks": checks, "read": {}}
    return Outcome(
        sale, LineWatch(), Prober(sale, "key"), 600, 40, elapsed_s=10.0, verdict=verdict, paid=Paid(5000, "bkg_7")
    )


def test_a_demo_is_good_when_all_is_sold_and_nothing_is_wrong() -> None:
    assert outcome(20, 0).good
    report = outcome(20, 0).as_json()
    expected = {"seats", "sold", "refused", "expired", "resold", "holds_per_s", "hold_latency_ms", "longest_pause_s",
                "violations", "seed", "admissions", "habits", "restarts", "warnings"}  # fmt: skip
    assert expected <= set(report)
    assert set(report["hold_latency_ms"]) == {"p50", "p99"}


def test_what_somebody_bought_by_hand_is_sold_as_well() -> None:
    found = outcome(18, 0)
    found.sale.by_hand = 2
    assert found.good
    assert found.as_json()["by_hand"] == 2


def test_a_demo_says_what_went_wrong() -> None:
    assert outcome(19, 0).problems == ["19 of 20 places were sold"]
    assert outcome(20, 2).problems == ["verify: 2 violations: seat_owner"]
    unseen = outcome(20, 0)
    unseen.sale.tally.habits[Habit.FORGET] = 0
    assert unseen.problems == ["with 40 fans nobody came to: forget; try more fans"]
    complained = outcome(20, 0)
    complained.sale.tally.complain("seat A-1 was sold twice")
    assert complained.problems == ["1 complaints of fans, among them: seat A-1 was sold twice"]
    unverified = outcome(20, 0)
    unverified.verdict = {"violations": -1, "checks": {}}
    assert unverified.problems == ["verify could not run"]


def test_the_longest_pause_is_the_longest_wait_of_a_fan_or_a_probe() -> None:
    seen = outcome(20, 0)
    seen.prober.longest_s = 1.5
    seen.sale.tally.waited("hold", 1.0)
    assert seen.longest_pause_s == 1.5
    seen.sale.tally.waited("hold", 2.5)
    assert seen.longest_pause_s == 2.5


def test_a_payment_that_became_no_booking_is_a_problem() -> None:
    unpaid = outcome(20, 0)
    unpaid.paid = Paid(5000, "")
    assert unpaid.problems == ["what was paid for became no booking"]
    assert (unpaid.as_json()["paid"], outcome(20, 0).as_json()["paid"]) == (0, 5000)
