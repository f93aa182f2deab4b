"""Brokers of a cluster that die in turn, and a log that has lost its tail."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from runtime.kafka import PartitionReader
from tests.faults.crowd import Load
from tests.faults.kafka_trio import NODES, KafkaTrio, open_trio
from tests.faults.own_servers import Ground, own_postgres, running
from tests.faults.report import Report, conclude
from tests.faults.rooms import until
from tests.faults.stage import Stage, open_stage
from ticketing import topics
from ticketing.vocabulary import parse_show

SECRET = "only-for-these-tests-and-no-others"
WHOLE_S_MAX = 60.0
TAIL_BYTES = 20_000
SHORT_TAIL_BYTES = 1_500
SETTLED_S = 1.0
LOST_S_MAX = 20.0
PART = "SELECT part FROM show WHERE show_id = $1"
NEXT_OFFSET = "SELECT next_offset FROM allocator_cursor WHERE part = $1"
GENERATION = "SELECT log_gen FROM allocator_cursor WHERE part = $1"


@asynccontextmanager
async def open_trio_stage(directory: Path) -> AsyncIterator[tuple[Stage, KafkaTrio]]:
    """A sale on three brokers."""
    postgres = own_postgres(directory / "postgres", SECRET)
    async with running(postgres), open_trio(directory) as trio:
        ground = Ground(directory, SECRET, postgres, trio.brokers[1], postgres.server.address, trio.bootstrap)
        async with open_stage(ground, topic_replicas=len(NODES)) as stage:
            yield stage, trio


async def killed_in_turn(stage: Stage, load: Load, trio: KafkaTrio) -> Report:
    """kill -9 of each broker, controller or not; the next one when all have caught up."""
    resumed: list[float] = []
    whole: list[float] = []
    for broker in trio.brokers.values():
        await until(trio.is_whole, WHOLE_S_MAX)
        began_s = time.monotonic()
        await broker.kill()
        resumed.append(await load.resumed_since(began_s))
        await broker.start()
        await until(trio.is_whole, WHOLE_S_MAX)
        whole.append(time.monotonic() - began_s)
    return await conclude(
        stage,
        load,
        fault="three Kafka brokers killed in turn",
        done="kill -9 of each, RF 3, min.insync.replicas 2",
        resumed_s=max(resumed),
        details={
            "resumed_each_s": [round(seconds, 2) for seconds in resumed],
            "whole_again_s": [round(seconds, 2) for seconds in whole],
        },
    )


async def lost_tail(stage: Stage, load: Load, *, refilled: bool) -> Report:
    """A broker that dies, and comes back without the last records that it had acknowledged, on one show's partition.

    `refilled`: the allocator looks away until as much has been written anew: the log reaches to its cursor again.
    """
    (row,) = await stage.rows(PART, parse_show(load.shows[0].show))
    part = row["part"]
    (allocator,) = stage.running("allocator")
    await stage.ground.kafka.kill()
    if refilled:
        # What it has fetched is decided first: the tail that is lost is one that was acted on.
        await asyncio.sleep(SETTLED_S)
        allocator.pause()
    tail_bytes = SHORT_TAIL_BYTES if refilled else TAIL_BYTES
    lost = await asyncio.to_thread(_truncate, stage.ground.directory / "kafka", part, tail_bytes)
    await stage.ground.kafka.start()
    if refilled:
        (cursor,) = await stage.rows(NEXT_OFFSET, part)
        await _until_written(stage, part, cursor["next_offset"] + 1)
        allocator.wake()
    back_s = time.monotonic()
    resumed_s = await load.resumed_since(back_s)

    async def noticed() -> int:
        (found,) = await stage.rows(GENERATION, part)
        return int(found["log_gen"])

    generation = 0
    wrong: dict[str, Any] = {}
    try:
        generation = await until(noticed, LOST_S_MAX)
    except TimeoutError:
        wrong["nobody noticed that the log had lost its tail"] = lost
    alarms = [line for room in stage.running("allocator") for line in room.said("log.lost", part=part)]
    return await conclude(
        stage,
        load,
        fault="Kafka lost an acknowledged tail" + (" and has been filled again" if refilled else ""),
        done=f"kill -9, {lost} bytes cut off the segment of partition {part}, started again",
        resumed_s=resumed_s,
        tail_lost=True,
        details={"log_gen": generation, "alarms": len(alarms)},
        wrong=wrong,
    )


async def _until_written(stage: Stage, part: int, end: int) -> None:
    """Until the log reaches to there."""
    topic = topics.COMMANDS.full_name("")
    async with PartitionReader(stage.ground.kafka_bootstrap, topic, client_id="faults") as reader:

        async def reached() -> bool:
            return (await reader.ends([part]))[part] >= end

        await until(reached, LOST_S_MAX)


def _truncate(place: Path, part: int, tail_bytes: int) -> int:
    """Cut the end off the only segment of `commands`; how many bytes."""
    (segment,) = place.glob(f"kafka/logs/commands-{part}/*.log")
    # Its file is longer than what is written into it: the rest is zeros, kept for what comes.
    written = len(segment.read_bytes().rstrip(b"\0"))
    kept = max(0, written - tail_bytes)
    with segment.open("r+b") as file:
        file.truncate(kept)
    for index in place.glob(f"kafka/logs/commands-{part}/*.*index"):
        index.unlink()
    return written - kept
