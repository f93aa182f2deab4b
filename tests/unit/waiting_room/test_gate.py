"""How fast people are let in, and what is said to be the reason."""

import math
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from waiting_room.bearing import Bearing
from waiting_room.flow import Crowd
from waiting_room.gate import Admission, Limiter, Limits, Observation, admit, burst_max

LIMITS = Limits(ceiling_per_min=1_200, lag_target_ms=500, stale_after_ms=2_000)
CALM = Observation(age_ms=100, lag_ms=20, decide_p99_ms=5, available=5_000)


def seen(**changes: Any) -> Observation:
    return replace(CALM, **changes)


def bears(per_min: float) -> Bearing:
    return Bearing(1, 0, 1, per_min)


def test_operators_decide_while_nothing_else_binds() -> None:
    assert admit(LIMITS, CALM) == Admission(1_200, Limiter.OPERATOR)
    assert admit(LIMITS, None) == Admission(1_200, Limiter.OPERATOR)


def test_a_lagging_allocator_gets_what_it_bears_less_its_backlog_and_never_none() -> None:
    assert admit(LIMITS, seen(bearing=bears(600))) == Admission(600, Limiter.LAG)
    assert admit(LIMITS, seen(lag_ms=500)).limited_by is Limiter.OPERATOR
    assert admit(LIMITS, seen(lag_ms=20_500, bearing=bears(600))) == Admission(300, Limiter.LAG)
    assert admit(LIMITS, seen(decide_p99_ms=20_500)) == Admission(600, Limiter.LAG)
    assert admit(LIMITS, seen(lag_ms=3_600_000)) == Admission(60, Limiter.LAG)
    assert admit(LIMITS, seen(bearing=bears(0))) == Admission(60, Limiter.LAG)


def test_a_silent_allocator_counts_as_stalled_until_it_speaks_again() -> None:
    assert admit(LIMITS, seen(age_ms=1_500)).limited_by is Limiter.OPERATOR
    assert admit(LIMITS, seen(age_ms=2_000)).rate_per_min < 1_200
    assert admit(LIMITS, seen(age_ms=2_001)) == Admission(60, Limiter.LAG)


def test_no_more_are_called_than_places_are_left_by_those_who_still_decide() -> None:
    assert admit(LIMITS, seen(available=60)) == Admission(1_200, Limiter.OPERATOR)
    assert admit(LIMITS, seen(available=15)) == Admission(300, Limiter.STOCK)
    assert admit(LIMITS, seen(available=15, crowd=Crowd(places_per_call=3))) == Admission(150, Limiter.STOCK)
    assert admit(LIMITS, seen(available=15, crowd=Crowd(expected=14.9))) == Admission(1, Limiter.STOCK)
    assert admit(LIMITS, seen(available=15, crowd=Crowd(expected=20))) == Admission(0, Limiter.STOCK)
    assert admit(LIMITS, seen(available=0)) == Admission(0, Limiter.STOCK)


def test_no_more_passes_are_in_use_than_operators_allow() -> None:
    limits = replace(LIMITS, active_max=300)
    assert admit(limits, seen(crowd=Crowd(active=100))) == Admission(1_200, Limiter.OPERATOR)
    assert admit(limits, seen(crowd=Crowd(active=290))) == Admission(300, Limiter.ACTIVE)
    assert admit(limits, seen(crowd=Crowd(active=400))) == Admission(0, Limiter.ACTIVE)


def test_those_who_do_not_come_are_made_up_for_and_never_more_than_twice() -> None:
    admission = admit(LIMITS, seen(crowd=Crowd(comes=0.8)))
    assert (admission.rate_per_min, admission.calls_per_min) == (1_200, 1_500)
    assert admit(LIMITS, seen(crowd=Crowd(comes=0.1))).calls_per_min == 2_400
    assert admit(LIMITS, seen(crowd=Crowd(comes=0.0))).calls_per_min == 2_400
    # The last places are not called for twice: what each who is called takes is measured as it is.
    last = admit(LIMITS, seen(available=15, crowd=Crowd(comes=0.5)))
    assert (last.limited_by, last.calls_per_min) == (Limiter.STOCK, 300)
    nearly = admit(LIMITS, seen(available=75, crowd=Crowd(comes=0.5)))
    assert (nearly.limited_by, nearly.calls_per_min) == (Limiter.OPERATOR, 1_500)


def test_a_ceiling_of_nothing_lets_nobody_in() -> None:
    nobody = Limits(0, 500, 2_000)
    assert admit(nobody, seen(lag_ms=9_999)) == Admission(0, Limiter.OPERATOR)


def test_a_burst_is_one_second_of_rate() -> None:
    assert (burst_max(0), burst_max(59), burst_max(1_200)) == (1, 1, 20)


OBSERVATIONS = st.builds(
    Observation,
    age_ms=st.integers(0, 10**5),
    lag_ms=st.integers(0, 10**7),
    decide_p99_ms=st.integers(0, 10**4),
    available=st.integers(0, 10**5),
    crowd=st.builds(Crowd, comes=st.floats(0, 1), places_per_call=st.floats(0, 8), expected=st.floats(0, 10**4)),
    bearing=st.builds(bears, st.sampled_from([0.0, 300.0, math.inf])),
)


@given(st.integers(0, 1_000_000), OBSERVATIONS, st.integers(0, 10**7))
def test_the_rate_is_never_above_the_ceiling_and_more_trouble_never_raises_it(
    ceiling: int, now: Observation, more_ms: int
) -> None:
    limits = Limits(ceiling, 500, 2_000)
    admission = admit(limits, now)
    worse = admit(limits, replace(now, lag_ms=now.lag_ms + more_ms)).rate_per_min
    fewer = admit(limits, replace(now, available=now.available // 2)).rate_per_min
    assert 0 <= max(worse, fewer) <= admission.rate_per_min <= ceiling
    assert admission.rate_per_min <= admission.calls_per_min <= 2 * admission.rate_per_min
