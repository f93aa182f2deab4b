"""What a reader has read ahead of one partition."""

import asyncio
from collections import deque
from collections.abc import Sequence

from aiokafka import TopicPartition

from runtime.kafka.records import Record


class Lane:
    """Records read and not yet asked for: in order, the last one at `next_offset` - 1.

    `paused`: the consumer was told not to fetch. `out_of_range`: the broker has nothing at `next_offset`.
    """

    __slots__ = ("_hole_at", "arrived", "next_offset", "out_of_range", "paused", "records", "tp")

    def __init__(self, tp: TopicPartition, offset: int) -> None:
        self.tp = tp
        self.arrived = asyncio.Event()
        self.restart(offset)

    def restart(self, offset: int) -> None:
        """Forget everything; the next record wanted is the one at `offset`."""
        self.next_offset = offset
        self.records: deque[Record] = deque()
        self.paused = False
        self.out_of_range = False
        self._hole_at = -1

    def skip_to(self, offset: int) -> bool:
        """Make `offset` the next one handed out, if what was read ahead allows it; else nothing changes."""
        first = self.records[0].offset if self.records else self.next_offset
        if not first <= offset <= self.next_offset:
            return False
        while self.records and self.records[0].offset < offset:
            self.records.popleft()
        return True

    def accept(self, records: Sequence[Record]) -> bool:
        """Append what follows; False when the consumer must seek to `next_offset`, as something was lost on the way.

        A log may have holes (control records). One that is still there at the second reading is taken for real.
        """
        for record in records:
            if record.offset < self.next_offset:
                continue
            if record.offset > self.next_offset and self._hole_at != self.next_offset:
                self._hole_at = self.next_offset
                return False
            self.records.append(record)
            self.next_offset = record.offset + 1
        return True
