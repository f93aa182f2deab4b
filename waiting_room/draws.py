"""The state of a line's draw, and what has to be kept of it. Each step is written once and never changes.

A line has a draw where it was there before the sale opened. `closed`: how many take part is fixed; `sealed`: the root
over their leaves is published, and the round of the beacon that will decide with it; `drawn`: the seed is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from waiting_room.draw import place_of
from waiting_room.ports import EntryRow, Line

AFTER_ROOT_MS = 30_000
"""The round of the beacon that decides is the first one at least so long after the root was published."""


@dataclass(frozen=True, slots=True)
class Word:
    """What a beacon said: which round it was, and the bytes. `independent`: of us and of everybody who sells."""

    beacon: str
    round: str
    value: bytes
    independent: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Draw:
    """A draw as far as it has come. Times in epoch milliseconds."""

    line: Line
    commitment: bytes
    source: str
    size: int | None = None
    closed_at_ms: int | None = None
    root: bytes | None = None
    sealed_at_ms: int | None = None
    word: Word | None = None
    seed: bytes | None = None
    drawn_at_ms: int | None = None

    @property
    def state(self) -> str:
        """`collecting`, `closed`, `sealed` or `drawn`."""
        if self.seed is not None:
            return "drawn"
        if self.root is not None:
            return "sealed"
        return "collecting" if self.size is None else "closed"

    def place(self, n: int) -> int | None:
        """The place of number `n`: drawn for those of the draw, their number for all who came later; None: not yet."""
        if self.size is None:
            return None
        if n > self.size:
            return n
        return None if self.seed is None else place_of(self.seed, self.size, n)


@dataclass(frozen=True, slots=True)
class Root:
    """A root that was published while people joined."""

    size: int
    at_ms: int
    root: bytes


class DrawBook(Protocol):
    """Each method raises `ports.LedgerUnavailable`. What has been written already is left as it is."""

    async def draws(self) -> list[Draw]:
        """Every draw of a room whose sale is not long over."""
        ...

    async def begin(self, line: Line, commitment: bytes, source: str) -> None:
        """From now on the line has a draw."""
        ...

    async def close(self, line: Line, size: int, now_ms: int) -> None:
        """The numbers up to `size` take part."""
        ...

    async def settle(self, line: Line, joined_before_ms: int) -> int:
        """No entry is added any more up to the last one that joined before then; that number."""
        ...

    async def settle_at(self, line: Line, n: int) -> None:
        """No entry is added any more up to `n`."""
        ...

    async def leaves_after(self, line: Line, after: int, up_to: int, rows_max: int) -> list[tuple[int, bytes]]:
        """`(n, leaf)` in ascending order, of settled numbers."""
        ...

    async def add_root(self, line: Line, root: Root) -> None:
        """Publish a running root."""
        ...

    async def roots(self, line: Line, rows_max: int) -> list[Root]:
        """The latest published roots, the newest first."""
        ...

    async def seal(self, line: Line, root: bytes, blocks: Sequence[bytes], now_ms: int) -> None:
        """Publish the root over all that take part."""
        ...

    async def blocks(self, line: Line) -> list[bytes]:
        """The nodes of `draw.Tree.blocks` as they were sealed; empty before."""
        ...

    async def decide(self, line: Line, word: Word, seed: bytes, now_ms: int) -> None:
        """The beacon has spoken."""
        ...

    async def entry(self, line: Line, entry: bytes) -> EntryRow | None:
        """The kept join of an entry."""
        ...
