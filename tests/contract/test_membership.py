"""Who is alive and who owns what, on the real database: what an allocator sees each tick."""

from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import uuid4

import pytest

from allocator.errors import ResultUnknown
from tests.conftest import Database
from tests.contract.stock_stores import PostgresGround, postgres_ground

ANNA, BEN = uuid4(), uuid4()


@pytest.fixture
async def real(database: Database) -> AsyncIterator[PostgresGround]:
    async with postgres_ground(database) as ground:
        yield ground


async def test_a_living_owner_is_seen_by_all_and_so_is_what_it_owns(real: PostgresGround) -> None:
    for owner in (ANNA, BEN):
        await real.live(owner)
    assert await real.store(3, ANNA).claim() is not None
    seats, living = await real.member(BEN).look()
    assert sorted(living) == sorted([ANNA.hex, BEN.hex])
    assert [(seat.part, seat.owner) for seat in seats if not seat.claimable] == [(3, ANNA.hex)]
    assert len(seats) == 12


async def test_a_dead_owner_is_no_member_and_what_it_had_can_be_claimed(real: PostgresGround) -> None:
    for owner in (ANNA, BEN):
        await real.live(owner)
    assert await real.store(3, ANNA).claim() is not None
    await real.die(ANNA)
    seats, living = await real.member(BEN).look()
    assert living == [BEN.hex]
    assert all(seat.claimable for seat in seats)


async def test_a_broken_connection_is_replaced(real: PostgresGround) -> None:
    await real.live(ANNA)
    await real.die(ANNA)
    with suppress(ResultUnknown):  # told at most once, if it was not noticed before
        await real.live(ANNA)
    await real.live(ANNA)
    assert (await real.member(ANNA).look())[1] == [ANNA.hex]


async def test_leaving_takes_the_name_away_and_never_raises(real: PostgresGround) -> None:
    for owner in (ANNA, BEN):
        await real.live(owner)
    await real.member(ANNA).leave()
    assert (await real.member(BEN).look())[1] == [BEN.hex]
    await real.die(BEN)
    await real.member(BEN).leave()
    await real.member(BEN).leave()
    assert await real.admin.fetchval("SELECT count(*) FROM allocator_member") == 1


async def test_one_learns_which_of_its_partitions_others_have_claimed(real: PostgresGround) -> None:
    for owner in (ANNA, BEN):
        await real.live(owner)
    lost, kept = await real.store(3, ANNA).claim(), await real.store(4, ANNA).claim()
    assert lost is not None and kept is not None
    await real.lapse(3)
    assert await real.store(3, BEN).claim() is not None
    leases = [(cursor.at.part, cursor.at.epoch, 0) for cursor in (lost, kept)]
    assert await real.member(ANNA).renew(leases) == {4}
    assert await real.member(ANNA).renew([]) == frozenset()
