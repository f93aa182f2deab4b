"""Who owns a partition, and what one that lost it can do: nothing."""

from contextlib import suppress
from dataclasses import replace

import pytest

from allocator.errors import Replaced, ResultUnknown
from allocator.stock import PartitionState
from tests.contract.stock_stores import Ground
from tests.contract.stock_story import ANNA, BEN, PART, T0, a_hold, by_cursor, everything, owned
from tests.simulation.crowd import SHOWS, opening

# --- who owns a partition


async def test_a_free_partition_is_claimed_from_where_nothing_was_decided(ground: Ground) -> None:
    cursor = await ground.store(PART, ANNA).claim()
    assert cursor is not None
    assert (cursor.at.part, cursor.at.epoch, cursor.at.batch_seq, cursor.at.next_offset) == (PART, 1, 0, 0)
    assert (cursor.tail_hash, cursor.log_gen, cursor.last_now_ms, cursor.published_seq) == (None, 0, 0, 0)
    assert cursor.chain == bytes(32) and cursor.history_id


async def test_nobody_claims_what_somebody_lives_on(ground: Ground) -> None:
    await owned(ground)
    assert await ground.store(PART, BEN).claim() is None
    assert await ground.store(PART + 1, BEN).claim() is not None


async def test_an_owner_claims_again_at_once_what_it_dropped(ground: Ground) -> None:
    store, cursor, writer = await owned(ground)
    on_the_way = writer.sealed(opening(SHOWS[0], T0))
    again = await ground.store(PART, ANNA).claim()
    assert again is not None and again.at.epoch == cursor.at.epoch + 1
    assert await store.apply(on_the_way) is None


async def test_a_lease_that_is_over_is_claimed_under_the_next_epoch(ground: Ground) -> None:
    await owned(ground)
    await ground.lapse(PART)
    cursor = await ground.store(PART, BEN).claim()
    assert cursor is not None and cursor.at.epoch == 2


async def test_a_dead_owner_is_succeeded_at_once(ground: Ground) -> None:
    await owned(ground)
    await ground.live(BEN)
    await ground.die(ANNA)
    cursor = await ground.store(PART, BEN).claim()
    assert cursor is not None and cursor.at.epoch == 2


async def test_of_an_owner_that_never_said_it_lives_nothing_is_known(ground: Ground) -> None:
    assert await ground.store(PART, ANNA).claim() is not None
    assert await ground.store(PART, BEN).claim() is None


async def test_one_that_died_and_came_back_with_the_same_name_lives(ground: Ground) -> None:
    await owned(ground)
    await ground.die(ANNA)
    with suppress(ResultUnknown):  # the broken connection may be noticed only now
        await ground.live(ANNA)
    await ground.live(ANNA)
    assert await ground.store(PART, BEN).claim() is None


async def test_what_is_given_back_is_free_at_once(ground: Ground) -> None:
    store, cursor, writer = await owned(ground)
    await store.apply(writer.sealed(opening(SHOWS[0], T0)))
    await store.release(writer.at, 1)
    after = await ground.store(PART, BEN).claim()
    assert after is not None
    assert (after.at.epoch, after.at.batch_seq, after.published_seq) == (cursor.at.epoch + 1, 1, 1)
    await store.release(writer.at, 9)
    assert by_cursor(await ground.rows("allocator_cursor"))["owner"] == BEN.hex


async def test_renewing_tells_what_is_published_but_not_for_a_partition_that_was_lost(ground: Ground) -> None:
    store, cursor, writer = await owned(ground)
    await store.apply(writer.sealed(opening(SHOWS[0], T0)))
    await ground.renew(ANNA, (PART, cursor.at.epoch, 1))
    assert by_cursor(await ground.rows("allocator_cursor"))["published_seq"] == 1
    await ground.renew(ANNA, (PART, cursor.at.epoch, 0))
    assert by_cursor(await ground.rows("allocator_cursor"))["published_seq"] == 1
    await ground.lapse(PART)
    assert await ground.store(PART, BEN).claim() is not None
    await ground.renew(ANNA, (PART, cursor.at.epoch, 7))
    assert by_cursor(await ground.rows("allocator_cursor"))["published_seq"] == 1


# --- what one that was replaced can do: nothing


async def test_one_that_was_replaced_writes_nothing_and_is_told_so(ground: Ground) -> None:
    store, _, writer = await owned(ground)
    await store.apply(writer.sealed(opening(SHOWS[0], T0)))
    await ground.lapse(PART)
    assert await ground.store(PART, BEN).claim() is not None
    before = await everything(ground)
    assert await store.apply(writer.sealed(a_hold(1, 0))) is None
    with pytest.raises(Replaced):
        await store.restart_log(writer.at, 100)
    assert await everything(ground) == before


async def test_one_that_was_replaced_loads_nothing_and_is_told_so(ground: Ground) -> None:
    store, cursor, writer = await owned(ground)
    await store.apply(writer.sealed(opening(SHOWS[0], T0)))
    await ground.lapse(PART)
    assert await ground.store(PART, BEN).claim() is not None
    with pytest.raises(Replaced):
        await store.load(cursor)
    with pytest.raises(Replaced):
        await store.load_show(writer.at, PartitionState(PART), SHOWS[0])


@pytest.mark.parametrize("field", ["epoch", "batch_seq", "next_offset"])
async def test_each_part_of_the_fence_counts(ground: Ground, field: str) -> None:
    store, _, writer = await owned(ground)
    await store.apply(writer.sealed(opening(SHOWS[0], T0)))
    batch = writer.sealed(a_hold(1, 0))
    before = await everything(ground)
    for wrong in (-1, +1):
        at = replace(batch.at, **{field: getattr(batch.at, field) + wrong})
        assert await store.apply(replace(batch, at=at)) is None
    assert await everything(ground) == before
    assert await store.apply(batch) is not None
    assert await store.apply(batch) is None
