"""The broker dies under load, twice, and comes back: nothing that was confirmed is lost, no refusal was a lie."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

import pytest

from infra.embedded import EmbeddedServers
from infra.provision import provision_topics
from infra.settings import InfraSettings
from runtime.kafka import BatchingProducer, LogError, LogUnavailable, LogUnknown, PartitionReader
from tests.punctual import punctual_time
from tests.servers import run_directory

PARTS = range(4)
DEADLINE_S = 0.5
RECOVERED_WITHIN_S = 60
"""Of which a broker that was killed needs about five."""


@dataclass
class Diary:
    """What each sender was told, by record, and what the reader found, by partition."""

    confirmed: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    failed: dict[bytes, type[LogError]] = field(default_factory=dict)
    found: dict[int, list[bytes]] = field(default_factory=lambda: {part: [] for part in PARTS})
    longest_send_s: float = 0.0


@pytest.fixture
async def broker() -> AsyncIterator[EmbeddedServers]:
    """A Kafka of this test's own, which its keeper starts again when it dies."""
    settings = InfraSettings(
        postgres_url="postgresql://elsewhere/x", redis_url="redis://elsewhere/0", kafka_bootstrap=None, cache_dir=None
    )
    with run_directory() as place:
        async with EmbeddedServers(place / "servers", ephemeral=True, settings=settings) as servers:
            yield servers


@pytest.mark.kills
@pytest.mark.slow
async def test_a_killed_broker_costs_a_pause_and_no_record(broker: EmbeddedServers) -> None:
    await provision_topics(broker.kafka_bootstrap, "killed-")
    diary, done = Diary(), asyncio.Event()
    async with (
        BatchingProducer(
            broker.kafka_bootstrap,
            "killed-commands",
            backlog_records_max=1_000,
            deadline_s=DEADLINE_S,
            client_id="test",
        ) as producer,
        PartitionReader(broker.kafka_bootstrap, "killed-commands", client_id="test") as log,
        punctual_time() as now_s,
        asyncio.TaskGroup() as tasks,
    ):
        readers = [tasks.create_task(_read(log, part, diary)) for part in PARTS]
        senders = [tasks.create_task(_send(producer, n, diary, done, now_s)) for n in range(50)]
        for _ in range(2):
            await _until(_more(diary.confirmed, 500))
            os.kill(broker.pids()["kafka"], signal.SIGKILL)
            await _until(_more(diary.failed, 200))
            assert not producer.available
        await _until(_more(diary.confirmed, 500))
        done.set()
        await asyncio.wait(senders)
        ends = await log.ends(PARTS)
        await _until(lambda: all(len(diary.found[part]) >= ends[part] for part in PARTS))
        for task in readers:
            task.cancel()
    written = Counter(value for values in diary.found.values() for value in values)
    assert max(written.values()) == 1
    assert all(diary.found[part][offset] == value for value, (part, offset) in diary.confirmed.items())
    refused = [value for value, kind in diary.failed.items() if kind is not LogUnknown]
    assert refused and not any(written[value] for value in refused)
    assert set(diary.failed.values()) == {LogUnknown, LogUnavailable}
    assert diary.longest_send_s < DEADLINE_S + 1


async def _send(
    producer: BatchingProducer, n: int, diary: Diary, done: asyncio.Event, now_s: Callable[[], float]
) -> None:
    turn = 0
    while not done.is_set():
        turn += 1
        value, part, began_s = b"%d-%d" % (n, turn), (n + turn) % len(PARTS), now_s()
        try:
            diary.confirmed[value] = part, await producer.send(part, value)
        except LogError as exc:
            diary.failed[value] = type(exc)
            await asyncio.sleep(0.05)  # whoever is refused at once asks again a little later
        diary.longest_send_s = max(diary.longest_send_s, now_s() - began_s)


async def _read(log: PartitionReader, part: int, diary: Diary) -> None:
    while True:
        for record in await log.fetch(part, len(diary.found[part]), 500, 1.0):
            assert record.offset == len(diary.found[part])
            diary.found[part].append(record.value)


def _more(told: Mapping[bytes, object], count: int) -> Callable[[], bool]:
    wanted = len(told) + count
    return lambda: len(told) >= wanted


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(RECOVERED_WITHIN_S):
        while not condition():  # noqa: ASYNC110 -- what is waited for happens in another process
            await asyncio.sleep(0.05)
