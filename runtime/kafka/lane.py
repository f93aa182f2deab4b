"""What a reader has read ahead of one partition."""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from aiokafka import TopicPartition

from runtime.kafka.records import Record


class Lane:
    """Records read and not yet asked for: in order, the last one at `next_offset` - 1.

    `size_bytes`: of their values. `paused`: the consumer was told not to
    fetch. `out_of_range`: the broker has nothing at `next_offset`. `connection`: what the records come over;
    `interruptions`: how often that became another one.
    """

    __slots__ = (
        "_hole_at",
        "arrived",
        "connection",
        "interruptions",
        "next_offset",
        "out_of_range",
        "paused",
        "records",
        "size_bytes",
        "tp",
    )

    def __init__(self, tp: TopicPartition, offset: int) -> None:
        self.tp = tp
        self.arrived = asyncio.Event()
        self.connection: object | None = None
        self.interruptions = 0
        self.restart(offset)

    def restart(self, offset: int) -> None:
        """Forget everything; the next record wanted is the one at `offset`."""
        self.next_offset = offset
        self.records: deque[Record] = deque()
        self.size_bytes = 0
        self.paused = False
        self.out_of_range = False
        self._hole_at = -1

    def is_interrupted_by(self, connection: object | None) -> bool:
        """Whether records come over another connection from now on than those that were read ahead.

        These are forgotten then: the log may have lost them meanwhile, and grown again. None: over no connection yet.
        """
        if connection is None or connection is self.connection:
            return False
        is_first = self.connection is None
        self.connection = connection
        self.interruptions += 1
        if not is_first:
            self.restart(self.records[0].offset if self.records else self.next_offset)
        return not is_first

    def skip_to(self, offset: int) -> bool:
        """Make `offset` the next one handed out, if what was read ahead allows it; else nothing changes."""
        first = self.records[0].offset if self.records else self.next_offset
        if not first <= offset <= self.next_offset:
            return False
        while self.records and self.records[0].offset < offset:
            self.take(1)
        return True

    def take(self, records_max: int) -> list[Record]:
        """Hand out the oldest, at most `records_max`."""
        if records_max >= len(self.records):
            taken = list(self.records)
            self.records.clear()
            self.size_bytes = 0
            return taken
        popleft = self.records.popleft
        taken = [popleft() for _ in range(min(records_max, len(self.records)))]
        self.size_bytes -= sum(len(record.value) for record in taken)
        return taken

    def accept(self, records: Sequence[Record]) -> bool:
        """Append what follows; False when the consumer must seek to `next_offset`, as something was lost on the way.

        A log may have holes (control records). One that is still there at the second reading is taken for real.
        """
        if records and records[0].offset == self.next_offset and records[-1].offset - self.next_offset < len(records):
            # Offsets only grow, so there is no hole: nearly always.
            self.records.extend(records)
            self.size_bytes += sum([len(record.value) for record in records])
            self.next_offset = records[-1].offset + 1
            return True
        for record in records:
            if record.offset < self.next_offset:
                continue
            if record.offset > self.next_offset and self._hole_at != self.next_offset:
                self._hole_at = self.next_offset
                return False
            self.records.append(record)
            self.size_bytes += len(record.value)
            self.next_offset = record.offset + 1
        return True


async def until_set(event: asyncio.Event, timeout_s: float) -> None:
    """Until the event is set again, or the time is over."""
    event.clear()
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()
