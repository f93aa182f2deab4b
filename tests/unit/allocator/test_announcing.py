"""What everybody is told of shows each second, and of a partition that takes no writes."""

from types import SimpleNamespace
from typing import cast

from allocator.announcing import Refusals, show_statuses
from allocator.service import Desk
from allocator.tiers import Tiers
from tests.unit.allocator.stories import confirm, given, granted, hold
from tests.unit.allocator.test_orders import A1, A2, block
from ticketing.messages import PartitionStatusNow

T0 = 1_800_000_000_000


def says(part: int, *, takes_writes: bool) -> PartitionStatusNow:
    return PartitionStatusNow(part=part, at_ms=T0, takes_writes=takes_writes)


def test_a_refusal_is_told_each_time_until_it_ends_and_its_end_once() -> None:
    refusals = Refusals()
    refusals.end(3)
    assert refusals.statuses(T0) == []
    refusals.begin(3, "the disk is full")
    refusals.begin(4, "the disk is full")
    assert refusals.statuses(T0) == refusals.statuses(T0) == [says(3, takes_writes=False), says(4, takes_writes=False)]
    assert refusals.reasons == {3: "the disk is full", 4: "the disk is full"}
    refusals.end(3)
    assert refusals.statuses(T0) == [says(4, takes_writes=False), says(3, takes_writes=True)]
    assert refusals.statuses(T0) == [says(4, takes_writes=False)]


def test_one_that_begins_again_before_its_end_was_told_has_not_ended() -> None:
    refusals = Refusals()
    refusals.begin(3, "read-only")
    refusals.end(3)
    refusals.begin(3, "read-only")
    assert refusals.statuses(T0) == [says(3, takes_writes=False)]


def test_a_seat_that_is_off_sale_is_neither_available_nor_held() -> None:
    show = given(block(A1, A2), hold("anna", "A-3", floor=1), hold("ben", "B-1"), confirm("ben"))
    desk = SimpleNamespace(state=show.state, part=3, position=SimpleNamespace(next_offset=5), lag_ms=0, tiers=Tiers())
    (told,) = show_statuses(cast(Desk, desk), log_end=7, now_ms=T0)
    assert (told.available, told.held, told.booked, told.lag_records) == (17, 2, 1, 2)


def test_what_is_left_of_each_price_is_told_as_it_changes() -> None:
    kept = Tiers()
    show = given(block(A1, A2), hold("anna", "A-3", floor=1))

    def tiers() -> list[tuple[str, int, int, int]]:
        at = SimpleNamespace(next_offset=5)
        desk = SimpleNamespace(state=show.state, part=3, position=at, lag_ms=0, tiers=kept)
        (told,) = show_statuses(cast(Desk, desk), log_end=5, now_ms=T0)
        assert sum(tier.available for tier in told.tiers) == told.available
        assert told.currency == "EUR"
        return [(tier.name, tier.price, tier.places, tier.available) for tier in told.tiers]

    assert tiers() == [("front", 100, 8, 5), ("back", 50, 4, 4), ("standing", 20, 10, 9)]
    assert granted(show, hold("ben", "C-1", "C-2", "C-3", "C-4"))
    assert tiers() == tiers() == [("front", 100, 8, 5), ("back", 50, 4, 0), ("standing", 20, 10, 9)]
