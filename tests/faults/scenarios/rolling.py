"""A deploy in the middle of a sale: every room is replaced, one after the other."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.faults.crowd import Load
from tests.faults.own_servers import open_ground
from tests.faults.proxy import FaultProxy, open_proxy
from tests.faults.report import Report, conclude
from tests.faults.rooms import ROOT, Room, until
from tests.faults.scenarios.allocators import shares_are_even
from tests.faults.scenarios.sockets import open_audience
from tests.faults.stage import Stage, open_stage

NEWER = "tests.faults.newer_allocator"
REFUSED_S_MAX = 30.0
SOCKETS = 200
OWNERS = 20


@asynccontextmanager
async def open_rolling_stage(
    directory: Path, *, seed: int, root: Path = ROOT
) -> AsyncIterator[tuple[Stage, FaultProxy]]:
    """A sale whose crowd comes by an address that can be moved from one ingress to the next; `root`: of its rooms."""
    async with open_ground(directory) as ground, open_stage(ground, root=root) as stage:
        assert stage.ingress is not None
        async with open_proxy(stage.ingress.port, seed=seed) as door:
            yield stage, door


async def rolled(stage: Stage, load: Load, door: FaultProxy, *, seed: int) -> Report:
    """Each room: a new process beside the old one, then SIGTERM for the old one. Notifier and its sockets included.

    Before, an allocator with another version of the decider: it must touch nothing while the shows are open.
    """
    refused = await is_refused(stage, NEWER)
    details, wrong = await roll(stage, load, door, seed=seed)
    if not refused:
        wrong["another version of the decider was not refused"] = True
    return await conclude(
        stage,
        load,
        fault="rolling restart",
        done="allocator, ingress, expiry worker, notifier: the next one started, the old one told to stop",
        resumed_s=max(details["resumed_each_s"].values()),
        details=details,
        wrong=wrong,
    )


async def roll(
    stage: Stage, load: Load, door: FaultProxy, *, seed: int, root: Path = ROOT
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Replace each room, by one whose code is in `root`; what was seen, and what was wrong. The crowd has finished."""
    resumed: dict[str, float] = {}
    async with open_audience(stage, load, sockets=SOCKETS, owners=OWNERS, seed=seed) as audience:
        stage.root = root

        async def moved(module: str, move: Callable[[Room], Awaitable[None]]) -> None:
            (old,) = stage.running(module)
            new = await stage.start(module)
            began_s = time.monotonic()
            await move(new)
            await old.stop()
            resumed[module] = round(await load.resumed_since(began_s), 2)

        async def to_door(new: Room) -> None:
            # New connections go to the new one; the old one answers what it has, and closes.
            door.target_port = new.port
            stage.ingress = new

        async def to_sockets(new: Room) -> None:
            audience.room = new
            await audience.seen(port=new.port)

        async def share(_: Room) -> None:
            await shares_are_even(stage)

        async def nothing(_: Room) -> None:
            return

        await moved("allocator", share)
        await moved("ingress", to_door)
        await moved("expiry_worker", nothing)
        await moved("notifier", to_sockets)
        began_s = time.monotonic()
        await audience.until_all(SOCKETS, connections=2)
        sockets_s = time.monotonic() - began_s
        await load.finish()
        wrong: dict[str, Any] = await audience.until_true()
        seen = await audience.seen(describe=True)
    if seen.gaps:
        wrong["frames with a gap before them"] = seen.gaps
    killed = [room.module for room in stage.rooms if not room.is_running and room.process.returncode not in {0, -15}]
    if killed:
        wrong["did not stop in order"] = killed
    return {"resumed_each_s": resumed, "sockets": SOCKETS, "sockets_back_s": round(sockets_s, 2)}, wrong


async def is_refused(stage: Stage, module: str) -> bool:
    """Whether an allocator of another version, in the code that the stage starts now, says so and stays away."""
    newer = await stage.start(module, ready=False, road="allocator")

    async def says() -> bool:
        async with httpx.AsyncClient() as http:
            try:
                answer = await http.get(f"{newer.url}/readyz")
            except httpx.TransportError:
                return False
        return answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and "has an open show decided by" in answer.text

    try:
        return await until(says, REFUSED_S_MAX) and not newer.said("partition.claimed")
    except TimeoutError:
        return False
    finally:
        await asyncio.shield(newer.stop())
