"""Reading partitions of one topic from exact offsets, several of them at once through one connection.

A pump empties the client's buffers into one lane a partition, so that a partition whose reader is busy does not hold
up the others: aiokafka asks a broker for nothing while it still holds unread records of any partition (up to 100 ms).
A lane that is full is paused. Positions belong to the reader: every fetch names its offset.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Self, cast

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from runtime.kafka.connection import connect, connection_to_leader, stop
from runtime.kafka.lane import Lane, until_set
from runtime.kafka.questions import Questions
from runtime.kafka.records import LogRangeError, LogUnavailable, Record
from runtime.kafka.single import SingleReads

log = structlog.get_logger(__name__)

CHUNK_RECORDS_MAX = 4_000
"""Records taken between two turns of the event loop: about 2 ms."""
QUIET_WAIT_MS = 200
"""`idle_wait_ms` of whoever reads the same partitions all the time: what comes is told at once, and an idle topic costs
both sides five questions a second, not fifty. A partition that is added, or goes on after a pause, waits as long."""
PROBE_AFTER_S, PROBE_AGAIN_S = 5.0, 1.0
"""Silence after which the broker is asked whether there is nothing, or nothing that reaches us; and once more."""


class PartitionReader:
    """One consumer without a group. `async with` connects (raises `LogUnavailable`) and closes.

    `records_buffered_max` and `bytes_buffered_max` bound what is read ahead in each partition (plus the rest of one
    fetch, at most `FETCH_BYTES_MAX`). After the broker was away it goes on by itself where it was; while it is away
    `fetch` returns nothing, `ends` raises, and within seconds of silence it is not `reachable`.
    `request_timeout_s`: how long one broker is asked before another one is, as one whose host is lost says nothing.
    `idle_wait_ms`: how long it is asked for records at a time; whoever asks it little else spares both by a longer one.
    """

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        *,
        client_id: str,
        records_buffered_max: int = 20_000,
        bytes_buffered_max: int = 16 * 1024 * 1024,
        request_timeout_s: float = 5.0,
        idle_wait_ms: int = 20,
    ) -> None:
        self.topic = topic
        self._client_id = client_id
        self._records_buffered_max = records_buffered_max
        self._bytes_buffered_max = bytes_buffered_max
        self._request_timeout_s = request_timeout_s
        self._lanes: dict[int, Lane] = {}
        self._any_arrived = asyncio.Event()
        self._connect = partial(connect, bootstrap, request_timeout_s=request_timeout_s, idle_wait_ms=idle_wait_ms)
        self._questions = Questions(topic, self._opened, request_timeout_s)
        self._single = SingleReads(lambda: self._connect(client_id=f"{client_id}-single"), request_timeout_s)
        self._pump_task: asyncio.Task[None] | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self.reachable = True

    async def __aenter__(self) -> Self:
        self._consumer = await self._connect(client_id=self._client_id)
        self._pump_task = asyncio.create_task(self._pump(), name=f"read {self.topic}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pump_task is not None:
            self._pump_task.cancel()
            with suppress(asyncio.CancelledError):
                await self._pump_task
        await self._single.close()
        await stop(self._consumer)

    async def set_positions(self, positions: Mapping[int, int]) -> None:
        """Read these partitions from these offsets on; the others read so far keep their place.

        Cheap when nothing changes. A partition whose place is kept loses nothing that was read ahead.
        """
        added = {part: offset for part, offset in positions.items() if part not in self._lanes}
        for part in positions.keys() - added.keys():
            if not self._lanes[part].skip_to(positions[part]):
                self._seek(self._lanes[part], positions[part])
        if added:
            self._lanes |= {part: Lane(TopicPartition(self.topic, part), offset) for part, offset in added.items()}
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
        await self.set_positions({part: offset})
        lane = self._lanes[part]
        await self._judge_range(lane)
        if not lane.records:
            await until_set(lane.arrived, timeout_s)
            await self._judge_range(lane)
        return self._take(lane, records_max)

    async def poll(self, records_max: int, timeout_s: float) -> list[Record]:
        """Whatever has arrived in any partition, in order within each; none after `timeout_s` is [].

        Raises `LogRangeError` for a partition whose log does not reach to its position (then `set_positions`), and
        `LogUnavailable` when even that cannot be found out.
        """
        lanes = list(self._lanes.values())
        if not any(lane.records or lane.out_of_range for lane in lanes):
            await until_set(self._any_arrived, timeout_s)
        for lane in lanes:
            await self._judge_range(lane)
        taken: list[Record] = []
        for lane in lanes:
            taken += self._take(lane, records_max - len(taken))
        return taken

    def interruptions(self, part: int) -> int:
        """How often what this partition is read over became another connection since it was added, the first included.

        Nothing that was read ahead outlives that. What comes next need not continue what was handed out: compare.
        """
        lane = self._lanes.get(part)
        return 0 if lane is None else lane.interruptions

    async def ends(self, parts: Iterable[int]) -> dict[int, int]:
        """The offset that the next record of each partition will get. Raises `LogUnavailable`."""
        return await self._questions.offsets(parts, end=True)

    async def begins(self, parts: Iterable[int]) -> dict[int, int]:
        """The first offset that each partition still has. Raises `LogUnavailable`."""
        return await self._questions.offsets(parts, end=False)

    async def read_one(self, part: int, offset: int) -> Record | None:
        """The record at `offset`, or None when the log has none there; no position is touched.

        Raises `LogUnavailable`.
        """
        begin, end = (await self.begins([part]))[part], (await self.ends([part]))[part]
        return await self._single.read(TopicPartition(self.topic, part), offset) if begin <= offset < end else None

    async def _judge_range(self, lane: Lane) -> None:
        """Raise `LogRangeError` if nothing is left to hand out and the log is still elsewhere; else read on."""
        if lane.records or not lane.out_of_range:
            return
        part, wanted = lane.tp.partition, lane.next_offset
        begin, end = (await self.begins([part]))[part], (await self.ends([part]))[part]
        if not begin <= wanted <= end:
            raise LogRangeError(part, wanted, begin, end)
        self._seek(lane, wanted)

    def _take(self, lane: Lane, records_max: int) -> list[Record]:
        self._opened()
        taken = lane.take(records_max)
        if lane.paused and not lane.out_of_range and not self._is_full(lane, 2):
            lane.paused = False
            self._opened().resume(lane.tp)
        return taken

    def _assign(self) -> None:
        """Tell the consumer about all lanes; it forgets what it read ahead, so each goes on after its own buffer."""
        consumer = self._opened()
        consumer.assign([lane.tp for lane in self._lanes.values()])
        for lane in self._lanes.values():
            consumer.seek(lane.tp, lane.next_offset)
            if lane.paused:
                consumer.pause(lane.tp)

    def _seek(self, lane: Lane, offset: int) -> None:
        consumer = self._opened()
        consumer.seek(lane.tp, offset)
        if lane.paused:
            consumer.resume(lane.tp)
        lane.restart(offset)

    def _is_full(self, lane: Lane, factor: int) -> bool:
        """Whether `factor` times of what is read ahead is more than may be."""
        records, size_bytes = len(lane.records) * factor, lane.size_bytes * factor
        return records >= self._records_buffered_max or size_bytes >= self._bytes_buffered_max

    def _pause(self, lane: Lane) -> None:
        lane.paused = True
        self._opened().pause(lane.tp)

    async def _pump(self) -> None:
        clock = asyncio.get_running_loop().time
        heard_at_s = clock()
        while True:
            if await self._read_some():
                heard_at_s, self.reachable = clock(), True
            elif clock() - heard_at_s > (PROBE_AFTER_S if self.reachable else PROBE_AGAIN_S):
                self.reachable = await self._is_heard() or await self._reconnect()
                heard_at_s = clock()

    async def _read_some(self) -> bool:
        """Move what the client holds into the lanes; whether there was anything. Waits a second at most."""
        consumer = self._opened()
        try:
            found = await consumer.getmany(timeout_ms=1_000, max_records=CHUNK_RECORDS_MAX)
        except OffsetOutOfRangeError as exc:
            self._mark_out_of_range(exc.args[0])
            return True
        except KafkaError as exc:
            # Whatever else that call had taken out of the client's buffers is lost with it.
            log.warning("log.read_failed", topic=self.topic, error=repr(exc))
            for lane in self._lanes.values():
                consumer.seek(lane.tp, lane.next_offset)
            await asyncio.sleep(0.1)
            return False
        interrupted = self._interrupted()
        for tp, records in found.items():
            reading = self._lanes.get(tp.partition)
            if reading is not None and reading not in interrupted:
                # They are ours already, whatever the client's types say: see bulk.py.
                self._accept(reading, cast("list[Record]", records))
        if sum(map(len, found.values())) == CHUNK_RECORDS_MAX:
            # More is waiting: let the readers have their turn. Pausing now would throw the rest away.
            await asyncio.sleep(0)
            return True
        for lane in self._lanes.values():
            if not lane.paused and self._is_full(lane, 1):
                self._pause(lane)
        return bool(found)

    def _interrupted(self) -> list[Lane]:
        """The lanes that have just forgotten what they had read ahead."""
        consumer, lanes = self._opened(), self._lanes.values()
        found = [lane for lane in lanes if lane.is_interrupted_by(connection_to_leader(consumer, lane.tp))]
        if found:
            # So that the client forgets as well what it holds of before.
            self._assign()
        return found

    async def _is_heard(self) -> bool:
        """Whether silence means that there is nothing to read."""
        try:
            async with asyncio.timeout(self._request_timeout_s):
                ends = await self.ends(self._lanes)
        except (LogUnavailable, TimeoutError):
            return False
        return all(lane.paused or ends[part] <= lane.next_offset for part, lane in self._lanes.items() if part in ends)

    async def _reconnect(self) -> bool:
        """Ask the bootstrap servers: the client only ever asks brokers it knows. Whether they answered."""
        try:
            fresh = await self._connect(client_id=self._client_id)
        except LogUnavailable as exc:
            log.warning("log.unavailable", topic=self.topic, error=str(exc))
            return False
        log.warning("log.reconnected", topic=self.topic)
        old, self._consumer = self._consumer, fresh
        self._questions.ask_anew()
        self._assign()
        await stop(old)
        return True

    def _accept(self, lane: Lane, records: list[Record]) -> None:
        # What came over a connection that is gone by now is read once more.
        is_current = connection_to_leader(self._opened(), lane.tp) is lane.connection
        if not is_current or not lane.accept(records):
            self._opened().seek(lane.tp, lane.next_offset)
        if lane.records:
            lane.arrived.set()
            self._any_arrived.set()

    def _mark_out_of_range(self, asked: Mapping[TopicPartition, int]) -> None:
        for tp, offset in asked.items():
            lane = self._lanes.get(tp.partition)
            if lane is not None and lane.next_offset == offset:
                lane.out_of_range = True
                self._pause(lane)
                lane.arrived.set()
                self._any_arrived.set()

    def _opened(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            raise LogUnavailable("this reader is not open")
        if self._pump_task is not None and self._pump_task.done():
            # It ends with the reader alone: waiting for what nobody reads would look like silence.
            raise RuntimeError(f"{self.topic} is not read any more")
        return self._consumer
