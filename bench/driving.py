"""Load on rooms, measured: a generator as a process of its own beside them, its window, and what everybody spent."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench import load
from bench.load import Measured
from bench.measuring import Spent, Stopwatch, progress
from bench.open_plan import Latency, Plan, Seen, Stream
from bench.partner_load import PartnerPlan, PartnerSaw
from bench.sale import CREATED
from bench.site import CHECKOUT, Room, Site
from bench.socket_load import SocketPlan

SETTLE_S = 1.0
"""From an open loop's last connection to its first request."""


@dataclass(frozen=True)
class Size:
    """Seconds and rounds of a run in which an open loop follows the search for the peak: a full one, or `--quick`."""

    rounds: int
    jvm_warm_s: float
    peak_s: float
    warm_s: float
    measure_s: float


@dataclass(frozen=True)
class Loaded:
    """What a closed loop saw, and what it cost."""

    measured: Measured
    spent: Spent

    @property
    def created(self) -> int:
        """Answers 201 in the window."""
        return self.measured.statuses.get(CREATED, 0)

    @property
    def rate(self) -> float:
        """Answers 201 per second."""
        return self.created / self.measured.seconds

    def conditions(self) -> dict[str, object]:
        """What a line says of it."""
        return {
            "cpu_us": self.spent.cpu_us_per(self.created),
            "p50_ms": round(self.measured.p50_ms, 2),
            "p99_ms": round(self.measured.p99_ms, 2),
            "statuses": self.measured.statuses,
        }


@dataclass(frozen=True)
class Crowd:
    """One kind of request in an open loop: `rate_per_s` of `requests`, over connections of its own, to `rooms`. `told`:
    the file in which to leave what was asked and told."""

    name: str
    rooms: Sequence[Room]
    connections: int
    rate_per_s: float
    requests: Iterable[bytes]
    told: Path | None = None


async def closed_loop(
    site: Site,
    rooms: Sequence[Room],
    connections: int,
    requests: Iterable[bytes],
    *,
    warm_s: float,
    measure_s: float,
) -> Loaded:
    """As many requests as go, against the first of `rooms`, which are the ones at work."""
    path = await _write(site, f"requests-{_port(rooms[0])}", requests)
    words = (str(_port(rooms[0])), str(connections), str(warm_s), str(measure_s), str(path))
    async with _generator("bench.load", words) as generator:
        spent, answer = await _window(site, rooms, generator, measure_s)
    loaded = Loaded(msgspec.json.decode(answer, type=Measured), spent)
    progress(f"{rooms[0].module}: {loaded.rate:,.0f}/s, foreign load {spent.foreign_cores:.1f} cores")
    return loaded


async def closed_loop_by_socket(
    site: Site, rooms: Sequence[Room], plan: SocketPlan, *, warm_s: float, measure_s: float
) -> Loaded:
    """As `closed_loop`, each socket with one wish at a time."""
    path = site.directory / "socket-plan"
    path.write_bytes(msgspec.json.encode(plan))
    words = (str(_port(rooms[0])), str(warm_s), str(measure_s), str(path))
    async with _generator("bench.socket_load", words) as generator:
        spent, answer = await _window(site, rooms, generator, measure_s)
    loaded = Loaded(msgspec.json.decode(answer, type=Measured), spent)
    progress(f"{rooms[0].module}: {loaded.rate:,.0f}/s, foreign load {spent.foreign_cores:.1f} cores")
    return loaded


async def partners_loop(
    site: Site, rooms: Sequence[Room], plan: PartnerPlan, *, warm_s: float, measure_s: float
) -> tuple[list[PartnerSaw], Spent]:
    """Partners at the first of `rooms`, each over its own connections; what each saw, and what was spent."""
    path = site.directory / "partner-plan"
    path.write_bytes(msgspec.json.encode(plan))
    words = (str(_port(rooms[0])), str(warm_s), str(measure_s), str(path))
    async with _generator("bench.partner_load", words) as generator:
        spent, answer = await _window(site, rooms, generator, measure_s)
    return msgspec.json.decode(answer, type=list[PartnerSaw]), spent


async def open_loop(
    site: Site, rooms: Sequence[Room], crowds: Sequence[Crowd], *, warm_s: float, measure_s: float
) -> tuple[dict[str, Seen], Spent]:
    """Requests by a schedule that waits for nobody; what each crowd saw, and what `rooms` and the others spent."""
    streams = [
        Stream(
            name=crowd.name,
            ports=[_port(room) for room in crowd.rooms],
            connections=crowd.connections,
            rate_per_s=crowd.rate_per_s,
            requests=str(await _write(site, f"requests-{number}", crowd.requests)),
            told=str(crowd.told or ""),
        )
        for number, crowd in enumerate(crowds)
    ]
    plan = site.directory / "plan"
    plan.write_bytes(msgspec.json.encode(Plan(warm_s, measure_s, streams, SETTLE_S)))
    async with _generator("bench.open_load", (str(plan),)) as generator:
        spent, answer = await _window(site, rooms, generator, measure_s)
    seen = msgspec.json.decode(answer, type=dict[str, Seen])
    for name, stream in seen.items():
        progress(f"{name}: {stream.sent / measure_s:,.0f}/s sent, {stream.summary()}")
    return seen, spent


async def to_the_end(site: Site, rooms: Sequence[Room], module: str, words: Sequence[str]) -> tuple[Spent, bytes]:
    """A generator that ends by itself, once all has been asked: what was spent until then, and its answer."""
    async with _generator(module, words) as generator:
        return await _window(site, rooms, generator, None)


def all_granted(seen: Seen, prepared: int) -> Latency:
    """Of holds that were granted, all of them, when no more than the `prepared` ones were sent. Raises RuntimeError."""
    if set(seen.answers) != {CREATED} or seen.unanswered or seen.due > prepared:
        raise RuntimeError(f"{seen.due} of {prepared} holds were asked for, not all were granted: {seen.summary()}")
    return seen.answers[CREATED]


@asynccontextmanager
async def watching(site: Site, room: Room, path: str, sockets: int, listen_s: float) -> AsyncIterator[Path]:
    """`sockets` websockets to `path` of `room`, open when this is entered, for `listen_s` seconds from then on; leaving
    waits for their end. The file (`bench.watching`) is written by then."""
    told = site.directory / "told"
    words = (str(_port(room)), path, str(sockets), str(listen_s), str(told))
    async with _generator("bench.watching", words) as generator:
        assert generator.stdout is not None
        if await generator.stdout.readline() != load.BEGUN:
            raise RuntimeError("the sockets did not open; the reason stands above")
        yield told
        if await generator.wait() != 0:
            raise RuntimeError("the sockets were not heard out; the reason stands above")


def _port(room: Room) -> int:
    return int(room.url.rpartition(":")[2])


async def _write(site: Site, name: str, requests: Iterable[bytes]) -> Path:
    path = site.directory / name
    await asyncio.to_thread(lambda: path.write_bytes(load.pack(requests)))
    return path


async def _window(
    site: Site, rooms: Sequence[Room], generator: asyncio.subprocess.Process, measure_s: float | None
) -> tuple[Spent, bytes]:
    """What was spent in the generator's measured window, and its last line."""
    assert generator.stdout is not None
    failed = RuntimeError("the load generator failed; its reason stands above")
    if await generator.stdout.readline() != load.BEGUN:
        raise failed
    watch = Stopwatch(site.processes(*rooms, load_pid=generator.pid))
    line = asyncio.ensure_future(generator.stdout.readline())
    await asyncio.wait({line}, timeout=measure_s)
    spent, answer = watch.stop(), await line
    if answer == load.ENDED:
        answer = await generator.stdout.readline()
    if not answer:
        raise failed
    return spent, answer


@asynccontextmanager
async def _generator(module: str, words: Sequence[str]) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *words, stdout=asyncio.subprocess.PIPE, cwd=CHECKOUT, limit=2**20
    )
    try:
        yield process
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
