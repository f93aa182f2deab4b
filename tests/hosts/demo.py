"""A whole sale on the three hosts: the crowd of `onsale demo`, by the front door, to the verdict of `onsale verify`."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tests.faults.report import Report
from tests.faults.rooms import ROOT, ending_with_us, until
from tests.hosts.fleet import Fleet
from tests.hosts.front_door import open_door
from tests.hosts.plan import FACES, SANDBOX, addresses, between_kinds

SAID_CHARS_MAX = 600
BETWEEN_CUTS_S, CUT_S = 3.0, 4.0
FIRST_HOLDS, SELLING_S_MAX = 10, 120.0
ASKED_FOR = "SELECT count(*) FROM reservation"
BEHIND_THE_DOOR = ("ingress", "notifier", "waiting_room", "staff", "web", SANDBOX)


async def whole_sale(fleet: Fleet, fans: int, seats: int, cuts: Sequence[tuple[str, str]] = ()) -> Report:
    """Sold out by a crowd that comes through the door, and verified. `cuts`: kinds of parts that do not hear each other
    for a while, one pair after the other, while it sells."""
    async with _all_rooms(fleet) as url:
        cutting = asyncio.create_task(_cut_in_turn(fleet, cuts))
        try:
            code, told, said = await _crowd(fleet, url, fans, seats)
        finally:
            await _ended(cutting)
            await fleet.network.heal()
    wrong: dict[str, Any] = {}
    if cutting.cancelled():
        wrong["sold out before the last cut"] = True
    if code != 0:
        wrong["the demo"] = told.get("problems") or said[-SAID_CHARS_MAX:]
    if ended := fleet.ended():
        wrong["parts that ended"] = ended
    kept = ("holds_per_s", "hold_latency_ms", "expired", "resold", "elapsed_s", "violations")
    return Report(
        fault="a whole demo" + (", its parts apart" if cuts else ""),
        done=f"{fans} fans for {seats} places, through nginx to every room on three hosts"
        + "".join(f"; {one} and {other} apart" for one, other in cuts)
        + (f", {CUT_S:.0f} s each" if cuts else ""),
        resumed_s=told.get("longest_pause_s"),
        acknowledged=told.get("sold", 0),
        ok=not wrong,
        details={name: told[name] for name in kept if name in told},
        wrong=wrong,
    )


@asynccontextmanager
async def _all_rooms(fleet: Fleet) -> AsyncIterator[str]:
    """The rooms that only a whole sale needs, and the door; its URL."""
    faces = [part for part in fleet.parts if part.host in FACES and part.kind in FACES[part.host]]
    (door,) = (part for part in fleet.parts if part.kind == "door")
    behind = {kind: addresses(fleet.parts, kind) for kind in BEHIND_THE_DOOR}
    started = await asyncio.gather(*(fleet.start_room(part) for part in faces))
    try:
        async with open_door(fleet.stage.ground.directory, fleet.network.places[door], behind) as url:
            yield url
    finally:
        await asyncio.gather(*(room.stop() for room in started))


async def _crowd(fleet: Fleet, url: str, fans: int, seats: int) -> tuple[int, dict[str, Any], str]:
    """Exit code, report, and whatever else it said."""
    directory = Path(tempfile.mkdtemp(prefix="demo-", dir=fleet.stage.ground.directory))
    report = directory / "report.json"
    words = ["demo", "--once", "--at", url, "--fans", str(fans), "--seats", str(seats)]
    words += ["--data-dir", str(directory), "--json", str(report), "--history", str(directory / "history.jsonl")]
    process = await asyncio.create_subprocess_exec(
        *ending_with_us(signal.SIGKILL, fleet.stage.fans), sys.executable, "-m", "onsale", *words,
        env={**os.environ, **fleet.stage.environment()}, cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, json.loads(report.read_text()) if report.exists() else {}, said.decode()


async def _cut_in_turn(fleet: Fleet, cuts: Sequence[tuple[str, str]]) -> None:
    """From when the crowd has begun to buy."""
    if not cuts:
        return
    (before,) = await fleet.stage.rows(ASKED_FOR)

    async def selling() -> bool:
        (now,) = await fleet.stage.rows(ASKED_FOR)
        return bool(now["count"] >= before["count"] + FIRST_HOLDS)

    await until(selling, SELLING_S_MAX)
    for one, other in cuts:
        await asyncio.sleep(BETWEEN_CUTS_S)
        await fleet.network.cut(between_kinds(fleet.parts, one, other, "both"))
        await asyncio.sleep(CUT_S)
        await fleet.network.heal()


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
