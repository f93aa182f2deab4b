"""Fault after fault: each alert that it should raise fires, and ends when all is well again."""

import asyncio
import time
from pathlib import Path

import httpx

from infra.embedded.processes import ServerFailed
from tests.alerts.faults import FAULTS, LOOKING_BACK, Fault
from tests.alerts.installation import Installation, open_installation

LOOK_EVERY_S = 1.0
FIRES_WITHIN_S, ENDS_WITHIN_S = 180.0, 180.0


async def wrong_about(directory: Path, names: list[str]) -> list[str]:
    """What did not fire, or not end, or fired before; of the faults whose name has one of these words, or of all."""
    wrong = []
    async with open_installation(directory) as there:
        for fault in FAULTS:
            if not names or any(name in fault.name for name in names):
                wrong += [f"{fault.name}: {what}" for what in await _try(there, fault)]
        print(f"holds were answered {dict(sorted(there.answered.items()))} (0: not at all)", flush=True)
    return wrong


async def _try(there: Installation, fault: Fault) -> list[str]:
    """What is wrong; where the fault itself could not be done, why: the next one is tried all the same."""
    try:
        return await _raise(there, fault)
    except (httpx.HTTPError, OSError, TimeoutError, ServerFailed) as error:
        return [f"could not be done: {error!r}"]


async def _raise(there: Installation, fault: Fault) -> list[str]:
    if early := fault.raises & await there.prometheus.firing():
        return [f"{name} fired before" for name in sorted(early)]
    began_s = time.monotonic()
    async with fault.done(there):
        silent = await _until_none(there, fault.raises, FIRES_WITHIN_S, firing=True)
    fired_s = time.monotonic()
    print(f"{fault.name}: {', '.join(sorted(fault.raises - silent))} after {fired_s - began_s:.0f} s", flush=True)
    ending = fault.raises - LOOKING_BACK
    going_on = await _until_none(there, ending, ENDS_WITHIN_S, firing=False)
    if ending:
        print(f"  {', '.join(sorted(ending - going_on))} over after {time.monotonic() - fired_s:.0f} s", flush=True)
    return [f"{name} did not fire" for name in sorted(silent)] + [f"{name} did not end" for name in sorted(going_on)]


async def _until_none(there: Installation, names: frozenset[str], within_s: float, *, firing: bool) -> frozenset[str]:
    """What is left of them when it is so, or time is up: those that do not fire, or (not `firing`) those that do."""
    left, give_up_s = names, time.monotonic() + within_s
    while left and time.monotonic() < give_up_s:
        await asyncio.sleep(LOOK_EVERY_S)
        now = await there.prometheus.firing()
        left = names - now if firing else names & now
    return left
