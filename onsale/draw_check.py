"""Checks a draw from what was published of it: offline, and with the standard library only.

`python -m onsale.draw_check draw.json leaves` where `draw.json` is what /room/SHOW/draw answers and `leaves` what
/room/SHOW/draw/leaves answers. Exit code 0: the draw is as it says; 1: it is not.
"""

import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from waiting_room.draw import Tree, place_of, seed_of

LEAF_BYTES = 32


def check(draw: dict[str, Any], leaves: bytes) -> Iterator[tuple[str, bool, str]]:
    """`(what was checked, whether it holds, in words)` for one line of the published draw."""
    size = draw["size"]
    fits = draw["state"] == "drawn" and len(leaves) == LEAF_BYTES * size
    yield "size", fits, f"{draw['state']}, {len(leaves) // LEAF_BYTES} leaves of {size}"
    if not fits:
        return
    tree, wrong = Tree(), 0
    roots = sorted(draw["roots"], key=lambda root: int(root["size"]))
    for published in [*roots, {"size": size, "root": draw["root"]}]:
        up_to = min(int(published["size"]), size)
        start = tree.size
        tree.add(
            ((n, leaves[(n - 1) * LEAF_BYTES : n * LEAF_BYTES]) for n in range(start + 1, up_to + 1)), max(up_to, start)
        )
        wrong += tree.root().hex() != published["root"]
    yield "roots", wrong == 0, f"{len(roots)} on the way and the last one, {wrong} of them wrong"
    beacon = draw["beacon"]
    value = bytes.fromhex(beacon["value"])
    if beacon["independent"]:
        yield "beacon", True, f"round {beacon['round'] or '-'} of {beacon['source']}: ask it yourself for {value.hex()}"
    else:
        kept = hashlib.sha256(value).hexdigest() == draw["commitment"]
        yield "beacon", kept, f"not independent ({beacon['note']}); the value is the one committed to: {kept}"
    seed = seed_of(value, bytes.fromhex(draw["root"]), size)
    yield "seed", seed.hex() == draw["seed"], seed.hex()
    seen = bytearray(size + 1)
    for n in range(1, size + 1):
        seen[place_of(seed, size, n)] = 1
    yield "places", sum(seen) == size, f"{sum(seen)} different places for {size} numbers"


def place(draw: dict[str, Any], n: int) -> int:
    """The place of number `n` in a draw that was held."""
    return place_of(bytes.fromhex(draw["seed"]), draw["size"], n) if n <= draw["size"] else n


def main(arguments: Sequence[str]) -> int:
    """The exit code; prints what was checked."""
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    published = json.loads(Path(arguments[0]).read_text())
    return tell(published, Path(arguments[1]).read_bytes(), "general")


def tell(published: dict[str, Any], leaves: bytes, line: str) -> int:
    """Print each check of a line; the exit code."""
    draw = published["lines"].get(line)
    if draw is None:
        print(f"line {line} has no draw")
        return 1
    held = True
    for name, holds, words in check(draw, leaves):
        held = held and holds
        print(f"{'ok  ' if holds else 'FAIL'}  {name}: {words}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
