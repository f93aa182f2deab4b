"""A primary that is lost, and a wait for the standby that is cancelled."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from infra.provision import database_url
from tests.faults.crowd import Load
from tests.faults.own_servers import Ground, own_kafka, running
from tests.faults.postgres_pair import PostgresPair, open_pair
from tests.faults.report import Report, conclude
from tests.faults.rooms import until
from tests.faults.stage import DATABASE, Stage, open_stage

SECRET = "only-for-these-tests-and-no-others"
PROMOTED_S_MAX = 20.0
WAIT_S_MAX = 20.0
SILENT_S = 3.0
WAITING = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND wait_event = 'SyncRep' AND query LIKE 'SELECT apply_batch%'
"""
CANCEL = "SELECT pg_cancel_backend($1)"
DECIDED = "SELECT part, batch_seq, published_seq FROM allocator_cursor"


@asynccontextmanager
async def open_pair_stage(directory: Path, *, seed: int) -> AsyncIterator[tuple[Stage, PostgresPair]]:
    """A sale whose rooms reach Postgres by the address that moves."""
    kafka = own_kafka(directory / "kafka")
    async with open_pair(directory, SECRET, seed=seed) as pair, running(kafka):
        ground = Ground(directory, SECRET, pair.primary, kafka, pair.url, kafka.server.address)
        async with asyncio.timeout(WAIT_S_MAX):
            await until(pair.is_streaming, WAIT_S_MAX)
        async with open_stage(ground) as stage:
            yield stage, pair


async def primary_lost(stage: Stage, load: Load, pair: PostgresPair) -> Report:
    """kill -9 of the primary under load; the standby is promoted and the address moves."""
    began_s = time.monotonic()
    await pair.primary.kill()
    await pair.promote()
    moved_s = time.monotonic() - began_s
    resumed_s = await load.resumed_since(began_s)
    return await conclude(
        stage,
        load,
        fault="Postgres primary lost",
        done="kill -9, synchronous standby promoted, address moved",
        resumed_s=resumed_s,
        limit_s=PROMOTED_S_MAX,
        details={"moved_s": round(moved_s, 2)},
    )


async def cancelled_wait(stage: Stage, load: Load, pair: PostgresPair) -> Report:
    """The standby hears nothing; a batch waits for it and its wait is cancelled: "success", with a WARNING.

    What it wrote can be seen on the primary, and must not be told to anybody; then the primary is lost.
    """
    pair.between.black_hole()
    primary = replace(stage, postgres_url=database_url(pair.primary.server.address, DATABASE))
    pids = [row["pid"] for row in await until(lambda: primary.rows(WAITING), WAIT_S_MAX)]
    published = {row["part"]: row["published_seq"] for row in await primary.rows(DECIDED)}
    cancelled_s = time.monotonic()
    for pid in pids:
        await primary.rows(CANCEL, pid)
    await asyncio.sleep(SILENT_S)
    rows = await primary.rows(DECIDED)
    seen = sum(row["batch_seq"] - published[row["part"]] for row in rows)
    told = [line for line in load.history.read_on() if line.event == "ok" and line.at_s > cancelled_s]
    await pair.primary.kill()
    pair.between.reset()
    began_s = time.monotonic()
    await pair.promote()
    resumed_s = await load.resumed_since(began_s)
    warned = sum(
        "the server warned" in line["error"]
        for room in stage.running("allocator")
        for line in room.said("partition.dropped")
    )
    wrong: dict[str, Any] = {}
    if told:
        wrong["told before the standby had it"] = [str(line) for line in told[:3]]
    if not warned:
        wrong["no allocator heard the warning"] = True
    return await conclude(
        stage,
        load,
        fault="cancelled wait for the standby",
        done=f"pg_cancel_backend of {len(pids)} batches during SyncRep, then kill -9 and promotion",
        resumed_s=resumed_s,
        limit_s=PROMOTED_S_MAX,
        details={"batches_only_the_primary_had": seen, "warned": warned},
        wrong=wrong,
    )
