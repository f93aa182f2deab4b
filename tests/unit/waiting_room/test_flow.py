"""What is learnt from those who were called."""

import pytest

from waiting_room.flow import PASS_LIFE_MS, PLACES_PER_CALL, Crowd, Flow, Sample

T0 = 1_800_000_000_000


def flowing(
    seconds: int, *, per_s: int = 10, comes: float = 1.0, takes: float = 0.0, start: int = 0, sold: int = 0
) -> Flow:
    """So many are called each second; those who come do so after three seconds and have decided after thirty."""
    flow = Flow()
    for second in range(seconds + 1):
        claimed = start + int(max(0, second - 3) * per_s * comes)
        taken = sold + int(max(0, second - 30) * per_s * takes)
        flow.add(Sample(T0 + second * 1_000, start + second * per_s, claimed, 0, taken, 0))
    return flow


def test_before_anything_is_measured_the_usual_is_expected() -> None:
    assert Flow().crowd() == Crowd()
    soon = flowing(2).crowd()
    assert (soon.comes, soon.active) == (1.0, 0)
    assert soon.places_per_call == pytest.approx(PLACES_PER_CALL, rel=0.02)
    assert soon.expected == pytest.approx(30, rel=0.2)


@pytest.mark.parametrize("comes", [1.0, 0.9, 0.5, 0.0])
def test_the_part_of_those_who_come_is_measured(comes: float) -> None:
    crowd = flowing(300, comes=comes).crowd()
    assert crowd.comes == pytest.approx(comes, abs=0.01)
    assert 1 <= crowd.compensation <= 2


@pytest.mark.parametrize("takes", [0.2, 1.5, 3.0])
def test_what_each_takes_is_measured_and_expected_of_those_who_still_decide(takes: float) -> None:
    crowd = flowing(600, takes=takes).crowd()
    assert crowd.places_per_call == pytest.approx(takes, rel=0.12)
    # Half a minute of ten people a second.
    assert crowd.expected == pytest.approx(300 * crowd.places_per_call, rel=0.06)


def test_an_instance_that_begins_in_the_middle_counts_from_there() -> None:
    crowd = flowing(600, takes=1.5, start=40_000, sold=60_000).crowd()
    assert crowd.places_per_call == pytest.approx(1.5, rel=0.1)


def test_what_others_bought_before_anybody_was_called_is_not_expected_of_the_crowd() -> None:
    flow = Flow()
    for second in range(100):
        flow.add(Sample(T0 + second * 1_000, 0, 0, 0, second * 500, 0))
    assert flow.crowd().places_per_call == PLACES_PER_CALL
    assert flow.crowd().expected == 0


def test_passes_are_in_use_until_they_run_out_are_given_up_or_have_bought() -> None:
    flow = Flow()
    flow.add(Sample(T0, 0, 0, 0, 0, 0))
    flow.add(Sample(T0 + 1_000, 1_000, 1_000, 0, 0, 0))
    flow.add(Sample(T0 + 9_000, 1_000, 1_000, 50, 0, 0))
    assert flow.crowd().active == 950
    flow.add(Sample(T0 + 60_000, 1_000, 1_000, 50, 800, 800))
    assert flow.crowd().active == 550
    flow.add(Sample(T0 + 60_000 + PASS_LIFE_MS, 1_000, 1_000, 50, 800, 800))
    assert flow.crowd().active == 0


def test_counters_that_begin_anew_count_on() -> None:
    flow = flowing(300)
    flow.add(Sample(T0 + 301_000, 3_010, 40, 0, 0, 0))
    flow.add(Sample(T0 + 302_000, 3_020, 50, 0, 0, 0))
    assert flow.crowd().comes == 1.0
    assert flow.crowd().active > 2_900


def test_twenty_minutes_are_remembered_and_no_more() -> None:
    flow = flowing(3_000)
    assert flow.crowd().active == 12_000
    assert len(flow) <= 1_500
