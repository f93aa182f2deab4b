"""Buckets: how often one may take, alone and together with other processes."""

from hypothesis import given
from hypothesis import strategies as st

from ingress.limits import SHARED_FROM, Buckets, Quota
from tests.unit.ingress.tales import SECOND, T0

HOLDS = Quota("holds", 10, 60 * SECOND)
TEN = (HOLDS,)
MINUTE = 60 * SECOND


class Store:
    """What the script does, in memory; its clock is not ours."""

    def __init__(self, now_ms: float = 5.0) -> None:
        self.now_ms = now_ms
        self.full_at: dict[tuple[str, str], float] = {}

    def share(self, buckets: Buckets, now_ms: int) -> None:
        owed = buckets.owed(1_000)
        ahead = []
        for bucket, taken in owed:
            name = (bucket.quota.name, bucket.subject)
            each = bucket.quota.window_ms / bucket.quota.most
            full_at = max(self.full_at.get(name, 0.0), self.now_ms) + each * taken
            self.full_at[name] = min(full_at, self.now_ms + 2 * bucket.quota.window_ms)
            ahead.append(self.full_at[name] - self.now_ms)
        buckets.settle(owed, ahead, now_ms)


def new_buckets(callers_max: int = 100) -> Buckets:
    return Buckets(callers_max=callers_max, keep_ms=2 * MINUTE)


def granted(buckets: Buckets, times: int, now_ms: int, subject: str = "anna") -> int:
    return sum(buckets.take(TEN, subject, now_ms).wait_ms == 0 for _ in range(times))


def test_a_quota_can_be_had_at_once_and_flows_back_evenly() -> None:
    buckets = new_buckets()
    assert granted(buckets, 30, T0) == 10
    assert granted(buckets, 30, T0 + 6 * SECOND) == 1
    assert granted(buckets, 30, T0 + 18 * SECOND) == 2
    assert granted(buckets, 30, T0 + 18 * SECOND + MINUTE) == 10


def test_what_is_left_and_when_to_come_back_is_told() -> None:
    buckets = new_buckets()
    first = buckets.take(TEN, "anna", T0)
    assert (first.header, HOLDS.policy) == ('"holds";r=9;t=6', '"holds";q=10;w=60')
    assert granted(buckets, 9, T0) == 9
    refused = buckets.take(TEN, "anna", T0 + 1 * SECOND)
    assert (refused.wait_ms, refused.header) == (5 * SECOND, '"holds";r=0;t=59')


def test_everybody_has_a_bucket_of_their_own_for_each_quota() -> None:
    buckets = new_buckets()
    assert granted(buckets, 30, T0, "anna") == granted(buckets, 30, T0, "ben") == 10
    assert buckets.take((Quota("requests", 100, MINUTE),), "anna", T0).wait_ms == 0


def test_refusals_cost_nothing() -> None:
    buckets = new_buckets()
    granted(buckets, 1_000, T0)
    assert granted(buckets, 1, T0 + 6 * SECOND) == 1


@given(st.lists(st.integers(0, 20 * SECOND), max_size=60))
def test_no_minute_ever_holds_twice_the_quota(pauses: list[int]) -> None:
    buckets, now_ms, at = new_buckets(), T0, []
    for pause in pauses:
        now_ms += pause
        if buckets.take(TEN, "anna", now_ms).wait_ms == 0:
            at.append(now_ms)
    for begin in at:
        assert sum(begin <= moment < begin + MINUTE for moment in at) <= 20
    # Over the whole time: the burst, and what has flowed back.
    assert len(at) <= 10 + (now_ms - T0) / (6 * SECOND) + 1


def test_two_processes_have_one_quota_together() -> None:
    one, other, store = new_buckets(), new_buckets(), Store()
    count = 0
    for _ in range(30):
        for buckets in (one, other):
            count += granted(buckets, 1, T0)
            store.share(buckets, T0)
    # Each may have kept to itself what is too little to be told.
    assert 10 <= count <= 10 + 2 * (HOLDS.most // SHARED_FROM)


def test_what_was_granted_twice_is_paid_back() -> None:
    one, other, store = new_buckets(), new_buckets(), Store()
    assert granted(one, 10, T0) == granted(other, 10, T0) == 10
    store.share(one, T0)
    store.share(other, T0)
    store.now_ms += MINUTE
    assert granted(other, 5, T0 + MINUTE - 1) == 0
    assert granted(other, 5, T0 + MINUTE + 6 * SECOND) == 1


def test_without_a_store_each_counts_alone_and_nothing_old_is_held_against_anybody() -> None:
    buckets, store = new_buckets(), Store()
    for minute in range(60):
        assert granted(buckets, 10, T0 + minute * MINUTE) == 10
        owed = buckets.owed(1_000)
        buckets.give_back(owed)
    now_ms = T0 + 60 * MINUTE
    store.share(buckets, now_ms)
    # An hour of takings is told, but no more than a window of them is missing.
    assert granted(buckets, 10, now_ms + MINUTE) == 10


def test_a_store_that_has_forgotten_gives_nobody_back_what_a_process_knows_they_took() -> None:
    buckets, store = new_buckets(), Store()
    assert granted(buckets, 6, T0) == 6
    store.share(buckets, T0)
    assert granted(buckets, 4, T0) == 4
    Store().share(buckets, T0)
    assert granted(buckets, 1, T0) == 0
    # A clock that was set back says nothing about what was taken.
    assert granted(buckets, 3, T0 - MINUTE * 60) == 3
    Store().share(buckets, T0 - MINUTE * 60)
    assert granted(buckets, 9, T0 - MINUTE * 60) == 7


def test_whoever_asks_once_in_a_rush_is_not_told_of() -> None:
    buckets = new_buckets(callers_max=10_000)
    for fan in range(1_000):
        buckets.take(TEN, f"fan{fan}", T0)
    assert not buckets.owing
    buckets.take(TEN, "fan7", T0)
    assert [(owed.bucket.subject, owed.taken) for owed in buckets.owed(10)] == [("fan7", 2)]


def test_so_many_are_told_at_once_and_no_more() -> None:
    buckets = new_buckets(callers_max=1_000)
    for fan in range(100):
        granted(buckets, 2, T0, f"fan{fan}")
    assert len(buckets.owed(60)) == 60
    assert len(buckets.owed(60)) == 40
    assert not buckets.owing


def test_memory_is_bounded() -> None:
    buckets = new_buckets(callers_max=100)
    for fan in range(10_000):
        buckets.take(TEN, f"fan{fan}", T0 + fan)
    assert len(buckets) <= 101


def test_whoever_does_not_come_back_is_not_kept_much_longer_than_they_have_to_be() -> None:
    buckets, kept = new_buckets(callers_max=100_000), []
    for second in range(600):
        buckets.take(TEN, f"fan{second}", T0 + second * SECOND)
        kept.append(len(buckets))
    assert min(kept[150:]) >= 120
    assert max(kept) <= 151


def test_whoever_used_everything_up_is_remembered_as_long_as_that_counts() -> None:
    for pause in range(0, 60, 7):
        buckets = new_buckets(callers_max=100_000)
        for second in range(pause):
            buckets.take(TEN, f"fan{second}", T0 + second * SECOND)
        began = T0 + pause * SECOND
        assert granted(buckets, 10, began, "anna") == 10
        for second in range(53):
            buckets.take(TEN, f"other{second}", began + second * SECOND)
        assert granted(buckets, 10, began + 53 * SECOND, "anna") == 8


def test_whoever_comes_often_is_not_forgotten_for_the_sake_of_others() -> None:
    buckets = new_buckets(callers_max=100)
    assert granted(buckets, 10, T0, "anna") == 10
    for fan in range(2_000):
        buckets.take(TEN, f"fan{fan}", T0)
        if fan % 20 == 0:
            assert granted(buckets, 1, T0, "anna") == 0


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    buckets = new_buckets()
    assert granted(buckets, 10, T0 + 3_600 * SECOND) == 10
    assert granted(buckets, 10, T0) == 10


def test_what_nothing_came_of_is_given_back() -> None:
    buckets, store = new_buckets(), Store()
    assert granted(buckets, 10, T0) == 10
    buckets.give_one_back(HOLDS, "anna")
    assert granted(buckets, 3, T0) == 1
    store.share(buckets, T0)
    buckets.give_one_back(HOLDS, "anna")
    assert granted(buckets, 3, T0) == 1
    store.share(buckets, T0)
    # Nothing of it is held against anybody by the others, either.
    assert store.full_at["holds", "anna"] == store.now_ms + MINUTE
    buckets.give_one_back(HOLDS, "nobody")
