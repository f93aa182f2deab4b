"""The ports of one allocator process in a world: the fakes, stopping at each point, and telling the world."""

from collections.abc import Sequence
from typing import Protocol

from allocator.netting import Batch, Position
from allocator.ports import Cursor, Publication
from allocator.stock import Record
from tests.simulation.allocators import AllocatorProcess, Sent
from tests.simulation.hands import stop_at
from tests.simulation.memory_log import Commands, MemoryLog, MemoryRecord
from tests.simulation.memory_store import MemoryStore
from tests.simulation.memory_tables import Tables


class Witness(Protocol):
    """The world, as the ports tell it what happens."""

    def commit(self, sent: Sent) -> int | None:
        """A batch reaches the database."""
        ...

    def restarted(self, log_gen: int, offset: int) -> None: ...
    def recalled(self, count: int) -> None: ...


class WorldStore(MemoryStore):
    """Gives each batch to `commit` together with what it was decided from."""

    def __init__(
        self,
        process: AllocatorProcess,
        tables: Tables,
        witness: Witness,
    ) -> None:
        super().__init__(process.part, process.owner, tables, stop_at)
        self._process = process
        self._witness = witness

    async def apply(self, batch: Batch) -> int | None:
        sent = self._process.sending
        assert sent is not None and sent.batch is batch
        await stop_at("apply.sent")
        database_ms = self._witness.commit(sent)
        await stop_at("apply.done")
        return database_ms

    async def records(self, wanted: Sequence[tuple[int, bytes]]) -> list[tuple[int, Record]]:
        found = await super().records(wanted)
        self._witness.recalled(len(found))
        return found

    def restart(self, at: Position, next_offset: int) -> Cursor:
        cursor = super().restart(at, next_offset)
        self._witness.restarted(cursor.log_gen, next_offset)
        return cursor


class WorldLog(MemoryLog):
    """Remembers what its process read."""

    def __init__(
        self,
        process: AllocatorProcess,
        log: Commands,
        published: list[Publication],
    ) -> None:
        super().__init__({process.part: log}, published, stop_at)
        self._process = process
        self._commands = log

    async def fetch(self, part: int, offset: int, records_max: int, timeout_s: float) -> list[MemoryRecord]:
        await stop_at("fetch.sent")
        records = self._commands.fetch(offset, records_max)
        self._process.fetched.update((record.offset, record) for record in records)
        return records
