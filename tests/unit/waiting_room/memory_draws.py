"""The draws in memory."""

from collections.abc import Sequence
from dataclasses import replace

from tests.unit.waiting_room.memory_store import MemoryLedger
from waiting_room.draws import Draw, Root, Word
from waiting_room.ports import EntryRow, Line


class MemoryDraws:
    """`draws.DrawBook` beside a ledger in memory."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self._draws: dict[Line, Draw] = {}
        self._roots: dict[Line, list[Root]] = {}
        self._blocks: dict[Line, list[bytes]] = {}

    async def draws(self) -> list[Draw]:
        await self._ledger.entries(Line(0, ""), [])
        return list(self._draws.values())

    async def begin(self, line: Line, commitment: bytes, source: str) -> None:
        self._draws.setdefault(line, Draw(line, commitment, source))

    async def close(self, line: Line, size: int, now_ms: int) -> None:
        draw = self._draws[line]
        if draw.size is None:
            self._draws[line] = replace(draw, size=size, closed_at_ms=now_ms)

    async def settle(self, line: Line, joined_before_ms: int) -> int:
        kept = [row for (of, _), row in self._ledger.kept_entries.items() if of == line]
        latest = max((row.n for row in kept if row.joined_at_ms < joined_before_ms), default=0)
        await self.settle_at(line, latest)
        return self._ledger.settled[line]

    async def settle_at(self, line: Line, n: int) -> None:
        self._ledger.settled[line] = max(n, self._ledger.settled.get(line, 0))

    async def leaves_after(self, line: Line, after: int, up_to: int, rows_max: int) -> list[tuple[int, bytes]]:
        kept = sorted((n, row.leaf) for (of, n), row in self._ledger.kept_entries.items() if of == line)
        return [(n, leaf) for n, leaf in kept if after < n <= up_to][:rows_max]

    async def add_root(self, line: Line, root: Root) -> None:
        roots = self._roots.setdefault(line, [])
        if root.size not in {known.size for known in roots}:
            roots.append(root)

    async def roots(self, line: Line, rows_max: int) -> list[Root]:
        return sorted(self._roots.get(line, []), key=lambda root: -root.size)[:rows_max]

    async def seal(self, line: Line, root: bytes, blocks: Sequence[bytes], now_ms: int) -> None:
        draw = self._draws[line]
        if draw.root is None:
            self._draws[line] = replace(draw, root=root, sealed_at_ms=now_ms)
            self._blocks[line] = list(blocks)

    async def blocks(self, line: Line) -> list[bytes]:
        return self._blocks.get(line, [])

    async def decide(self, line: Line, word: Word, seed: bytes, now_ms: int) -> None:
        draw = self._draws[line]
        if draw.seed is None and draw.root is not None:
            self._draws[line] = replace(draw, word=word, seed=seed, drawn_at_ms=now_ms)

    async def entry(self, line: Line, entry: bytes) -> EntryRow | None:
        return (await self._ledger.entries(line, [entry])).get(entry)
