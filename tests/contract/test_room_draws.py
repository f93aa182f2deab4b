"""What the draws promise: one suite for the memory that unit tests use and for Postgres and Redis."""

import asyncio

from tests.contract.room_stores import HASH, LINE, NOW_MS, SHOW, Stores, ask, entry, moved, numbers, started
from waiting_room.draw import Tree
from waiting_room.draws import Draw, Root, Word
from waiting_room.places import leaf_of
from waiting_room.ports import EntryRow, Line


def kept(n: int, of: int) -> EntryRow:
    return EntryRow(n, entry(of), leaf_of(n, entry(of), HASH), NOW_MS + n)


async def begun(stores: Stores) -> None:
    async with stores.ledger.alone_with(LINE) as reserved:
        await reserved.new_generation(1_000)
    await stores.draws.begin(LINE, b"c" * 32, "a beacon")


async def the_draw(stores: Stores) -> Draw:
    (draw,) = await stores.draws.draws()
    return draw


async def test_each_step_of_a_draw_is_written_once(stores: Stores) -> None:
    await begun(stores)
    await stores.draws.begin(LINE, b"d" * 32, "another")
    assert await the_draw(stores) == Draw(LINE, b"c" * 32, "a beacon")
    word, other = Word("a beacon", "7", b"\x01\x02", independent=True), Word("local", "", b"", independent=False)
    await stores.draws.decide(LINE, word, b"s" * 32, NOW_MS)
    assert (await the_draw(stores)).state == "collecting"
    for size, root in ((5, b"r" * 32), (6, b"q" * 32)):
        await stores.draws.close(LINE, size, NOW_MS + size)
        await stores.draws.seal(LINE, root, [root, root], NOW_MS + 10 * size)
    for said, seed in ((word, b"s" * 32), (other, b"t" * 32)):
        await stores.draws.decide(LINE, said, seed, NOW_MS + 99)
    draw = await the_draw(stores)
    assert (draw.size, draw.closed_at_ms, draw.root, draw.sealed_at_ms) == (5, NOW_MS + 5, b"r" * 32, NOW_MS + 50)
    assert (draw.word, draw.seed, draw.drawn_at_ms, draw.state) == (word, b"s" * 32, NOW_MS + 99, "drawn")
    assert await stores.draws.blocks(LINE) == [b"r" * 32] * 2
    assert await stores.draws.blocks(Line(SHOW, "presale")) == []


async def test_what_is_settled_takes_no_more_entries(stores: Stores) -> None:
    await begun(stores)
    add = stores.ledger.add_entries
    assert await add(LINE, [kept(1, of=1), kept(4, of=4)], maybe_there=False, settling=True) == []
    assert await stores.draws.settle(LINE, NOW_MS + 4) == 1
    assert await add(LINE, [kept(3, of=3)], maybe_there=False, settling=True) == []
    assert await stores.draws.settle(LINE, NOW_MS + 5) == 4
    late = [kept(2, of=2), kept(4, of=4), kept(5, of=5)]
    assert [row.n for row in await add(LINE, late, maybe_there=True, settling=True)] == [0]
    await stores.draws.settle_at(LINE, 9)
    assert [row.n for row in await add(LINE, [kept(9, of=9)], maybe_there=False, settling=True)] == [0]
    assert await stores.draws.settle(LINE, NOW_MS) == 9
    leaves = [(n, leaf_of(n, entry(n), HASH)) for n in (1, 3, 4, 5)]
    assert await stores.draws.leaves_after(LINE, 0, 9, 100) == leaves
    assert await stores.draws.leaves_after(LINE, 1, 4, 100) == leaves[1:3]
    assert await stores.draws.leaves_after(LINE, 0, 9, 2) == leaves[:2]
    assert await stores.ledger.leaves(LINE, [2, 3, 4]) == dict(leaves[1:3])
    assert await stores.draws.entry(LINE, entry(3)) == kept(3, of=3)
    assert await stores.draws.entry(LINE, entry(2)) is None


async def test_published_roots_stay(stores: Stores) -> None:
    await begun(stores)
    roots = [Root(size, NOW_MS + size, bytes([size]) * 32) for size in (1, 2, 3)]
    for root in [*roots, Root(2, NOW_MS, b"x" * 32)]:
        await stores.draws.add_root(LINE, root)
    assert await stores.draws.roots(LINE, 2) == roots[:0:-1]


async def test_joins_and_the_seal_at_one_moment_leave_no_leaf_behind(stores: Stores) -> None:
    """Whatever the ledger said that it kept below the mark is read by whoever reads after setting the mark."""
    await begun(stores)
    told: set[int] = set()

    async def join(first: int) -> None:
        rows = [kept(n, of=n) for n in range(first, first + 20)]
        refused = await stores.ledger.add_entries(LINE, rows, maybe_there=False, settling=True)
        gone = {row.entry for row in refused}
        told.update(row.n for row in rows if row.entry not in gone)

    async def seal() -> Tree:
        await stores.draws.settle_at(LINE, 300)
        tree = Tree()
        tree.add(await stores.draws.leaves_after(LINE, 0, 300, 1_000), 300)
        return tree

    joining = [asyncio.create_task(join(first)) for first in range(1, 300, 20)]
    tree = await seal()
    await asyncio.gather(*joining)
    expected = Tree()
    expected.add([(n, leaf_of(n, entry(n), HASH)) for n in sorted(told)], 300)
    assert tree.root() == expected.root()


async def test_a_number_that_was_taken_back_is_not_given_again(stores: Stores) -> None:
    await started(stores)
    assert numbers(await stores.counters.join(LINE, 1, [ask(1), ask(2)])) == [1, 2]
    await stores.counters.take_back(LINE, [(ask(1).entry, 1), (ask(2).entry, 7), (ask(3).entry, 3)])
    assert numbers(await stores.counters.join(LINE, 1, [ask(1), ask(2)])) == [3, 2]


async def test_looking_moves_nothing_and_takes_nothing_from_what_is_due(stores: Stores) -> None:
    await started(stores, issued=700)
    before = await moved(stores, rate_per_min=0)
    for _ in range(3):
        assert (await moved(stores, rate_per_min=-1, burst=100)).serving == before.serving
    after = await moved(stores, rate_per_min=600_000)
    due = min(after.at_ms - before.at_ms, 1_000) * 10  # of a pause in which nobody moved it, a second
    assert abs(after.serving - before.serving - due) <= 10
    assert (await moved(stores, rate_per_min=-1, seen=650)).serving == 650
