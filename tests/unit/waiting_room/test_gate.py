"""How fast people are let in, and what is said to be the reason."""

from hypothesis import given
from hypothesis import strategies as st

from waiting_room.gate import Admission, Limiter, Limits, Observation, admit, burst_max

LIMITS = Limits(ceiling_per_min=1_200, lag_target_ms=500, stale_after_ms=2_500)
CALM = Observation(age_ms=100, lag_ms=20, decide_p99_ms=5, available=5_000)


def seen(**changes: int) -> Observation:
    values = {name: getattr(CALM, name) for name in ("age_ms", "lag_ms", "decide_p99_ms", "available")}
    return Observation(**(values | changes))


def test_operators_decide_while_nothing_else_binds() -> None:
    assert admit(LIMITS, CALM) == Admission(1_200, Limiter.OPERATOR)
    assert admit(LIMITS, None) == Admission(1_200, Limiter.OPERATOR)


def test_a_lagging_allocator_gets_fewer_in_proportion_and_never_none() -> None:
    assert admit(LIMITS, seen(lag_ms=500)).limited_by is Limiter.OPERATOR
    assert admit(LIMITS, seen(lag_ms=1_000)) == Admission(600, Limiter.LAG)
    assert admit(LIMITS, seen(decide_p99_ms=2_000)) == Admission(300, Limiter.LAG)
    assert admit(LIMITS, seen(lag_ms=3_600_000)) == Admission(60, Limiter.LAG)


def test_a_silent_allocator_counts_as_stalled_until_it_speaks_again() -> None:
    assert admit(LIMITS, seen(age_ms=2_500)).limited_by is Limiter.OPERATOR
    assert admit(LIMITS, seen(age_ms=2_501)) == Admission(60, Limiter.LAG)


def test_the_last_places_are_not_run_for_by_a_crowd() -> None:
    assert admit(LIMITS, seen(available=40)) == Admission(1_200, Limiter.OPERATOR)
    assert admit(LIMITS, seen(available=10)) == Admission(300, Limiter.STOCK)
    assert admit(LIMITS, seen(available=0)) == Admission(0, Limiter.STOCK)


def test_a_ceiling_of_nothing_lets_nobody_in() -> None:
    nobody = Limits(0, 500, 2_500)
    assert admit(nobody, seen(lag_ms=9_999)) == Admission(0, Limiter.OPERATOR)


def test_a_burst_is_one_second_of_rate() -> None:
    assert (burst_max(0), burst_max(59), burst_max(1_200)) == (1, 1, 20)


@given(
    st.integers(0, 1_000_000),
    st.integers(0, 10**7),
    st.integers(0, 10**7),
    st.integers(0, 10**5),
    st.integers(0, 10**5),
)
def test_the_rate_is_never_above_the_ceiling_and_more_trouble_never_raises_it(
    ceiling: int, lag_ms: int, more_ms: int, available: int, age_ms: int
) -> None:
    limits = Limits(ceiling, 500, 2_500)
    rate = admit(limits, seen(lag_ms=lag_ms, available=available, age_ms=age_ms)).rate_per_min
    worse = admit(limits, seen(lag_ms=lag_ms + more_ms, available=available, age_ms=age_ms)).rate_per_min
    fewer = admit(limits, seen(lag_ms=lag_ms, available=available // 2, age_ms=age_ms)).rate_per_min
    assert 0 <= max(worse, fewer) <= rate <= ceiling
