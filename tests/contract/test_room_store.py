"""What the ledger and the table of rooms promise: one suite for the memory that unit tests use and for Postgres."""

import asyncio
from dataclasses import replace

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
from waiting_room.acts import broken_at
from waiting_room.operating import Act, RoomRow
from waiting_room.phases import Control
from waiting_room.places import leaf_of
from waiting_room.ports import ClaimRow, EntryRow, Line


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


async def test_of_places_let_go_first_the_latest_is_kept_whatever_comes_when(stores: Stores) -> None:
    deferred = [ClaimRow(1, None, None, 40), ClaimRow(1, None, None, 30)]
    assert await stores.ledger.add_claims(LINE, deferred) == [ClaimRow(1, None, None, 40)]
    assert await stores.ledger.add_claims(LINE, [ClaimRow(1, None, None, 35)]) == [ClaimRow(1, None, None, 40)]
    assert await stores.ledger.add_claims(LINE, [ClaimRow(1, 500, None)]) == [ClaimRow(1, 500, None, 40)]
    assert await stores.ledger.add_claims(LINE, [ClaimRow(1, None, None, 50)]) == [ClaimRow(1, 500, None, 50)]


async def test_only_a_show_has_a_room_and_operators_change_it(stores: Stores) -> None:
    assert await stores.table.open_room(0xDEAD, NOW_MS) is None
    act = Act("limits", "key_ops", "too fast", rate_per_min=60)
    assert await stores.table.change_room(0xDEAD, act, NOW_MS) is None
    room = await stores.table.open_room(SHOW, NOW_MS)
    assert room is not None
    assert (room.control, room.rate_per_min, room.version, room.schedule) == (Control.SCHEDULE, None, 1, SCHEDULE)
    slowed = await changed(stores, act)
    paused = await changed(stores, Act("pause", "key_ops", "fire", control=Control.PAUSED))
    assert (slowed.control, slowed.rate_per_min, slowed.version) == (Control.SCHEDULE, 60, 2)
    assert (paused.control, paused.rate_per_min, paused.version, paused.reason) == (Control.PAUSED, 60, 3, "fire")
    assert await stores.table.rooms(NOW_MS) == [paused]
    assert await stores.table.rooms(SCHEDULE.starts_at_ms) == []


async def changed(stores: Stores, act: Act) -> RoomRow:
    done = await stores.table.change_room(SHOW, act, NOW_MS)
    assert done is not None
    assert not done.conflict
    return done.row


async def test_everything_an_act_may_change_is_kept(stores: Stores) -> None:
    said = {"severity": "info", "text": {"en": "Hello", "ja": "こんにちは"}}
    act = Act(
        "fail-open",
        "key_ops",
        "ünheard of",
        control=Control.IDLE,
        rate_per_min=60,
        active_max=7,
        shares={"general": 90, "presale": 10},
        message=said,
        open_until_ms=NOW_MS + 5,
        revokes=True,
    )
    row = await changed(stores, act)
    assert (row.control, row.rate_per_min, row.active_max, row.wave) == (Control.IDLE, 60, 7, 1)
    assert (dict(row.shares), dict(row.message), row.open_until_ms) == (act.shares, said, NOW_MS + 5)
    assert await stores.table.open_room(SHOW, NOW_MS) == row
    resumed = await changed(stores, Act("resume", "key_ops", "over", control=Control.SCHEDULE))
    assert (resumed.open_until_ms, resumed.wave, resumed.active_max) == (0, 1, 7)


async def test_an_act_on_what_somebody_else_has_changed_is_not_done(stores: Stores) -> None:
    act = Act("limits", "key_ops", "slower", rate_per_min=60)
    first = await stores.table.change_room(SHOW, act, NOW_MS, if_version=1)
    late = await stores.table.change_room(SHOW, Act("limits", "key_2", "faster", rate_per_min=90), NOW_MS, if_version=1)
    assert first is not None
    assert late is not None
    assert (first.conflict, late.conflict) == (False, True)
    assert late.row == first.row
    assert [kept.key_id for kept in await stores.table.acts(SHOW, 0, 9)] == ["key_ops"]


async def test_the_acts_of_many_at_once_are_one_chain(stores: Stores) -> None:
    acts = [Act("limits", f"key_{number}", "all at once", rate_per_min=number) for number in range(12)]
    await asyncio.gather(*(stores.table.change_room(SHOW, act, NOW_MS) for act in acts))
    kept = await stores.table.acts(SHOW, 0, 100)
    assert [act.version for act in kept] == list(range(2, 14))
    assert broken_at(SHOW, kept) is None
    assert broken_at(SHOW, [*kept[:5], replace(kept[5], reason="another"), *kept[6:]]) == kept[5].version
    assert broken_at(SHOW, kept[:5] + kept[6:]) == kept[6].version
    assert await stores.table.acts(SHOW, 3, 2) == kept[2:4]


async def test_a_key_is_known_until_it_is_revoked(stores: Stores) -> None:
    assert await stores.table.key_roles(api_key_hash("osk_live_ops")) == ("key_ops", frozenset({"operator"}))
    assert await stores.table.key_roles(api_key_hash("osk_live_old")) is None
    assert await stores.table.key_roles(api_key_hash("osk_live_none")) is None
