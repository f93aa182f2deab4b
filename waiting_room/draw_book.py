"""The draws in Postgres."""

from collections.abc import Sequence

import asyncpg

from waiting_room.draws import Draw, Root, Word
from waiting_room.ledger import reaching
from waiting_room.ports import EntryRow, Line

NODE_BYTES = 32

DRAWS = """
SELECT show_id, line, commitment, source, size, closed_at_ms, root, sealed_at_ms, beacon, round, value, independent,
       note, seed, drawn_at_ms
FROM room_draw
"""
BEGIN = "INSERT INTO room_draw (show_id, line, commitment, source) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
CLOSE = "UPDATE room_draw SET size = $3, closed_at_ms = $4 WHERE show_id = $1 AND line = $2 AND size IS NULL"
# The row of the line is locked by whoever adds entries meanwhile (`ledger.SETTLED`): after this statement there is no
# entry below the mark that this transaction's successors do not see.
SETTLE = """
UPDATE room_line SET settled_n = greatest(settled_n, (
    SELECT coalesce(max(n), 0) FROM room_entry WHERE show_id = $1 AND line = $2 AND joined_at_ms < $3))
WHERE show_id = $1 AND line = $2 RETURNING settled_n
"""
SETTLE_AT = "UPDATE room_line SET settled_n = greatest(settled_n, $3) WHERE show_id = $1 AND line = $2"
LEAVES_AFTER = """
SELECT n, leaf FROM room_entry WHERE show_id = $1 AND line = $2 AND n > $3 AND n <= $4 ORDER BY n LIMIT $5
"""
ADD_ROOT = "INSERT INTO room_root (show_id, line, size, at_ms, root) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"
ROOTS = "SELECT size, at_ms, root FROM room_root WHERE show_id = $1 AND line = $2 ORDER BY size DESC LIMIT $3"
SEAL = """
UPDATE room_draw SET root = $3, blocks = $4, sealed_at_ms = $5 WHERE show_id = $1 AND line = $2 AND root IS NULL
"""
BLOCKS = "SELECT blocks FROM room_draw WHERE show_id = $1 AND line = $2"
DECIDE = """
UPDATE room_draw SET beacon = $3, round = $4, value = $5, independent = $6, note = $7, seed = $8, drawn_at_ms = $9
WHERE show_id = $1 AND line = $2 AND seed IS NULL AND root IS NOT NULL
"""
ENTRY = "SELECT n, entry, leaf, joined_at_ms FROM room_entry WHERE show_id = $1 AND line = $2 AND entry = $3"


class PostgresDraws:
    """`draws.DrawBook` on the tables `room_draw`, `room_root`, `room_entry` and `room_line`."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def draws(self) -> list[Draw]:
        """See `draws.DrawBook`."""
        async with reaching():
            return [_draw(row) for row in await self._pool.fetch(DRAWS)]

    async def begin(self, line: Line, commitment: bytes, source: str) -> None:
        """See `draws.DrawBook`."""
        await self._execute(BEGIN, *line, commitment, source)

    async def close(self, line: Line, size: int, now_ms: int) -> None:
        """See `draws.DrawBook`."""
        await self._execute(CLOSE, *line, size, now_ms)

    async def settle(self, line: Line, joined_before_ms: int) -> int:
        """See `draws.DrawBook`."""
        async with reaching():
            settled: int | None = await self._pool.fetchval(SETTLE, *line, joined_before_ms)
        return settled or 0

    async def settle_at(self, line: Line, n: int) -> None:
        """See `draws.DrawBook`."""
        await self._execute(SETTLE_AT, *line, n)

    async def leaves_after(self, line: Line, after: int, up_to: int, rows_max: int) -> list[tuple[int, bytes]]:
        """See `draws.DrawBook`."""
        async with reaching():
            rows = await self._pool.fetch(LEAVES_AFTER, *line, after, up_to, rows_max)
        return [(row["n"], row["leaf"]) for row in rows]

    async def add_root(self, line: Line, root: Root) -> None:
        """See `draws.DrawBook`."""
        await self._execute(ADD_ROOT, *line, root.size, root.at_ms, root.root)

    async def roots(self, line: Line, rows_max: int) -> list[Root]:
        """See `draws.DrawBook`."""
        async with reaching():
            rows = await self._pool.fetch(ROOTS, *line, rows_max)
        return [Root(*row) for row in rows]

    async def seal(self, line: Line, root: bytes, blocks: Sequence[bytes], now_ms: int) -> None:
        """See `draws.DrawBook`."""
        await self._execute(SEAL, *line, root, b"".join(blocks), now_ms)

    async def blocks(self, line: Line) -> list[bytes]:
        """See `draws.DrawBook`."""
        async with reaching():
            kept: bytes = await self._pool.fetchval(BLOCKS, *line) or b""
        return [kept[at : at + NODE_BYTES] for at in range(0, len(kept), NODE_BYTES)]

    async def decide(self, line: Line, word: Word, seed: bytes, now_ms: int) -> None:
        """See `draws.DrawBook`."""
        said = (word.beacon, word.round, word.value, word.independent, word.note)
        await self._execute(DECIDE, *line, *said, seed, now_ms)

    async def entry(self, line: Line, entry: bytes) -> EntryRow | None:
        """See `draws.DrawBook`."""
        async with reaching():
            row = await self._pool.fetchrow(ENTRY, *line, entry)
        return None if row is None else EntryRow(*row)

    async def _execute(self, statement: str, *values: object) -> None:
        async with reaching():
            await self._pool.execute(statement, *values)


def _draw(row: asyncpg.Record) -> Draw:
    word = None
    if row["value"] is not None:
        word = Word(row["beacon"], row["round"], row["value"], row["independent"], row["note"])
    return Draw(
        line=Line(row["show_id"], row["line"]),
        commitment=row["commitment"],
        source=row["source"],
        size=row["size"],
        closed_at_ms=row["closed_at_ms"],
        root=row["root"],
        sealed_at_ms=row["sealed_at_ms"],
        word=word,
        seed=row["seed"],
        drawn_at_ms=row["drawn_at_ms"],
    )
