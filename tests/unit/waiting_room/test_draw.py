"""The draw: each place once, none preferred, the same everywhere, and provable."""

import hashlib
import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waiting_room.draw import (
    BITS_MIN,
    BLOCK,
    EMPTY_LEAF,
    Tree,
    path_of,
    permuted,
    place_of,
    root_by_path,
    root_of,
    seed_of,
)

ROOT, BEACON = bytes(range(32)), b"the word of a beacon"


def seed(number: int) -> bytes:
    return hashlib.sha256(number.to_bytes(8)).digest()


def test_every_size_to_five_thousand_gives_each_place_once() -> None:
    """What falls outside goes on round the same cycle, so one table of each domain tells of every size within it."""
    for bits in range(BITS_MIN, 14):
        own, domain = seed(bits), 1 << bits
        table = [permuted(own, domain, index) for index in range(domain)]
        assert sorted(table) == list(range(domain))
        for size in range(domain // 2 + 1 if bits > BITS_MIN else 1, min(domain, 5_000) + 1):
            inside = {after for after in table[:size] if after < size}
            for index in range(size):
                found = table[index]
                if found >= size:
                    while found >= size:
                        found = table[found]
                    inside.add(found)
            assert len(inside) == size
            some = 0, size * 5 // 7, size - 1
            for index in some:
                found = table[index]
                while found >= size:
                    found = table[found]
                assert permuted(own, size, index) == found


@given(st.integers(1, 5_000), st.binary(min_size=32, max_size=32))
@settings(max_examples=8)
def test_any_size_and_any_seed_gives_each_place_once(size: int, own: bytes) -> None:
    assert sorted(place_of(own, size, n) for n in range(1, size + 1)) == list(range(1, size + 1))


@given(st.integers(5_001, 10**7), st.binary(min_size=32, max_size=32), st.data())
@settings(max_examples=30)
def test_in_a_large_draw_two_numbers_never_share_a_place(size: int, own: bytes, data: st.DataObject) -> None:
    numbers = data.draw(st.lists(st.integers(1, size), min_size=2, max_size=60, unique=True))
    places = [place_of(own, size, n) for n in numbers]
    assert len(set(places)) == len(numbers)
    assert all(1 <= place <= size for place in places)


def chi_square(counts: list[int]) -> float:
    expected = sum(counts) / len(counts)
    return sum((count - expected) ** 2 for count in counts) / expected


@pytest.mark.parametrize(
    ("size", "n", "above"),
    # `above`: what chance alone exceeds once in 10,000 (chi-square with size - 1 degrees of freedom).
    [(2, 1, 15.14), (3, 3, 18.42), (7, 1, 27.86), (7, 7, 27.86), (20, 11, 50.80)],
)
def test_over_many_seeds_a_number_gets_every_place_equally_often(size: int, n: int, above: float) -> None:
    counts = [0] * size
    for number in range(100 * size):
        counts[place_of(seed(number), size, n) - 1] += 1
    assert chi_square(counts) < above


def test_pairs_of_numbers_get_all_pairs_of_places_equally_often() -> None:
    counts = {(a, b): 0 for a in range(5) for b in range(5) if a != b}
    for number in range(3_000):
        counts[permuted(seed(number), 5, 0), permuted(seed(number), 5, 1)] += 1
    assert chi_square(list(counts.values())) < 50.80


def test_within_one_draw_early_numbers_are_spread_evenly() -> None:
    size, tenth = 100_000, 10_000
    counts = [0] * 20
    for n in range(1, tenth + 1):
        counts[(place_of(seed(1), size, n) - 1) * 20 // size] += 1
    assert chi_square(counts) < 50.80


def test_another_process_finds_the_same_places() -> None:
    sizes = (1, 2, 255, 256, 257, 99_991, 10_000_000)
    asked = [(size, n) for size in sizes for n in {1, size, size // 2 + 1}]
    program = (
        "import json, sys\nfrom waiting_room.draw import place_of, seed_of\n"
        "asked = json.load(sys.stdin)\n"
        "seed = seed_of(b'the word of a beacon', bytes(range(32)), 7)\n"
        "print(json.dumps([place_of(seed, size, n) for size, n in asked]))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(asked), capture_output=True, text=True, check=True, timeout=60
    )
    own = seed_of(BEACON, ROOT, 7)
    assert json.loads(told.stdout) == [place_of(own, size, n) for size, n in asked]


def test_the_places_of_today_are_those_of_any_later_version() -> None:
    """A draw that was held must be reproducible for ever: these values never change."""
    own = seed_of(BEACON, ROOT, 10)
    assert own.hex() == "c5c28952a3f24354300d8233fbee8980fcdf3ed9053ed00329b614ff272193da"
    assert [place_of(own, 10, n) for n in range(1, 11)] == [8, 4, 6, 3, 1, 9, 7, 10, 2, 5]
    assert [place_of(own, 1_000_003, n) for n in (1, 2, 3, 1_000_003)] == [33491, 341154, 467723, 709661]


def test_root_size_and_beacon_all_change_the_seed() -> None:
    seeds = {
        seed_of(BEACON, ROOT, 7),
        seed_of(BEACON + b"!", ROOT, 7),
        seed_of(BEACON, bytes(32), 7),
        seed_of(BEACON, ROOT, 8),
    }
    assert len(seeds) == 4


@pytest.mark.parametrize("index", [-1, 5])
def test_a_number_that_is_not_in_the_draw_has_no_place(index: int) -> None:
    with pytest.raises(ValueError, match="not below 5"):
        permuted(ROOT, 5, index)


def leaf(n: int) -> bytes:
    return hashlib.sha256(b"\x00" + n.to_bytes(8)).digest()


def by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word: split at the largest power of two below the size."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\x01" + by_definition(leaves[:split]) + by_definition(leaves[split:])).digest()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 1_000, BLOCK, BLOCK + 1, 3 * BLOCK - 1])
def test_the_tree_is_that_of_the_rfc(size: int) -> None:
    leaves = [leaf(n) for n in range(1, size + 1)]
    tree = Tree()
    tree.add(enumerate(leaves, 1), size)
    assert tree.root() == root_of(leaves) == by_definition(leaves)


def test_a_tree_that_grows_piece_by_piece_is_the_same_and_holes_are_empty_leaves() -> None:
    numbers = [n for n in range(1, 3_001) if n % 7]
    whole, grown = Tree(), Tree()
    whole.add(((n, leaf(n)) for n in numbers), 3_010)
    for start in range(0, 3_010, 301):
        up_to = start + 301
        grown.add(((n, leaf(n)) for n in numbers if start < n <= up_to), min(up_to, 3_010))
    filled = [leaf(n) if n in set(numbers) else EMPTY_LEAF for n in range(1, 3_011)]
    assert whole.root() == grown.root() == by_definition(filled)
    assert (whole.size, grown.size) == (3_010, 3_010)


@pytest.mark.parametrize("wrong", [[(3, b"")], [(5, b""), (5, b"")], [(9, b"")]])
def test_leaves_come_in_order_and_none_twice(wrong: list[tuple[int, bytes]]) -> None:
    tree = Tree()
    tree.add([(3, leaf(3))], 4)
    with pytest.raises(ValueError, match="does not follow"):
        tree.add(wrong, 8)


@given(st.integers(1, 5_000), st.data())
@settings(max_examples=60)
def test_a_path_proves_its_leaf_and_no_other(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaves = [leaf(n) for n in range(1, size + 1)]
    root, path = root_of(leaves), path_of(leaves, index)
    assert root_by_path(leaves[index], index, size, path) == root
    assert root_by_path(leaf(size + 1), index, size, path) != root
    assert root_by_path(leaves[index], index, size, [*path, leaf(0)]) is None
    if size > 1:
        other = (index + 1) % size
        assert root_by_path(leaves[index], other, size, path) != root
        assert root_by_path(leaves[index], index, size, path[:-1]) is None
    assert root_by_path(leaves[index], size, size, path) is None


def test_the_nodes_above_the_blocks_are_enough_for_a_proof() -> None:
    size, index = 5 * BLOCK + 17, 4 * BLOCK + 3
    leaves = [leaf(n) for n in range(1, size + 1)]
    tree = Tree()
    tree.add(enumerate(leaves, 1), size)
    block = index // BLOCK
    inside = leaves[block * BLOCK : (block + 1) * BLOCK]
    path = path_of(inside, index % BLOCK) + path_of(tree.blocks(), block)
    assert path == path_of(leaves, index)
    assert root_by_path(leaves[index], index, size, path) == tree.root()
