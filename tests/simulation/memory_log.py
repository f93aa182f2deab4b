"""A fake of `allocator.ports.CommandLog`: topic `commands` stamped by its broker, and topic `outcomes`.

Every record that ever stood in the log is kept in `history`, also when the log lost it since: a checker needs it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from allocator.errors import LogUnreadable
from allocator.ports import Publication
from tests.simulation.memory_store import no_pause
from ticketing.clock import Clock

Pause = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    """One record of `commands`."""

    offset: int
    timestamp_ms: int
    value: bytes


class Commands:
    """One partition of topic `commands`. The clock is the broker's: LogAppendTime."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.first = 0
        self.records: list[MemoryRecord] = []
        self.lost: list[MemoryRecord] = []
        self.interruptions = 0

    @property
    def end(self) -> int:
        return self.first + len(self.records)

    def append(self, value: bytes) -> int:
        """The new record's offset."""
        record = MemoryRecord(self.end, self.clock.now_ms(), value)
        self.records.append(record)
        return record.offset

    def lose_tail(self, count: int) -> None:
        """The broker comes back without its last `count` records, acknowledged or not."""
        self.interruptions += 1
        keep = max(0, len(self.records) - count)
        self.lost += self.records[keep:]
        del self.records[keep:]

    def lose_head(self, count: int) -> None:
        """Retention, or a hand: the first `count` records are gone."""
        gone = self.records[:count]
        self.lost += gone
        self.first += len(gone)
        del self.records[:count]

    def fetch(self, offset: int, records_max: int) -> list[MemoryRecord]:
        """Records from `offset` on. Raises `LogUnreadable`."""
        if not self.first <= offset <= self.end:
            raise LogUnreadable(f"the log holds {self.first} to {self.end}, not {offset}")
        start = offset - self.first
        return self.records[start : start + records_max]


class MemoryLog:
    """See `ports.CommandLog`: what one allocator process sees of the log."""

    def __init__(self, parts: dict[int, Commands], outcomes: list[Publication], pause: Pause = no_pause) -> None:
        self._parts = parts
        self._outcomes = outcomes
        self._pause = pause

    async def fetch(self, part: int, offset: int, records_max: int, timeout_s: float) -> Sequence[MemoryRecord]:
        await self._pause("fetch.sent")
        return self._parts[part].fetch(offset, records_max)

    def interruptions(self, part: int) -> int:
        return self._parts[part].interruptions

    async def bounds(self, part: int) -> tuple[int, int]:
        await self._pause("bounds.sent")
        return self._parts[part].first, self._parts[part].end

    async def read_one(self, part: int, offset: int) -> MemoryRecord | None:
        await self._pause("read_one.sent")
        commands = self._parts[part]
        return commands.fetch(offset, 1)[0] if commands.first <= offset < commands.end else None

    async def publish(self, publication: Publication) -> None:
        await self._pause("publish.sent")
        self._outcomes.append(publication)
        await self._pause("publish.done")
