"""What is done to the hosts: they are cut off from each other, and lost."""

import asyncio
import time
from collections.abc import Callable

from tests.faults.crowd import Load
from tests.faults.report import Report, conclude
from tests.hosts.fleet import Fleet
from tests.hosts.plan import MODES, Deaf, Mode, Part, between_hosts, between_kinds

CUT_S = 6.0
"""Longer than a lease and a broker's session."""
PROMOTED_S_MAX = 20.0
LOST_S = 6.0
Cut = Callable[[list[Part], Mode], list[Deaf]]


async def hosts_apart(fleet: Fleet, load: Load, one: str, other: str) -> Report:
    """Two hosts that do not hear each other: one way, the other way, both ways."""

    def cut(everything: list[Part], mode: Mode) -> list[Deaf]:
        return between_hosts(everything, one, other, mode, fleet.cluster.primary)

    return await _apart(fleet, load, f"host {one}", f"host {other}", cut)


async def kinds_apart(fleet: Fleet, load: Load, one: str, other: str) -> Report:
    """All parts of one kind, and all of another."""

    def cut(everything: list[Part], mode: Mode) -> list[Deaf]:
        return between_kinds(everything, one, other, mode)

    names = (one, other) if one != other else (f"the first {one}", "its fellows")
    return await _apart(fleet, load, *names, cut)


async def _apart(fleet: Fleet, load: Load, one: str, other: str, cut: Cut) -> Report:
    resumed: dict[str, float] = {}
    words: dict[Mode, str] = {"to": f"{one} to {other}", "from": f"{other} to {one}", "both": "both ways"}
    for mode in MODES:
        await fleet.network.cut(cut(fleet.parts, mode))
        await asyncio.sleep(CUT_S)
        await fleet.network.heal()
        resumed[words[mode]] = round(await load.resumed_since(time.monotonic()), 2)
        await fleet.cluster.until_whole()
    return await conclude(
        fleet.stage,
        load,
        fault=f"{one} and {other} apart",
        done=f"{', '.join(words.values())}, {CUT_S:.0f} s each",
        resumed_s=max(resumed.values()),
        details={"resumed_each_s": resumed},
        wrong=_wrong(fleet),
    )


async def host_alone(fleet: Fleet, load: Load, host: str) -> Report:
    """A host whose cable is pulled, and put back: all that lives on it has gone on meanwhile, alone."""
    began_s = time.monotonic()
    await fleet.network.unplug(host)
    await asyncio.sleep(CUT_S)
    await fleet.network.plug(host)
    back_s = time.monotonic()
    resumed_s = await load.resumed_since(back_s)
    await fleet.cluster.until_whole()
    return await conclude(
        fleet.stage,
        load,
        fault=f"host {host} alone",
        done=f"its cable pulled for {back_s - began_s:.0f} s, nothing killed",
        resumed_s=resumed_s,
        details={"whole_again_s": round(time.monotonic() - back_s, 2)},
        wrong=_wrong(fleet),
    )


async def host_lost(fleet: Fleet, load: Load, host: str) -> Report:
    """One host goes dark and comes back. Where the primary was, the standby is promoted; where the standby was, nothing
    is acknowledged until it is back."""
    role = {fleet.cluster.primary: "primary", fleet.cluster.other: "standby"}.get(host, "neither Postgres")
    began_s = time.monotonic()
    await fleet.lose(host)
    if role == "primary":
        await fleet.cluster.promote()
    goes_on = role != "standby"
    resumed_s = await load.resumed_since(began_s) if goes_on else 0.0
    await asyncio.sleep(LOST_S)
    back_s = time.monotonic()
    await fleet.bring_back(host)
    whole_s = time.monotonic() - back_s
    after_s = await load.resumed_since(back_s)
    return await conclude(
        fleet.stage,
        load,
        fault=f"host {host} lost ({role})",
        done="cable pulled, all its processes killed" + (", standby promoted" if role == "primary" else "") + "; back",
        resumed_s=max(resumed_s, after_s),
        limit_s=PROMOTED_S_MAX if role == "primary" else None,
        details={
            **({"resumed_without_it_s": round(resumed_s, 2)} if goes_on else {}),
            "resumed_after_return_s": round(after_s, 2),
            "whole_again_s": round(whole_s, 2),
        },
        wrong=_wrong(fleet),
    )


def _wrong(fleet: Fleet) -> dict[str, dict[str, str]]:
    ended = fleet.ended()
    return {"parts that ended": ended} if ended else {}
