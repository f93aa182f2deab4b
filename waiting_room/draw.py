"""The draw among those who came before the opening. Standard library only, so that anybody can run it.

Three things decide, none of which anybody can choose: how many joined (`size`), the root of the Merkle tree over all
their leaves (published before the beacon speaks), and the value of a public beacon that did not exist at that time.
`seed` is made of the three; `place = 1 + permuted(seed, size, n - 1)`. docs/draw.md has the same in a few lines.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence

DRAW_LABEL = b"onsale-draw-1"
ROUNDS = 8
BITS_MIN = 8
"""Of the permutation's domain: smaller ones would leave the round functions too little to mix."""
BLOCK = 1_024
"""Leaves under one kept node: proofs read one block of leaves and the nodes above all of them."""
EMPTY_LEAF = hashlib.sha256(b"\x00").digest()
"""Stands for a number that nobody has: the leaf of nothing (RFC 6962, 2.1)."""


def seed_of(beacon: bytes, root: bytes, size: int) -> bytes:
    """32 bytes: HKDF-SHA256 (RFC 5869) of the beacon's value, with the root as salt and the size in the info."""
    extracted = hmac.digest(root, beacon, "sha256")
    return hmac.digest(extracted, DRAW_LABEL + size.to_bytes(8) + b"\x01", "sha256")


def place_of(seed: bytes, size: int, n: int) -> int:
    """The place (from 1) of number `n` (1 to `size`)."""
    return 1 + permuted(seed, size, n - 1)


def permuted(seed: bytes, size: int, index: int) -> int:
    """Where `index` goes: for each seed a permutation of 0 … size - 1.

    A Feistel network of `ROUNDS` rounds with SHA-256 as its round function, on the smallest power of two that holds
    `size` (at least 2**8); what falls outside goes through again until it falls inside ("cycle walking", Black and
    Rogaway, Ciphers with Arbitrary Finite Domains, 2002).
    """
    if not 0 <= index < size:
        raise ValueError(f"{index} is not below {size}")
    bits = max(BITS_MIN, (size - 1).bit_length())
    low_bits, high_bits = bits // 2, bits - bits // 2
    # Each round changes one half by the other; the halves may differ by a bit, so they swap their widths each time.
    masks = ((1 << high_bits) - 1, (1 << low_bits) - 1) * (ROUNDS // 2)
    keys = [seed + bytes([number]) for number in range(ROUNDS)]
    sha256 = hashlib.sha256
    found = index
    while True:
        left, right = found >> low_bits, found & ((1 << low_bits) - 1)
        for key, mask in zip(keys, masks, strict=True):
            mixed = int.from_bytes(sha256(key + right.to_bytes(8)).digest()[:8])
            left, right = right, left ^ (mixed & mask)
        found = left << low_bits | right
        if found < size:
            return found


class Tree:
    """The Merkle tree (RFC 6962, 2.1) over leaves 1, 2, 3 …; a number without a leaf has `EMPTY_LEAF`.

    Leaves come in ascending order of their numbers. Of whole blocks only the node above is kept.
    """

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._leaves: list[bytes] = []

    @property
    def size(self) -> int:
        """The number of the last leaf."""
        return len(self._blocks) * BLOCK + len(self._leaves)

    def add(self, leaves: Iterable[tuple[int, bytes]], up_to: int) -> None:
        """Take in `(n, leaf)` above `size` and not above `up_to`, which then is the size. Raises ValueError."""
        for n, leaf in leaves:
            if not self.size < n <= up_to:
                raise ValueError(f"leaf {n} does not follow {self.size}")
            self._fill(n - 1)
            self._append(leaf)
        self._fill(up_to)

    def blocks(self) -> list[bytes]:
        """The node above each block of `BLOCK` leaves, the last of which may be a smaller one."""
        return [*self._blocks, root_of(self._leaves)] if self._leaves else list(self._blocks)

    def root(self) -> bytes:
        """The root over everything taken in."""
        return root_of(self.blocks())

    def _fill(self, up_to: int) -> None:
        while self.size < up_to:
            self._append(EMPTY_LEAF)

    def _append(self, leaf: bytes) -> None:
        self._leaves.append(leaf)
        if len(self._leaves) == BLOCK:
            self._blocks.append(root_of(self._leaves))
            self._leaves = []


def root_of(nodes: Sequence[bytes]) -> bytes:
    """The root over nodes that are hashes already. Of none: the hash of nothing."""
    if not nodes:
        return hashlib.sha256().digest()
    level = list(nodes)
    while len(level) > 1:
        level = _above(level)
    return level[0]


def path_of(nodes: Sequence[bytes], index: int) -> list[bytes]:
    """The nodes beside the way from `nodes[index]` up to their root, the lowest first (RFC 6962, 2.1.1)."""
    path, level = [], list(nodes)
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            path.append(level[beside])
        level, index = _above(level), index // 2
    return path


def root_by_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that a leaf, its index in a tree of `size` and its path lead to; None where they do not fit together."""
    if not 0 <= index < size:
        return None
    node, beside = leaf, list(path)
    while size > 1:
        if index % 2 or index + 1 < size:
            if not beside:
                return None
            other = beside.pop(0)
            node = _node(other, node) if index % 2 else _node(node, other)
        index, size = index // 2, (size + 1) // 2
    return None if beside else node


def _above(level: list[bytes]) -> list[bytes]:
    # A last node without a neighbour goes up as it is, which is what splitting at the largest power of two comes to.
    pairs = [_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    return [*pairs, level[-1]] if len(level) % 2 else pairs


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
