"""The ports of one place in a world: the fakes, stopping at each point, and telling the world."""

from collections.abc import Sequence
from typing import Protocol

from allocator.draft import Record
from allocator.netting import Batch, Position
from allocator.ports import Cursor, Publication
from tests.simulation.hands import stop_at
from tests.simulation.memory_log import Commands, MemoryLog, MemoryRecord
from tests.simulation.memory_store import MemoryStore
from tests.simulation.memory_tables import Tables
from tests.simulation.places import Place, Sent


class Witness(Protocol):
    """The world, as the ports tell it what happens."""

    def commit(self, sent: Sent) -> int | None:
        """A batch reaches the database."""
        ...

    def restarted(self, part: int, log_gen: int, offset: int) -> None: ...
    def recalled(self, count: int) -> None: ...
    def publish(self, place: Place, publication: Publication) -> None: ...


class WorldStore(MemoryStore):
    """Gives each batch to `commit` together with what it was decided from."""

    def __init__(self, place: Place, tables: Tables, witness: Witness) -> None:
        super().__init__(place.part, place.owner, tables, stop_at)
        self._place = place
        self._witness = witness

    async def apply(self, batch: Batch) -> int | None:
        sent = self._place.sending
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
        self._witness.restarted(self._part, cursor.log_gen, next_offset)
        return cursor


class WorldLog(MemoryLog):
    """Remembers what its place read, and lets the world see what is published."""

    def __init__(self, place: Place, log: Commands, witness: Witness) -> None:
        super().__init__({place.part: log}, [], stop_at)
        self._place = place
        self._commands = log
        self._witness = witness

    async def fetch(self, part: int, offset: int, records_max: int, timeout_s: float) -> list[MemoryRecord]:
        await stop_at("fetch.sent")
        records = self._commands.fetch(offset, records_max)
        self._place.fetched.update((record.offset, record) for record in records)
        return records

    async def publish(self, publication: Publication) -> None:
        await stop_at("publish.sent")
        self._witness.publish(self._place, publication)
        await stop_at("publish.done")
