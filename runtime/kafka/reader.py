"""Reading partitions of one topic from exact offsets, several of them at once through one connection.

A pump empties the client's buffers into one lane a partition, so that a partition whose reader is busy does not hold
up the others: aiokafka asks a broker for nothing while it still holds unread records of any partition (up to 100 ms).
A lane that is full is paused. Positions belong to the reader: every fetch names its offset.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from runtime.kafka.records import LogRangeError, LogUnavailable, Record

log = structlog.get_logger(__name__)

CHUNK_RECORDS_MAX = 1_000
"""Records decoded between two turns of the event loop: about 2 ms."""


class _Lane:
    """What has been read of one partition and not yet been asked for: offsets up to `next_offset` - 1."""

    __slots__ = ("arrived", "gap_at", "next_offset", "out_of_range", "paused", "records", "tp")

    def __init__(self, tp: TopicPartition, offset: int) -> None:
        self.tp = tp
        self.arrived = asyncio.Event()
        self.move(offset)

    def move(self, offset: int) -> None:
        self.next_offset = offset
        self.records: deque[Record] = deque()
        self.paused = False
        self.out_of_range = False
        self.gap_at = -1


class PartitionReader:
    """One consumer without a group. `async with` connects (raises `LogUnavailable`) and closes.

    `records_buffered_max` bounds what is read ahead in each partition (plus the rest of one fetch, at most
    `fetch_bytes_max`). After the broker was away it goes on by itself where it was; while it is away `fetch` returns
    nothing and `ends` raises.
    """

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        *,
        client_id: str,
        records_buffered_max: int = 20_000,
        partition_fetch_bytes_max: int = 1024 * 1024,
        fetch_bytes_max: int = 8 * 1024 * 1024,
        request_timeout_s: float = 5.0,
    ) -> None:
        self.topic = topic
        self._bootstrap = bootstrap
        self._client_id = client_id
        self._records_buffered_max = records_buffered_max
        self._partition_fetch_bytes_max = partition_fetch_bytes_max
        self._fetch_bytes_max = fetch_bytes_max
        self._request_timeout_s = request_timeout_s
        self._lanes: dict[int, _Lane] = {}
        self._any_arrived = asyncio.Event()
        self._single: AIOKafkaConsumer | None = None
        self._single_turn = asyncio.Lock()
        self._pump_task: asyncio.Task[None] | None = None
        self._consumer: AIOKafkaConsumer | None = None

    async def __aenter__(self) -> Self:
        self._consumer = await self._connect(self._client_id)
        self._pump_task = asyncio.create_task(self._pump(self._consumer), name=f"read {self.topic}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pump_task is not None:
            self._pump_task.cancel()
            with suppress(asyncio.CancelledError):
                await self._pump_task
        for consumer in (self._single, self._consumer):
            if consumer is not None:
                await consumer.stop()

    async def set_positions(self, positions: Mapping[int, int]) -> None:
        """Read these partitions from these offsets on; the others read so far keep their place.

        Cheap when nothing changes. A partition whose place is kept loses nothing that was read ahead.
        """
        added = False
        for part, offset in positions.items():
            lane = self._lanes.get(part)
            if lane is None:
                self._lanes[part] = _Lane(TopicPartition(self.topic, part), offset)
                added = True
            elif not added:
                self._move(lane, offset)
            else:
                lane.move(offset)
        if added:
            self._assign()

    async def release(self, parts: Iterable[int]) -> None:
        """Stop reading these partitions and forget what was read ahead of them."""
        gone = [part for part in parts if self._lanes.pop(part, None) is not None]
        if gone:
            self._assign()

    async def fetch(self, part: int, offset: int, records_max: int, timeout_s: float) -> list[Record]:
        """Records from exactly `offset` on, oldest first, at most `records_max`; none after `timeout_s` is [].

        Different partitions may be awaited at the same time, one partition by one reader only. A partition not read
        so far is added. Raises `LogRangeError` when the log does not reach to `offset`, `LogUnavailable` when even
        that cannot be found out.
        """
        raise NotImplementedError

    async def poll(self, records_max: int, timeout_s: float) -> list[Record]:
        """Whatever has arrived in any partition, in order within each; none after `timeout_s` is []."""
        raise NotImplementedError

    async def ends(self, parts: Iterable[int]) -> dict[int, int]:
        """The offset that the next record of each partition will get. Raises `LogUnavailable`."""
        raise NotImplementedError

    async def begins(self, parts: Iterable[int]) -> dict[int, int]:
        """The first offset that each partition still has. Raises `LogUnavailable`."""
        raise NotImplementedError

    async def read_one(self, part: int, offset: int) -> Record | None:
        """The record at `offset`, or None when the log has none there; no position is touched.

        Raises `LogUnavailable`.
        """
        raise NotImplementedError

    def _assign(self) -> None:
        raise NotImplementedError

    def _move(self, lane: _Lane, offset: int) -> None:
        raise NotImplementedError

    async def _pump(self, consumer: AIOKafkaConsumer) -> None:
        raise NotImplementedError

    async def _connect(self, client_id: str) -> AIOKafkaConsumer:
        raise NotImplementedError
