"""What a sender is told, whatever the client library beneath does. The real broker: tests/contract."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
    ProducerClosed,
)

from runtime.kafka import BatchingProducer, LogError, LogFull, LogUnavailable, LogUnknown, client
from tests.punctual import punctual_time

DEADLINE_S = 0.2


class Batch:
    """Holds at most three records."""

    def __init__(self) -> None:
        self.values: list[bytes] = []

    def append(self, *, timestamp: None, key: bytes | None, value: bytes, headers: list[object]) -> object:
        if len(self.values) == 3:
            return None
        self.values.append(value)
        return value

    def close(self) -> None:
        """As the library's."""


@dataclass
class Broker:
    """Remembers every batch; `answer` decides what becomes of it: offset, exception, or None for silence."""

    answer: Callable[[int], int | Exception | None]
    away: bool = False
    refuses_batches: Exception | None = None
    batches: list[list[bytes]] = field(default_factory=list)
    deliveries: "list[asyncio.Future[Any]]" = field(default_factory=list)
    producers: int = 0
    stopped: int = 0

    def producer(self, **options: object) -> "StandIn":
        assert options["acks"] == "all"
        assert options["enable_idempotence"] is True
        return StandIn(self)


class StandIn:
    """The part of `AIOKafkaProducer` that is used."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._sender = SimpleNamespace(sender_task=None)
        self._message_accumulator = SimpleNamespace(_pending_batches=set(), _batches={})

    async def start(self) -> None:
        if self._broker.away:
            raise KafkaConnectionError("away")
        self._broker.producers += 1

    async def partitions_for(self, _topic: str) -> set[int]:
        return {0, 1}

    def create_batch(self) -> Batch:
        return Batch()

    async def send_batch(self, batch: Batch, _topic: str, *, partition: int) -> "asyncio.Future[Any]":
        if self._broker.refuses_batches is not None:
            raise self._broker.refuses_batches
        assert partition in {0, 1}
        number = len(self._broker.batches)
        self._broker.batches.append(batch.values)
        delivery: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._broker.deliveries.append(delivery)
        match self._broker.answer(number):
            case int() as offset:
                delivery.set_result(SimpleNamespace(offset=offset))
            case Exception() as failure:
                delivery.set_exception(failure)
        return delivery

    async def stop(self) -> None:
        self._broker.stopped += 1


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[BatchingProducer, Broker]]:
    """A producer of `Broker(...)`'s, to be opened."""

    def connect(backlog_records_max: int = 100, **how: Any) -> tuple[BatchingProducer, Broker]:
        broker = Broker(**how)
        monkeypatch.setattr(client, "AIOKafkaProducer", broker.producer)
        monkeypatch.setattr(client, "RETRY_AFTER_S", 0.01)
        producer = BatchingProducer(
            "nowhere:1", "t", backlog_records_max=backlog_records_max, deadline_s=DEADLINE_S, client_id="test"
        )
        return producer, broker

    return connect


Connected = Callable[..., tuple[BatchingProducer, Broker]]


async def told(*sends: Any) -> list[int | type[BaseException]]:
    """The offsets, or kinds of refusal, of several sends at once."""
    answers: Sequence[int | BaseException] = await asyncio.gather(*sends, return_exceptions=True)
    return [answer if isinstance(answer, int) else type(answer) for answer in answers]


async def until_sent(producer: BatchingProducer) -> bool:
    """Try until a record gets through; whether the producer then calls itself available."""
    async with asyncio.timeout(20 * DEADLINE_S):
        while not isinstance((await told(producer.send(0, b"again")))[0], int):  # noqa: ASYNC110 -- as a client does
            await asyncio.sleep(0.01)
    return producer.available


async def test_what_gathers_goes_out_together_in_order(connected: Connected) -> None:
    producer, broker = connected(answer=lambda number: number * 3)
    async with producer:
        assert await told(*(producer.send(0, b"%d" % n) for n in range(7))) == list(range(7))
        assert producer.backlog == 0
    assert broker.batches == [[b"0", b"1", b"2"], [b"3", b"4", b"5"], [b"6"]]
    assert broker.stopped == 1


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (OutOfOrderSequenceNumber(), LogUnknown),
        (KafkaError("who knows"), LogUnknown),
        (MessageSizeTooLargeError(), LogUnavailable),
    ],
)
async def test_after_a_failure_another_producer_takes_over(
    connected: Connected, failure: KafkaError, kind: type[LogError]
) -> None:
    producer, broker = connected(answer=lambda number: failure if number == 0 else 40 + number)
    async with producer:
        assert await told(*(producer.send(0, b"x") for _ in range(4))) == [kind, kind, kind, 41]
        assert producer.available
    assert (broker.producers, broker.stopped) == (2, 2)


async def test_a_batch_that_was_never_taken_over_is_surely_not_written(connected: Connected) -> None:
    producer, broker = connected(answer=lambda number: 7, refuses_batches=ProducerClosed())
    async with producer:
        assert await told(producer.send(0, b"x")) == [LogUnavailable]
        broker.refuses_batches = None
        assert await told(producer.send(0, b"x")) == [7]
    assert broker.producers == 2


async def test_silence_is_unknown_for_what_is_in_flight_and_a_refusal_for_the_rest(connected: Connected) -> None:
    producer, broker = connected(answer=lambda number: None if number == 0 else 10)
    async with producer, punctual_time() as now_s:
        began_s, loop_began_s = now_s(), asyncio.get_running_loop().time()
        assert await told(*(producer.send(0, b"x") for _ in range(4))) == [LogUnknown] * 3 + [LogUnavailable]
        assert asyncio.get_running_loop().time() - loop_began_s >= DEADLINE_S
        assert now_s() - began_s < 2 * DEADLINE_S
        assert not producer.available
        # The partition that does not answer refuses at once; the others go on.
        assert await told(producer.send(0, b"x"), producer.send(1, b"y")) == [LogUnavailable, 10]
        assert await until_sent(producer)
    # After four deadlines the connection is given up together with the batch.
    assert broker.producers == 2
    assert broker.batches[0] == [b"x"] * 3


async def test_time_in_which_the_loop_had_no_turn_is_nobodys_silence(connected: Connected) -> None:
    producer, broker = connected(answer=lambda number: None if number == 0 else 10)
    async with producer:
        sends = [asyncio.create_task(producer.send(0, b"x")) for _ in range(4)]
        while not broker.deliveries:  # noqa: ASYNC110 -- of the broker's side; not a moment of time passes
            await asyncio.sleep(0)
        time.sleep(2 * DEADLINE_S)  # noqa: ASYNC251 -- this is what is looked at
        # Whoever comes first after that is not told of a log that does not answer, either.
        sends.append(asyncio.create_task(producer.send(0, b"y")))
        await asyncio.sleep(DEADLINE_S / 4)
        assert producer.available
        broker.deliveries[0].set_result(SimpleNamespace(offset=5))
        assert await told(*sends) == [5, 6, 7, 10, 11]


async def test_silence_is_silence_beside_a_loop_that_is_always_late(connected: Connected) -> None:
    producer, _broker = connected(answer=lambda number: None)
    async with producer, asyncio.timeout(20 * DEADLINE_S):
        sending = asyncio.create_task(producer.send(0, b"x"))
        while not sending.done():
            time.sleep(DEADLINE_S / 4)  # noqa: ASYNC251 -- this is what makes it late
            await asyncio.sleep(0)
        assert await told(sending) == [LogUnknown]


async def test_an_answer_without_an_offset_is_unknown(connected: Connected) -> None:
    producer, _broker = connected(answer=lambda number: -1)
    async with producer:
        assert await told(producer.send(0, b"x")) == [LogUnknown]


async def test_a_broker_that_comes_later_is_found(connected: Connected) -> None:
    producer, broker = connected(answer=lambda number: 0, away=True)
    async with producer:
        assert not producer.available
        assert await told(producer.send(0, b"x")) == [LogUnavailable]
        broker.away = False
        assert await until_sent(producer)


async def test_the_backlog_is_bounded_and_freed(connected: Connected) -> None:
    silent = True
    producer, _broker = connected(5, answer=lambda number: None if silent else 0)
    async with producer:
        kinds = await told(*(producer.send(n % 2, b"x") for n in range(8)))
        assert kinds[5:] == [LogFull] * 3
        assert LogFull not in kinds[:5]
        assert producer.backlog == 5
        silent = False
        assert await until_sent(producer)
        assert producer.backlog == 0


async def test_closing_tells_everybody_what_is_known(connected: Connected) -> None:
    producer, broker = connected(answer=lambda number: None)
    async with producer:
        sends = [asyncio.create_task(producer.send(0, b"x")) for _ in range(4)]
        await asyncio.sleep(0.01)
    assert await told(*sends) == [LogUnknown] * 3 + [LogUnavailable]
    assert await told(producer.send(0, b"late")) == [LogUnavailable]
    assert broker.stopped == 1


async def test_a_partition_below_zero_is_a_mistake(connected: Connected) -> None:
    producer, _broker = connected(answer=lambda number: 0)
    async with producer:
        assert await told(producer.send(-1, b"x")) == [ValueError]
        assert producer.backlog == 0
