"""Who is alive and who owns what: what an allocator sees each tick."""

from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import uuid4

import pytest

from allocator.errors import ResultUnknown
from allocator.membership import Membership
from runtime import postgres
from tests.conftest import Database
from tests.contract.stock_stores import Ground, PostgresGround, postgres_ground
from tests.contract.stock_story import PART, T0, owned
from tests.simulation.crowd import SHOWS, opening

ANNA, BEN = uuid4(), uuid4()


@pytest.fixture
async def real(database: Database) -> AsyncIterator[PostgresGround]:
    async with postgres_ground(database) as ground:
        yield ground


async def test_a_living_owner_is_seen_by_all_and_so_is_what_it_owns(ground: Ground) -> None:
    for owner in (ANNA, BEN):
        await ground.live(owner)
    assert await ground.store(3, ANNA).claim() is not None
    seats, living = await ground.look(BEN)
    assert sorted(living) == sorted([ANNA.hex, BEN.hex])
    assert [(seat.part, seat.owner) for seat in seats if not seat.claimable] == [(3, ANNA.hex)]
    assert len(seats) == 12


async def test_a_dead_owner_is_no_member_and_what_it_had_can_be_claimed(ground: Ground) -> None:
    for owner in (ANNA, BEN):
        await ground.live(owner)
    assert await ground.store(3, ANNA).claim() is not None
    await ground.die(ANNA)
    seats, living = await ground.look(BEN)
    assert living == [BEN.hex]
    assert all(seat.claimable for seat in seats)


async def test_a_broken_connection_is_replaced(real: PostgresGround) -> None:
    await real.live(ANNA)
    await real.die(ANNA)
    with suppress(ResultUnknown):  # told at most once, if it was not noticed before
        await real.live(ANNA)
    await real.live(ANNA)
    assert (await real.member(ANNA).look())[1] == [ANNA.hex]


async def test_one_that_left_is_no_member_and_what_it_had_waits_for_its_lease(ground: Ground) -> None:
    for owner in (ANNA, BEN):
        await ground.live(owner)
    assert await ground.store(3, ANNA).claim() is not None
    await ground.leave(ANNA)
    seats, living = await ground.look(BEN)
    assert living == [BEN.hex]
    assert [seat.part for seat in seats if not seat.claimable] == [3]


async def test_whose_open_shows_a_partition_has_is_seen(real: PostgresGround) -> None:
    store, _, writer = await owned(real)
    await store.apply(writer.sealed(opening(SHOWS[0], T0)))
    await real.admin.execute("UPDATE outcome_log SET decider_version = 7")
    seats, _ = await real.member(BEN).look()
    assert {seat.part: seat.decided_by for seat in seats if seat.decided_by} == {PART: 7}
    await real.admin.execute("UPDATE show SET status = 'closed'")
    seats, _ = await real.member(BEN).look()
    assert {seat.decided_by for seat in seats} == {None}


async def test_leaving_takes_the_name_away_and_never_raises(real: PostgresGround) -> None:
    for owner in (ANNA, BEN):
        await real.live(owner)
    await real.member(ANNA).leave()
    assert (await real.member(BEN).look())[1] == [BEN.hex]
    await real.die(BEN)
    await real.member(BEN).leave()
    await real.member(BEN).leave()
    assert await real.admin.fetchval("SELECT count(*) FROM allocator_member") == 1


async def test_one_learns_which_of_its_partitions_others_have_claimed(ground: Ground) -> None:
    for owner in (ANNA, BEN):
        await ground.live(owner)
    lost, kept = await ground.store(3, ANNA).claim(), await ground.store(4, ANNA).claim()
    assert lost is not None and kept is not None
    await ground.lapse(3)
    assert await ground.store(3, BEN).claim() is not None
    leases = [(cursor.at.part, cursor.at.epoch, 0) for cursor in (lost, kept)]
    assert await ground.renew(ANNA, *leases) == {4}
    assert await ground.renew(ANNA) == frozenset()


async def test_whoever_comes_takes_away_those_who_were_killed_long_ago(real: PostgresGround) -> None:
    await real.admin.execute(
        "INSERT INTO allocator_member SELECT gen_random_uuid(), 1, now(), now() - age * interval '1 minute'"
        " FROM unnest(ARRAY[30, 61, 100000]) AS age"
    )
    await real.live(ANNA)
    assert await real.admin.fetchval("SELECT count(*) FROM allocator_member WHERE owner <> $1", ANNA) == 1


async def test_a_partition_that_is_mapped_to_another_cluster_is_not_seen(real: PostgresGround) -> None:
    member = Membership(
        ANNA, lambda: postgres.connect(real.url, application_name="leases"), lambda part: part in {3, 40}
    )
    seats, _ = await member.look()
    await member.leave()
    assert [seat.part for seat in seats] == [3]
