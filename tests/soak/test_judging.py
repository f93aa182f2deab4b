"""The soak's figures, from samples made by hand."""

from math import inf

import pytest

from tests.soak.judging import Sample, is_long_enough, judged, median_between, slope_percent

MB = 1024 * 1024


def run(minutes: int, grow_bytes_per_s: float = 0.0, wobble_bytes: int = 0) -> list[Sample]:
    """A process of 100 MB, looked at each five seconds."""
    return [
        Sample(at, round(100 * MB + grow_bytes_per_s * at + wobble_bytes * (at // 5 % 2)))
        for at in range(0, minutes * 60 + 1, 5)
    ]


def test_what_does_not_grow_has_no_slope() -> None:
    assert slope_percent(run(20)) == pytest.approx(0)
    assert slope_percent(run(20, wobble_bytes=5 * MB)) == pytest.approx(0, abs=0.05)


def test_a_leak_of_two_percent_in_ten_minutes_is_one() -> None:
    assert slope_percent(judged(run(20, grow_bytes_per_s=2 * MB / 600))) == pytest.approx(2, rel=0.05)


def test_the_first_quarter_is_not_judged() -> None:
    filling = [Sample(one.at_s, min(one.bytes, 110 * MB)) for one in run(20, grow_bytes_per_s=2 * MB / 60)]
    assert slope_percent(filling) > 0.5
    assert slope_percent(judged(filling)) == 0
    assert judged(filling)[0].at_s == 300


def test_a_short_run_is_not_judged() -> None:
    assert not is_long_enough(judged(run(3)))
    assert is_long_enough(judged(run(20)))


def test_the_median_lies_within_its_bucket() -> None:
    before = {0.001: 5.0, 0.002: 5.0, 0.005: 5.0, inf: 5.0}
    after = {0.001: 5.0, 0.002: 15.0, 0.005: 45.0, inf: 45.0}
    assert median_between(before, after) == pytest.approx(0.003)
    with pytest.raises(ValueError, match="nothing"):
        median_between(after, after)
