"""The rooms of a soak: of each one that is left alone, and one that is killed and started again."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

from tests.faults.rooms import Room
from tests.faults.stage import Stage
from tests.soak.judging import Sample

ROOMS = ("allocator", "ingress", "notifier", "expiry_worker")
KILL_EVERY_S = (10.0, 30.0)
SAMPLE_EVERY_S = 5.0
BATCH_SECONDS = "allocator_batch_seconds_bucket"


@dataclass
class Pair:
    """Two processes of one room."""

    stays: Room
    falls: Room
    samples: list[Sample] = field(default_factory=list)
    """Of the one that stays."""


async def open_pairs(stage: Stage) -> dict[str, Pair]:
    """All rooms, each twice and ready."""
    pairs = {}
    for module in ROOMS:
        stays, falls = await asyncio.gather(stage.start(module), stage.start(module))
        pairs[module] = Pair(stays, falls)
    stage.ingress = pairs["ingress"].stays
    return pairs


async def kill_on(stage: Stage, pairs: dict[str, Pair], rng: random.Random, kills: Counter[str]) -> None:
    """kill -9 one at random, start it again where it was, and once more, until cancelled. Raises RoomFailed."""
    while True:
        await asyncio.sleep(rng.uniform(*KILL_EVERY_S))
        module = rng.choice(ROOMS)
        pair = pairs[module]
        await pair.falls.kill()
        kills[module] += 1
        pair.falls = await stage.start(module, port=pair.falls.port)


async def sample_on(pairs: dict[str, Pair]) -> None:
    """Look at the memory of those that stay, until cancelled. Raises psutil.NoSuchProcess when one has died."""
    processes = {module: psutil.Process(pair.stays.process.pid) for module, pair in pairs.items()}
    while True:
        for module, process in processes.items():
            pairs[module].samples.append(Sample(time.monotonic(), process.memory_info().rss))
        await asyncio.sleep(SAMPLE_EVERY_S)


async def batch_times(room: Room) -> dict[float, float]:
    """How long an allocator's batches took so far, as its histogram has it."""
    async with httpx.AsyncClient() as http:
        text = (await http.get(f"{room.url}/metrics")).text
    return {
        float(sample.labels["le"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == BATCH_SECONDS
    }
