"""A record that the store cannot keep is found by halving, and everything else is kept."""

from hypothesis import given, settings
from hypothesis import strategies as st

from allocator.caution import RECORDS_MAX, Caution


def drive(bad: set[int], records: int, first: int = 0) -> tuple[set[int], int]:
    """`(offsets rejected by force, batches refused)` until all `records` are kept, as a desk would do it."""
    caution, at, end, forced, refusals = Caution(), first, first + records, set(), 0
    while at < end:
        until = min(end, at + caution.records_max(at))
        assert until > at
        now_forced = {offset for offset in range(at, until) if offset in caution.forced}
        if (bad & set(range(at, until))) - now_forced:
            caution.refused(at, until)
            refusals += 1
            assert refusals <= 50 * (len(bad) + 1)
        else:
            forced |= now_forced
            at = until
    return forced, refusals


def test_without_a_refusal_nothing_is_small() -> None:
    caution = Caution()
    assert caution.records_max(0) == RECORDS_MAX
    assert 0 not in caution.forced


def test_one_bad_record_of_two_thousand_is_found_within_a_dozen_tries() -> None:
    forced, refusals = drive({1234}, 2000)
    assert forced == {1234}
    assert refusals <= 12


def test_a_record_that_came_alone_is_forced_at_once() -> None:
    assert drive({5}, 1, first=5) == ({5}, 1)


def test_another_generation_of_the_log_has_other_records() -> None:
    caution = Caution()
    caution.begin(0)
    caution.refused(5, 15)
    caution.begin(0)
    assert caution.records_max(5) == 5
    caution.refused(5, 6)
    caution.begin(0)
    assert 5 in caution.forced
    caution.begin(1)
    assert 5 not in caution.forced and caution.records_max(5) == RECORDS_MAX


@settings(max_examples=200)
@given(st.integers(1, 300), st.sets(st.integers(0, 299), max_size=6), st.integers(0, 10_000))
def test_exactly_the_bad_ones_are_forced(records: int, bad: set[int], first: int) -> None:
    here = {first + offset for offset in bad if offset < records}
    assert drive(here, records, first)[0] == here
