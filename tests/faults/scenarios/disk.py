"""A disk that is full, and has room again."""

import asyncio
import errno
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from tests.faults.crowd import Load
from tests.faults.own_servers import Ground, own_kafka, own_postgres, running
from tests.faults.report import Report, conclude
from tests.faults.rooms import until
from tests.faults.stage import Stage, open_stage

SECRET = "only-for-these-tests-and-no-others"
DISK_MB = 160
PIECE_BYTES = 64 * 1024
STOPPED_S_MAX = 20.0
FULL_S = 8.0
RESTART_S_MAX = 120.0


class NoMount(Exception):
    """A disk of this size cannot be made here: it takes the right to mount."""


@contextmanager
def small_disk(place: Path) -> Iterator[None]:
    """`place` as a disk of 160 MB. Raises NoMount."""
    place.mkdir()
    options = f"size={DISK_MB}m,mode=711"
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], check=False, capture_output=True, timeout=30
    )
    if made.returncode != 0:
        raise NoMount(made.stderr.decode().strip())
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True, timeout=30)


@asynccontextmanager
async def open_small_stage(directory: Path) -> AsyncIterator[Stage]:
    """A sale whose Postgres has little room. Raises NoMount."""
    with small_disk(directory / "disk"):
        postgres = own_postgres(directory / "disk" / "postgres", SECRET)
        kafka = own_kafka(directory / "kafka")
        async with running(postgres, kafka):
            ground = Ground(directory, SECRET, postgres, kafka, postgres.server.address, kafka.server.address)
            async with open_stage(ground) as stage:
                yield stage


async def disk_full(stage: Stage, load: Load) -> Report:
    """Something else fills the disk of Postgres under load, and goes away again."""
    ballast = stage.ground.directory / "disk" / "ballast"
    began_s = time.monotonic()
    keeping = asyncio.create_task(_keep(stage))
    filling = asyncio.create_task(_fill(ballast))

    async def paused() -> bool:
        return any(line.code == "sales_paused" and line.at_s > began_s for line in load.history.read_on())

    wrong: dict[str, Any] = {}
    try:
        await until(paused, STOPPED_S_MAX)
    except TimeoutError:
        wrong["sales did not pause"] = sorted({line.code for line in load.history.lines if line.status == 503})
    paused_s = time.monotonic() - began_s
    await asyncio.sleep(FULL_S)
    filling.cancel()
    await asyncio.gather(filling, return_exceptions=True)
    ballast.unlink()
    room_s = time.monotonic()
    resumed_s = await load.resumed_since(room_s)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    return await conclude(
        stage,
        load,
        fault="Postgres disk full",
        done=f"the rest of a disk of {DISK_MB} MB filled for {FULL_S + paused_s:.0f} s",
        resumed_s=resumed_s,
        details={"paused_after_s": round(paused_s, 2), "codes_503": sorted({
            line.code for line in load.history.lines if line.status == 503
        })},
        wrong=wrong,
    )  # fmt: skip


async def _keep(stage: Stage) -> None:
    """Start Postgres again when it ends, as its keeper would."""
    while True:
        await stage.ground.postgres.ended()
        await stage.ground.postgres.start(RESTART_S_MAX)


async def _fill(ballast: Path) -> None:
    """Take whatever room there is, again and again."""
    with ballast.open("ab", buffering=0) as file:
        while True:
            try:
                file.write(bytes(PIECE_BYTES))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                await asyncio.sleep(0.05)
