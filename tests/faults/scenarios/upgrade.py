"""An upgrade in the middle of a sale: rooms of an older commit, replaced by those of this one, on the same servers.

The migrations of today are applied first, so the older rooms live on tables that are newer than they are. What is
installed (.venv) is what this checkout asks for.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from allocator.seating import DECIDER_VERSION
from tests.faults.crowd import Load
from tests.faults.older import Older, older_code
from tests.faults.proxy import FaultProxy
from tests.faults.report import Report, conclude
from tests.faults.rooms import ROOT
from tests.faults.scenarios.allocators import shares_are_even
from tests.faults.scenarios.rolling import is_refused, open_rolling_stage, roll
from tests.faults.stage import Stage

COMMIT = "ONSALE_FAULTS_OLDER"
"""Names another commit than the one that is found."""


@asynccontextmanager
async def open_older_stage(directory: Path, *, seed: int) -> AsyncIterator[tuple[Stage, FaultProxy, Older]]:
    """A sale on rooms of an older commit. Raises `NoHistory`."""
    older = await older_code(directory, os.environ.get(COMMIT, ""))
    async with open_rolling_stage(directory, seed=seed, root=older.root) as (stage, door):
        yield stage, door, older


async def upgraded(stage: Stage, load: Load, door: FaultProxy, older: Older, *, seed: int) -> Report:
    """Roll from the older rooms to those of this commit; then an older allocator comes back.

    Where both decide alike it has its share again. Else the newer one is told to go on (with this crowd's shows it is
    known to decide the same), and the older one, which is told nothing, must stay away from what the newer has decided.
    """
    alike = older.decider_version == DECIDER_VERSION
    if not alike:
        stage.roads["allocator"] = {"ONSALE_ALLOCATOR_TAKES_OTHER_DECIDERS": "true"}
    details, wrong = await roll(stage, load, door, seed=seed, root=ROOT)
    stage.root = older.root
    stage.roads.pop("allocator", None)
    if alike:
        await stage.start("allocator")
        await shares_are_even(stage)
    elif not await is_refused(stage, "allocator"):
        wrong["an older allocator was not refused"] = True
    deciders = {"deciders": [older.decider_version, DECIDER_VERSION]}
    return await conclude(
        stage,
        load,
        fault="upgrade",
        done=f"from {older.commit} to this commit: allocator, ingress, expiry worker, notifier, side by side in turn; "
        "then an older allocator comes back",
        resumed_s=max(details["resumed_each_s"].values()),
        details=details | deciders,
        wrong=wrong,
    )
