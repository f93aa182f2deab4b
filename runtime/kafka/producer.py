"""Sending many small records by micro-batches: what gathers while one is in flight is the next one."""

import asyncio
from collections import deque
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Self

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
)
from aiokafka.producer.message_accumulator import BatchBuilder

from runtime.kafka.client import RenewedProducer
from runtime.kafka.records import Headers, LogError, LogFull, LogUnavailable, LogUnknown, RecordTooLarge
from runtime.kafka.sending import Sending, SendLane, Tell, resolve

log = structlog.get_logger(__name__)

REFUSALS = (
    ClusterAuthorizationFailedError,
    InvalidTopicError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
)
"""Answers that leave no doubt: the batch was looked at and not written."""

OVERHEAD_BYTES = 512
"""Room for a batch's own header in a request."""


class BatchingProducer:
    """Sends records of one topic; what gathers while a batch is in flight is the next batch of that partition.

    `async with` opens it; the broker may be away at that time and come later (`available` says). Safe options are
    spelled out: acks="all", idempotence on. After the broker was away, or lost its memory of this producer, it
    recovers by itself.

    `backlog_records_max` bounds the records that are waiting or in flight in all partitions together, `deadline_s`
    how long one `send` takes at most. A partition whose batch is past its deadline refuses at once until the broker
    answered; a batch without answer for `4 * deadline_s` is given up together with the connection. Time in which the
    event loop had no turn for this producer does not count: the answer may have been there all the while.
    """

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        *,
        backlog_records_max: int,
        deadline_s: float,
        client_id: str,
        max_request_bytes: int = 1024 * 1024,
    ) -> None:
        self.topic = topic
        self._backlog_records_max = backlog_records_max
        self._deadline_s = deadline_s
        self._give_up_after_s = 4 * deadline_s
        self._max_request_bytes = max_request_bytes
        self._client = RenewedProducer(
            bootstrap,
            topic,
            client_id=client_id,
            max_request_bytes=max_request_bytes,
            request_timeout_s=deadline_s,
        )
        self._lanes: dict[int, SendLane] = {}
        self._backlog = 0
        self._drained = asyncio.Event()
        self._sweeping: asyncio.TimerHandle | None = None
        self._sweep_due_s = self._lost_s = 0.0
        self._closed = True

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        await self._client.open(self._deadline_s)
        self._closed = False
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        self._drained.clear()
        if self._backlog:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._deadline_s):
                    await self._drained.wait()
        if self._sweeping is not None:
            self._sweeping.cancel()
        tasks = [lane.task for lane in self._lanes.values() if lane.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for lane in self._lanes.values():
            self._settle(lane.waiting, LogUnavailable, "this producer was closed before it was sent")
            self._settle(lane.flight, LogUnknown, "this producer was closed before the log answered")
        await self._client.close()

    @property
    def available(self) -> bool:
        """Whether sends are tried: connected, and no partition without an answer past its deadline."""
        now_s = self._now_s()
        return self._client.is_ready and not any(self._is_stuck(lane, now_s) for lane in self._lanes.values())

    @property
    def backlog(self) -> int:
        """Records waiting or in flight."""
        return self._backlog

    async def send(self, part: int, value: bytes, *, key: bytes | None = None, headers: Headers = ()) -> int:
        """Append one record to `part`; returns its offset. Calls for one partition keep their order.

        Raises `LogFull` (at once), `LogUnavailable` (never sent, or refused), `LogUnknown` (sent, no answer before
        the deadline), `RecordTooLarge`. Cancelling the call does not take the record back once it is in flight.
        """
        answer: asyncio.Future[int] = self._loop.create_future()
        sending = self.hand_in(part, value, partial(resolve, answer), key, headers)
        try:
            return await answer
        finally:
            sending.tell = None

    def hand_in(self, part: int, value: bytes, tell: Tell, key: bytes | None = None, headers: Headers = ()) -> Sending:
        """As `send`, for those who do not wait: `tell` is called later, once, with what `send` returns or raises.

        Raises, at once and without telling, `LogFull`, `LogUnavailable`, `RecordTooLarge`.
        """
        if self._closed:
            raise LogUnavailable("this producer is closed")
        if self._backlog >= self._backlog_records_max:
            raise LogFull(f"{self._backlog} records are on their way to {self.topic}")
        if len(value) + OVERHEAD_BYTES > self._max_request_bytes:
            raise RecordTooLarge(f"{len(value)} bytes are more than a request to {self.topic} may carry")
        lane = self._lanes.get(part) or self._add_lane(part)
        now_s = self._now_s()
        if self._is_stuck(lane, now_s):
            raise LogUnavailable(f"{self.topic}/{part} has not answered for {self._deadline_s} s")
        sending = Sending(value, tell, now_s + self._deadline_s, key, headers)
        if not lane.waiting:
            lane.wake.set()
        lane.waiting.append(sending)
        self._backlog += 1
        if self._sweeping is None:
            self._sweep_later()
        return sending

    def _add_lane(self, part: int) -> SendLane:
        if part < 0:
            raise ValueError(f"there is no partition {part}")
        lane = self._lanes[part] = SendLane(part)
        lane.task = self._loop.create_task(self._run(lane), name=f"send {self.topic}/{part}")
        return lane

    def _now_s(self) -> float:
        """Loop time without what the loop was late: past the moment of a sweep only the sweep itself goes on."""
        now_s = self._loop.time()
        if now_s > self._sweep_due_s and self._sweeping is not None:
            now_s = self._sweep_due_s
        return now_s - self._lost_s

    def _is_stuck(self, lane: SendLane, now_s: float) -> bool:
        return lane.busy_since_s is not None and now_s - lane.busy_since_s > self._deadline_s

    async def _run(self, lane: SendLane) -> None:
        while True:
            if not lane.waiting:
                lane.busy_since_s = None
                lane.wake.clear()
                await lane.wake.wait()
            lane.busy_since_s = self._now_s()
            producer = await self._client.get()
            batch = self._fill(producer, lane)
            if not lane.flight:
                continue
            await self._deliver(producer, lane, batch)

    def _fill(self, producer: AIOKafkaProducer, lane: SendLane) -> BatchBuilder:
        """Move what waits into a batch and into `lane.flight`, as much as fits."""
        batch: BatchBuilder = producer.create_batch()
        waiting, flight, append = lane.waiting, lane.flight, batch.append
        while waiting:
            sending = waiting[0]
            if sending.tell is None:
                waiting.popleft()
                self._forget(1)
                continue
            try:
                taken = append(timestamp=None, key=sending.key, value=sending.value, headers=[*sending.headers])
            except (TypeError, ValueError) as exc:
                # Its caller's mistake, noticed here: neither bytes nor headers. The others must not suffer.
                waiting.popleft()
                sending.settle(exc)
                self._forget(1)
                continue
            if taken is None:
                break
            flight.append(waiting.popleft())
        batch.close()
        return batch

    async def _deliver(self, producer: AIOKafkaProducer, lane: SendLane, batch: BatchBuilder) -> None:
        try:
            delivery = await producer.send_batch(batch, self.topic, partition=lane.part)
        except AssertionError:
            self._settle(lane.flight, LogUnavailable, f"{self.topic} has no partition {lane.part}")
            return
        except KafkaError as exc:
            # Raised before the batch was taken over: it is nowhere but here.
            self._settle(lane.flight, LogUnavailable, f"not sent: {exc!r}")
            self._client.replace(producer)
            return
        await asyncio.wait({delivery}, timeout=self._give_up_after_s)
        if not delivery.done():
            log.warning("log.given_up", topic=self.topic, part=lane.part, records=len(lane.flight))
            self._settle(lane.flight, LogUnknown, f"no answer for {self._give_up_after_s} s")
            self._client.replace(producer)
            return
        failure = delivery.exception()
        if failure is not None:
            log.warning("log.send_failed", topic=self.topic, part=lane.part, error=repr(failure))
            refused = isinstance(failure, REFUSALS)
            self._settle(lane.flight, LogUnavailable if refused else LogUnknown, f"the log answered {failure!r}")
            self._client.replace(producer)
            return
        written = delivery.result()
        self._confirm(lane, -1 if written is None else written.offset)

    def _confirm(self, lane: SendLane, first_offset: int) -> None:
        if first_offset < 0:
            # Given up with its connection; or written by an attempt whose answer was lost so long ago that the broker
            # no longer knows where.
            self._settle(lane.flight, LogUnknown, "no offset was ever heard of")
            return
        for offset, sending in enumerate(lane.flight, first_offset):
            sending.settle(offset)
        self._forget(len(lane.flight))
        lane.flight.clear()

    def _settle(self, sendings: "deque[Sending] | list[Sending]", kind: type[LogError], reason: str) -> None:
        """Give every one of `sendings` the same answer, and forget them."""
        for sending in sendings:
            sending.settle(kind(reason))
        self._forget(len(sendings))
        sendings.clear()

    def _forget(self, count: int) -> None:
        self._backlog -= count
        if not self._backlog:
            self._drained.set()

    def _sweep_later(self) -> None:
        # One timer for all: the deadlines of a lane are in order, and a late answer may be late by a twentieth.
        self._sweep_due_s = self._loop.time() + min(0.05, self._deadline_s / 20)
        self._sweeping = self._loop.call_at(self._sweep_due_s, self._sweep)

    def _sweep(self) -> None:
        """Answer those whose deadline has passed: what was never sent for sure, what is in flight as unknown."""
        loop_s = self._loop.time()
        self._lost_s += max(0.0, loop_s - self._sweep_due_s)
        self._sweep_due_s = loop_s
        now_s = self._now_s()
        for lane in self._lanes.values():
            while lane.waiting and lane.waiting[0].deadline_s <= now_s:
                late = lane.waiting.popleft()
                late.settle(LogUnavailable(f"not sent within {self._deadline_s} s"))
                self._forget(1)
            for late in lane.flight:
                if late.deadline_s > now_s:
                    break
                late.settle(LogUnknown(f"no answer within {self._deadline_s} s"))
        self._sweeping = None
        if self._backlog:
            self._sweep_later()
