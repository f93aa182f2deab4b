"""What the ledger and the table of rooms promise: one suite for the memory that unit tests use and for Postgres."""

import pytest

from tests.contract.room_stores import (
    HASH,
    LINE,
    NOW_MS,
    SCHEDULE,
    SHOW,
    Stores,
    entry,
)
from ticketing.tokens import api_key_hash
from waiting_room.phases import Control
from waiting_room.places import leaf_of
from waiting_room.ports import (
    Act,
    ClaimRow,
    EntryRow,
    Line,
)


async def test_no_two_generations_share_a_number_and_only_the_latest_gets_more(stores: Stores) -> None:
    async with stores.ledger.alone_with(LINE) as reserved:
        first = await reserved.new_generation(10)
        assert (first.gen, first.issued, first.ceiling, first.serving_floor) == (1, 0, 10, 0)
        assert await reserved.extend(1, 5) == 15
        await stores.ledger.raise_floor(LINE, 4)
        await stores.ledger.raise_floor(LINE, 3)
        second = await reserved.new_generation(10)
        assert (second.gen, second.issued, second.ceiling, second.serving_floor) == (2, 15, 25, 4)
        assert await reserved.extend(1, 5) is None
        assert await reserved.extend(2, 5) == 30


def kept(n: int, of: int) -> EntryRow:
    return EntryRow(n, entry(of), leaf_of(n, entry(of), HASH), NOW_MS + n)


async def test_joins_are_kept_once_however_often_they_are_written(stores: Stores) -> None:
    rows = [kept(1, of=1), kept(2, of=2)]
    for maybe_there in (False, False, True):
        assert await stores.ledger.add_entries(LINE, rows, maybe_there=maybe_there) == []
    assert await stores.ledger.add_entries(LINE, [kept(3, of=3), *rows], maybe_there=False) == []
    assert await stores.ledger.entries(LINE, [entry(n) for n in (1, 2, 3, 4)]) == {
        entry(n): kept(n, of=n) for n in (1, 2, 3)
    }
    assert await stores.ledger.entries(Line(SHOW, "presale"), [entry(1)]) == {}


@pytest.mark.parametrize("maybe_there", [False, True])
async def test_an_entry_keeps_the_number_that_was_kept_first(stores: Stores, maybe_there: bool) -> None:
    """What two instances write of one client when the counters were lost between their two answers."""
    await stores.ledger.add_entries(LINE, [kept(5, of=1)], maybe_there=False)
    both = [kept(12, of=1), kept(13, of=2)]
    assert await stores.ledger.add_entries(LINE, both, maybe_there=maybe_there) == [kept(5, of=1)]
    assert await stores.ledger.entries(LINE, [entry(1), entry(2)]) == {
        entry(1): kept(5, of=1),
        entry(2): kept(13, of=2),
    }


async def test_the_first_claim_and_giving_up_are_both_kept(stores: Stores) -> None:
    await stores.ledger.add_claims(LINE, [ClaimRow(1, 500, None), ClaimRow(2, 500, None), ClaimRow(2, None, 700)])
    told = await stores.ledger.add_claims(LINE, [ClaimRow(1, 900, None), ClaimRow(3, None, 800)])
    assert sorted(told) == [ClaimRow(1, 500, None), ClaimRow(3, None, 800)]
    await stores.ledger.add_claims(LINE, [ClaimRow(1, None, 950)])
    assert await stores.ledger.claims(LINE, [1, 2, 3, 4]) == {
        1: ClaimRow(1, 500, 950),
        2: ClaimRow(2, 500, 700),
        3: ClaimRow(3, None, 800),
    }


async def test_only_a_show_has_a_room_and_operators_change_it(stores: Stores) -> None:
    assert await stores.table.open_room(0xDEAD, NOW_MS) is None
    act = Act("rate", "key_ops", "too fast", rate_per_min=60)
    assert await stores.table.change_room(0xDEAD, act, NOW_MS) is None
    room = await stores.table.open_room(SHOW, NOW_MS)
    assert room is not None
    assert (room.control, room.rate_per_min, room.version, room.schedule) == (Control.SCHEDULE, None, 1, SCHEDULE)
    slowed = await stores.table.change_room(SHOW, act, NOW_MS)
    paused = await stores.table.change_room(SHOW, Act("pause", "key_ops", "fire", control=Control.PAUSED), NOW_MS)
    assert slowed is not None
    assert paused is not None
    assert (slowed.control, slowed.rate_per_min, slowed.version) == (Control.SCHEDULE, 60, 2)
    assert (paused.control, paused.rate_per_min, paused.version, paused.reason) == (Control.PAUSED, 60, 3, "fire")
    assert await stores.table.rooms(NOW_MS) == [paused]
    assert await stores.table.rooms(SCHEDULE.starts_at_ms) == []


async def test_a_key_is_known_until_it_is_revoked(stores: Stores) -> None:
    assert await stores.table.key_roles(api_key_hash("osk_live_ops")) == ("key_ops", frozenset({"operator"}))
    assert await stores.table.key_roles(api_key_hash("osk_live_old")) is None
    assert await stores.table.key_roles(api_key_hash("osk_live_none")) is None
