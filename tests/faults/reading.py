"""Somebody who only looks: what is left must be told whatever becomes of the writes, and never what was left before."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle

import httpx

from tests.faults.crowd import Load
from tests.faults.stage import Stage

READ_EVERY_S = 0.1
ANSWER_S_MAX = 5.0


@dataclass
class Reads:
    """How many looks were answered, and what came instead of an answer, or of one that is not older than the last."""

    answered: int = 0
    failed: list[str] = field(default_factory=list)
    newest: dict[str, int] = field(default_factory=dict)
    """The sequence number of the last answer, by path."""


@asynccontextmanager
async def reading(stage: Stage, load: Load) -> AsyncIterator[Reads]:
    """Looks at each show in turn for as long as the context is open, and at all of them before that: what nobody has
    looked at yet is read from Postgres."""
    assert stage.ingress is not None
    reads = Reads()
    async with httpx.AsyncClient(base_url=stage.ingress.url, timeout=ANSWER_S_MAX) as http:
        shows = [(await http.get(f"/api/events/{show.show}")).raise_for_status().json() for show in load.shows]
        paths = [f"/api/venues/{show['venue']}/shows/{show['show']}/availability" for show in shows]
        for path in paths:
            await _read(http, path, reads)
        task = asyncio.create_task(_read_on(http, paths, reads))
        try:
            yield reads
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _read_on(http: httpx.AsyncClient, paths: list[str], reads: Reads) -> None:
    for path in cycle(paths):
        await _read(http, path, reads)
        await asyncio.sleep(READ_EVERY_S)


async def _read(http: httpx.AsyncClient, path: str, reads: Reads) -> None:
    try:
        answer = await http.get(path)
    except httpx.TransportError as error:
        reads.failed.append(f"{path} {error!r}")
        return
    if answer.status_code != httpx.codes.OK:
        reads.failed.append(f"{path} {answer.status_code} {answer.text[:100]}")
        return
    reads.answered += 1
    seq = answer.json()["seq"]
    if seq < reads.newest.get(path, 0):
        reads.failed.append(f"{path} is as of {seq}, after {reads.newest[path]}")
    reads.newest[path] = seq
