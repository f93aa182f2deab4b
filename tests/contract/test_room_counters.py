"""What the counters promise: one suite for the memory that unit tests use and for Redis."""

import pytest

from runtime.redis import open_redis
from tests.conftest import Database
from tests.contract.room_stores import (
    LINE,
    NOW_MS,
    OTHER_HASH,
    Stores,
    ask,
    moved,
    numbers,
    real_stores,
    started,
)
from tests.servers import Servers
from waiting_room.ports import (
    ClaimAsk,
    Claimed,
    ClaimRefusal,
    Deferred,
    DeferRefusal,
    Generation,
    Joined,
    Later,
    Position,
    StoreLost,
)


async def test_a_line_that_nobody_started_is_lost(stores: Stores) -> None:
    with pytest.raises(StoreLost):
        await stores.counters.join(LINE, 1, [ask(1)])
    with pytest.raises(StoreLost):
        await stores.counters.claim(LINE, 1, [ClaimAsk(1, 1)])
    with pytest.raises(StoreLost):
        await stores.counters.give_up(LINE, 1)
    with pytest.raises(StoreLost):
        await moved(stores)
    with pytest.raises(StoreLost):
        await stores.counters.extend(LINE, 1, 100)


async def test_joins_get_the_next_numbers_and_repeats_get_their_own(stores: Stores) -> None:
    await started(stores)
    assert numbers(await stores.counters.join(LINE, 1, [ask(1), ask(2), ask(1)])) == [1, 2, 1]
    [first, second, third] = await stores.counters.join(LINE, 1, [ask(2), ask(3), ask(1)])
    assert isinstance(first, Joined)
    assert isinstance(second, Joined)
    assert isinstance(third, Joined)
    assert [(first.n, first.repeat), (second.n, second.repeat), (third.n, third.repeat)] == [
        (2, True),
        (3, False),
        (1, True),
    ]
    assert first.at_ms <= second.at_ms


async def test_another_secret_does_not_get_the_place(stores: Stores) -> None:
    await started(stores)
    await stores.counters.join(LINE, 1, [ask(1)])
    assert numbers(await stores.counters.join(LINE, 1, [ask(1, OTHER_HASH), ask(2)])) == ["other_secret", 2]


async def test_numbers_end_where_the_reserved_ones_end(stores: Stores) -> None:
    await started(stores, issued=10, ceiling=12)
    assert numbers(await stores.counters.join(LINE, 1, [ask(n) for n in range(4)])) == [
        11,
        12,
        "no_numbers",
        "no_numbers",
    ]
    await stores.counters.extend(LINE, 1, 13)
    await stores.counters.extend(LINE, 2, 99)
    assert numbers(await stores.counters.join(LINE, 1, [ask(n) for n in range(4)])) == [11, 12, 13, "no_numbers"]


async def test_a_later_generation_counts_on_and_an_earlier_one_changes_nothing(stores: Stores) -> None:
    await started(stores, ceiling=10)
    await stores.counters.join(LINE, 1, [ask(1)])
    await stores.counters.install(LINE, Generation(3, 20, 30, 0))
    await stores.counters.install(LINE, Generation(2, 10, 20, 0))
    await stores.counters.install(LINE, Generation(3, 20, 30, 0))
    with pytest.raises(StoreLost):
        await stores.counters.join(LINE, 1, [ask(2)])
    assert numbers(await stores.counters.join(LINE, 3, [ask(2), ask(1)])) == [21, 1]
    assert (await moved(stores)).gen == 3


async def test_a_place_is_claimed_once_and_its_time_is_kept(stores: Stores) -> None:
    await started(stores, issued=5, floor=3)
    [first, early] = await stores.counters.claim(LINE, 1, [ClaimAsk(3, 3), ClaimAsk(4, 4)])
    assert isinstance(first, Claimed)
    assert not first.repeat
    assert early == Later(4)
    stores.pass_time()
    assert await stores.counters.claim(LINE, 1, [ClaimAsk(3, 3)]) == [Claimed(first.first_ms, True)]
    assert (await moved(stores)).claimed == 1


async def test_what_the_ledger_knows_of_a_claim_counts(stores: Stores) -> None:
    await started(stores, issued=5)
    asks = [ClaimAsk(4, 4, known_ms=NOW_MS - 5_000)]
    assert await stores.counters.claim(LINE, 1, asks) == [Claimed(NOW_MS - 5_000, True)]
    assert await stores.counters.claim(LINE, 1, [ClaimAsk(4, 4)]) == [Claimed(NOW_MS - 5_000, True)]


async def test_a_place_given_up_is_never_claimed(stores: Stores) -> None:
    await started(stores, issued=5, floor=5)
    await stores.counters.claim(LINE, 1, [ClaimAsk(2, 2)])
    assert [await stores.counters.give_up(LINE, n) for n in (1, 1, 2)] == [True, False, True]
    assert await stores.counters.claim(LINE, 1, [ClaimAsk(1, 1), ClaimAsk(2, 2)]) == [ClaimRefusal.GIVEN_UP] * 2
    assert (await moved(stores)).given_up == 2


async def test_whoever_lets_others_go_first_is_called_after_them_and_not_before(stores: Stores) -> None:
    await started(stores, issued=9, floor=3)
    assert await stores.counters.defer(LINE, 1, 2, 2, 5) == Deferred(5)
    [early, next_one] = await stores.counters.claim(LINE, 1, [ClaimAsk(2, 2), ClaimAsk(3, 3)])
    assert early == Later(5)
    assert isinstance(next_one, Claimed)
    # Never sooner again, and never beyond the last number there is.
    assert await stores.counters.defer(LINE, 1, 2, 2, 4) == Deferred(5)
    assert await stores.counters.defer(LINE, 1, 2, 2, 99) == Deferred(9)
    await moved(stores, seen=9)
    [called] = await stores.counters.claim(LINE, 1, [ClaimAsk(2, 2)])
    assert isinstance(called, Claimed)
    assert not called.repeat
    assert (await moved(stores)).claimed == 2


async def test_a_place_that_is_claimed_or_given_up_cannot_be_deferred(stores: Stores) -> None:
    await started(stores, issued=9, floor=3)
    await stores.counters.claim(LINE, 1, [ClaimAsk(1, 1)])
    await stores.counters.defer(LINE, 1, 2, 2, 5)
    await stores.counters.give_up(LINE, 2)
    assert await stores.counters.defer(LINE, 1, 1, 1, 5) is DeferRefusal.CLAIMED
    assert await stores.counters.defer(LINE, 1, 2, 2, 7) is DeferRefusal.GIVEN_UP
    with pytest.raises(StoreLost):
        await stores.counters.defer(LINE, 2, 3, 3, 5)


async def moved_for(stores: Stores, rate_per_min: int) -> tuple[Position, Position, int]:
    """The line is moved again and again for 300 ms: where it was, where it is, and for how many milliseconds people
    are due: of a pause in which nobody moved it, a second."""
    first = last = await moved(stores, rate_per_min)
    due_ms = 0
    while last.at_ms < first.at_ms + 300:
        before, last = last, await moved(stores, rate_per_min)
        assert last.serving >= before.serving
        due_ms += min(last.at_ms - before.at_ms, 1_000)
    return first, last, due_ms


async def test_the_line_moves_at_its_rate_whoever_moves_it(stores: Stores) -> None:
    """60,000 a minute is one a millisecond: what was called and the time that passed are the same number."""
    await started(stores, issued=1_000_000, ceiling=1_000_000)
    first, last, due_ms = await moved_for(stores, 60_000)
    assert abs((last.serving - first.serving) - due_ms) <= 1


async def test_what_is_less_than_one_person_is_not_lost(stores: Stores) -> None:
    """7,000 a minute is 0.117 a millisecond: each move alone would round to nothing."""
    await started(stores, issued=1_000_000, ceiling=1_000_000)
    first, last, due_ms = await moved_for(stores, 7_000)
    assert abs((last.serving - first.serving) - due_ms * 7 / 60) <= 1.2


async def test_the_line_runs_ahead_of_those_who_came_by_the_burst_only(stores: Stores) -> None:
    await started(stores, issued=7)
    last = await moved(stores, 1_000_000, burst=5)
    while last.at_ms < NOW_MS and last.serving < 12:
        last = await moved(stores, 1_000_000, burst=5)
    for _ in range(50):
        last = await moved(stores, 1_000_000, burst=5)
    assert last.serving == 12
    assert (await moved(stores, 1_000_000, burst=1)).serving == 12
    assert numbers(await stores.counters.join(LINE, 1, [ask(1)])) == [8]
    assert await stores.counters.claim(LINE, 1, [ClaimAsk(8, 8)]) != [Later(8)]


async def test_a_line_that_lets_everybody_through_is_there_at_once(stores: Stores) -> None:
    await started(stores, issued=700)
    position = await stores.counters.advance(LINE, 1, rate_per_min=0, burst=10, pass_through=True, seen=0)
    assert position.serving == 710


async def test_the_line_is_never_seen_to_go_back(stores: Stores) -> None:
    await started(stores, issued=700, floor=5)
    assert (await moved(stores, seen=400)).serving == 400
    assert (await moved(stores, seen=3)).serving == 400
    await stores.counters.install(LINE, Generation(2, 1000, 2000, 100))
    assert (await moved(stores)).serving == 400


async def test_an_old_copy_of_a_line_is_lost_and_nobody_is_called_by_it(stores: Stores) -> None:
    """A server that comes back after another one counted on knows neither how far that one went nor for how long."""
    await started(stores, issued=1_000_000, ceiling=1_000_000)
    called = (await moved(stores, 60_000, gen=1)).serving
    with pytest.raises(StoreLost):
        await moved(stores, 60_000_000, seen=5_000, gen=2)
    assert (await moved(stores, 0)).serving == called
    await stores.counters.install(LINE, Generation(3, 2_000_000, 2_000_000, 0))
    assert (await moved(stores, 0, seen=5_000, gen=2)).serving == 5_000


async def test_a_forgotten_line_refuses_until_it_is_started_above_every_number(stores: Stores) -> None:
    async with stores.ledger.alone_with(LINE) as reserved:
        first = await reserved.new_generation(10)
    await stores.counters.install(LINE, first)
    assert numbers(await stores.counters.join(LINE, first.gen, [ask(n) for n in range(10)])) == list(range(1, 11))
    forgotten = stores.forget()
    if forgotten is not None:
        await forgotten
    with pytest.raises(StoreLost):
        await stores.counters.join(LINE, first.gen, [ask(99)])
    async with stores.ledger.alone_with(LINE) as reserved:
        second = await reserved.new_generation(10)
    await stores.counters.install(LINE, second)
    assert numbers(await stores.counters.join(LINE, second.gen, [ask(99)])) == [11]


async def test_a_line_counted_on_another_server_is_lost(
    servers: Servers, database: Database, redis_prefix: str
) -> None:
    """What an append-only file brings back after a restart, and what a replica has: the line, of another run."""
    async with real_stores(servers, database, redis_prefix) as stores:
        await started(stores, issued=50, ceiling=100, floor=20)
        async with open_redis(servers.redis_url, client_name="test") as redis:
            await redis.hset(stores.key.decode(), "run", "0" * 40)
        with pytest.raises(StoreLost):
            await stores.counters.join(LINE, 1, [ask(1)])
        await stores.counters.install(LINE, Generation(2, 100, 200, 5))
        assert numbers(await stores.counters.join(LINE, 2, [ask(1)])) == [101]
        assert (await moved(stores)).serving == 20
