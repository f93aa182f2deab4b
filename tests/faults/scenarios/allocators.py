"""Allocators that die, sleep, or are two."""

import asyncio
import random
import time
from collections import Counter
from typing import Any

from tests.faults.crashing_allocator import POINTS
from tests.faults.crowd import Load
from tests.faults.report import Report, conclude
from tests.faults.rooms import Room, until
from tests.faults.stage import Stage
from ticketing.topics import PARTITIONS_DEFAULT
from ticketing.vocabulary import parse_show

CRASHING = "tests.faults.crashing_allocator"
RESUMED_S_MAX = 5.0
LIVING = 3
READY_TIMEOUT_S = 60.0
AIM_AGAIN_S = 3.0
SLEEP_S = 10.0
PASSES_MAX = 5
SOLD = "SELECT DISTINCT part FROM show WHERE show_id = ANY($1)"
COMMITTED = "SELECT true FROM outcome_log WHERE part = $1 AND batch_seq = $2 AND octet_length(payload) = $3"
CLAIM_AND_VANISH = "UPDATE allocator_cursor SET epoch = epoch + 1, owner = NULL, lease_until = '-infinity'"
SHARES = "SELECT count(*) AS n FROM allocator_cursor WHERE lease_until > now() GROUP BY owner"
SHARING_S_MAX = 20.0
ALL_OWNED = "SELECT true WHERE NOT EXISTS (SELECT FROM allocator_cursor WHERE lease_until < now())"


async def kills(stage: Stage, load: Load, *, rounds: int, seed: int) -> Report:
    """kill -9, aimed at each point in turn, while one other allocator at least is there to take over."""
    rng = random.Random(seed)
    hits: Counter[str] = Counter()
    committed = 0
    resumed: list[float] = []
    await asyncio.gather(*(_start(stage) for _ in range(LIVING)))
    await asyncio.gather(*(room.stop() for room in stage.running("allocator")))
    await load.resumed_since(time.monotonic())
    sold = {row["part"] for row in await stage.rows(SOLD, [parse_show(show.show) for show in load.shows])}
    buried: list[Room] = []
    while sum(hits.values()) < rounds:
        await _kill(stage, sold, POINTS[len(resumed) % len(POINTS)], rng)
        # One that was let off may have been about to die: it counts as well, and is replaced.
        dead = [room for room in stage.rooms if room.module == CRASHING and not room.is_running and room not in buried]
        buried += dead
        replacements = [asyncio.create_task(_start(stage, ready=False)) for _ in dead]
        said = [line for room in dead for line in room.said("killed_itself")]
        resumed.append(await load.resumed_since(max(line["at_s"] for line in said)))
        for line in said:
            hits[line["point"]] += 1
            if line["point"] == "in_call":
                committed += len(await stage.rows(COMMITTED, line["part"], line["batch_seq"], line["bytes"]))
        await asyncio.gather(*replacements)
    missed = [point for point in POINTS if not hits[point]]
    return await conclude(
        stage,
        load,
        fault="allocator kill -9",
        done=f"{sum(hits.values())} kills, seed {seed}",
        resumed_s=max(resumed),
        limit_s=RESUMED_S_MAX,
        details={
            "hits": dict(hits),
            "in_call_and_committed": committed,
            "resumed_median_s": round(sorted(resumed)[len(resumed) // 2], 2),
        },
        wrong={"points never hit": missed} if missed else {},
    )


async def _start(stage: Stage, *, ready: bool = True) -> Room:
    return await stage.start(CRASHING, ready=ready, talks=True, road="allocator")


async def _owners(stage: Stage, sold: set[int]) -> list[Room]:
    """Those that own a partition of these, once two at least are ready: who is still being started is left alone."""

    async def found() -> list[Room]:
        ready = [room for room in stage.running(CRASHING) if await room.is_ready()]
        return [room for room in ready if _owned(room) & sold] if len(ready) > 1 else []

    return await until(found, READY_TIMEOUT_S)


def _owned(room: Room) -> set[int]:
    """The partitions that it decides over, as its log has it."""
    owned = Counter(line["part"] for line in room.said("partition.claimed"))
    for event in ("partition.released", "partition.dropped"):
        owned -= Counter(line["part"] for line in room.said(event))
    return set(owned)


async def _kill(stage: Stage, sold: set[int], point: str, rng: random.Random) -> None:
    """One of those that own a partition of these dies at this point; another one is ready to take over."""
    async with asyncio.timeout(READY_TIMEOUT_S):
        while True:
            doomed = rng.choice(await _owners(stage, sold))
            doomed.tell(f"{point} {rng.randint(1, PASSES_MAX)}")
            try:
                async with asyncio.timeout(AIM_AGAIN_S):
                    await doomed.process.wait()
            except TimeoutError:
                # Another one took from it what is sold.
                doomed.tell("nowhere 1")
            else:
                return


async def sleeper(stage: Stage, load: Load) -> Report:
    """SIGSTOP for ten seconds, a successor, SIGCONT: the one that wakes is fenced and leaves."""
    (old,) = stage.running("allocator")
    began_s = time.monotonic()
    old.pause()
    new = await stage.start("allocator")
    resumed_s = await load.resumed_since(began_s)
    await asyncio.sleep(max(0.0, began_s + SLEEP_S - time.monotonic()))
    woken_s = time.monotonic()
    old.wake()
    after_waking_s = await load.resumed_since(woken_s)
    left = await old.until_said("partition.dropped", RESUMED_S_MAX, reason="Replaced")
    wrong: dict[str, Any] = {} if left else {"the one that woke did not leave": True}
    # By now both have their shares, and each show has one owner again.
    shared_s = await load.resumed_since(await shares_are_even(stage))
    if not (old.is_running and new.is_running):
        wrong["an allocator died"] = [old.process.returncode, new.process.returncode]
    return await conclude(
        stage,
        load,
        fault="allocator stopped",
        done=f"SIGSTOP {SLEEP_S:.0f} s under load, successor, SIGCONT",
        resumed_s=max(resumed_s, after_waking_s, shared_s),
        details={"left": len(left), "after_waking_s": round(after_waking_s, 2), "shared_s": round(shared_s, 2)},
        wrong=wrong,
    )


async def shares_are_even(stage: Stage) -> float:
    """When every partition had an owner that renews its lease, and none had two more than another."""

    async def even() -> bool:
        shares = [row["n"] for row in await stage.rows(SHARES)]
        return sum(shares) == PARTITIONS_DEFAULT and max(shares) - min(shares) < 2 and len(shares) == members

    members = len(stage.running("allocator"))
    await until(even, SHARING_S_MAX)
    return time.monotonic()


async def two_owners(stage: Stage, load: Load, *, rounds: int) -> Report:
    """Somebody claims every partition under its owner's hands and is gone at once: the owner is fenced in the middle of
    its batches, leaves, and of all who then claim one survives."""
    while len(stage.running("allocator")) < 2:
        await stage.start("allocator")
    both = stage.running("allocator")
    resumed = []
    for _ in range(rounds):
        began_s = time.monotonic()
        await stage.rows(CLAIM_AND_VANISH)
        resumed.append(await load.resumed_since(began_s))
        await until(lambda: stage.rows(ALL_OWNED), RESUMED_S_MAX)
    replaced = sum(len(room.said("partition.dropped", reason="Replaced")) for room in both)
    wrong: dict[str, Any] = {} if replaced else {"nobody was replaced": True}
    if not all(room.is_running for room in both):
        wrong["an allocator died"] = [room.process.returncode for room in both]
    return await conclude(
        stage,
        load,
        fault="two allocators for one partition",
        done=f"{rounds} times every partition claimed under its owner",
        resumed_s=max(resumed),
        details={"replaced": replaced},
        wrong=wrong,
    )
