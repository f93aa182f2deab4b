"""Does a stage cost more for each request when there are two of it? `python -m bench.stages [--quick]`.

One ingress process and one allocator at a quarter of the peak; then two of each at half of it, with a show for each
allocator, both sold at both ingress processes. So each worker does the same work each second in both, and what is more
CPU time for each request is the price of there being two. It stands for linear growth, which two cores cannot show.
"""

import asyncio
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from bench import sale
from bench.driving import Crowd, Size, all_granted, closed_loop, open_loop
from bench.measuring import Bench, Gate, medians, progress
from bench.open_load import OPEN_LOOP
from bench.running import as_told, new_bench, provisioned_site, warm_up
from bench.site import Connection, Room, Site
from ticketing.vocabulary import parse_show

SEED = 20261121
PLACES = 200_000
PEAK_CONNECTIONS = 256
CONNECTIONS = 256
"""Of each ingress process."""
SHARE_OF_PEAK = 0.25
"""Asked of each worker."""
STAGES = ("ingress", "allocator")
SHOWS_MAX = 12
SETTLED_S = 20.0

OWNER = "SELECT owner FROM allocator_cursor JOIN catalogue_show USING (part) WHERE show_id = $1"
OWNERS = "SELECT count(*) FROM allocator_cursor WHERE owner IS NOT NULL GROUP BY owner"

LINEAR = Gate(1.25, 1.1, at_most=True)


FULL = Size(rounds=3, jvm_warm_s=60, peak_s=5, warm_s=2, measure_s=8)
QUICK = Size(rounds=1, jvm_warm_s=0, peak_s=4, warm_s=2, measure_s=6)


@dataclass(frozen=True)
class Round:
    """CPU us for each request, by stage and by server, with one worker of each stage and with two."""

    one: dict[str, float]
    two: dict[str, float]
    foreign_cores: list[float]


async def run(size: Size) -> list[str]:
    """The rounds; the gates that were missed."""
    rng = random.Random(SEED)
    async with provisioned_site() as (site, connection):
        warm_s = await warm_up(size.jvm_warm_s, lambda: _peak(site, connection, size, rng))
        rate = SHARE_OF_PEAK * await _peak(site, connection, size, rng)
        rounds = []
        for _ in range(size.rounds):
            (one, alone), (two, beside) = [await _spent(site, connection, size, rate, count, rng) for count in (1, 2)]
            rounds.append(Round(one, two, [alone, beside]))
        bench = await new_bench(
            "stages", connection, warm_s=warm_s, loop=OPEN_LOOP, connections=CONNECTIONS, holds_a_s_each=round(rate)
        )
        _report(bench, rounds)
        return bench.missed


async def _peak(site: Site, connection: Connection, size: Size, rng: random.Random) -> float:
    """What a closed loop gets from one worker of each stage, 201/s."""
    await site.empty(connection)
    async with site.rooms(*STAGES) as rooms:
        show = (await sale.make_show(site, rooms[0], capacity=PLACES)).show
        holds = (held.hold for held in sale.area_holds(site, show, PLACES // sale.PLACES_EACH, rng))
        return (await closed_loop(site, rooms, PEAK_CONNECTIONS, holds, warm_s=2, measure_s=size.peak_s)).rate


async def _spent(  # noqa: PLR0917 -- a round's circumstances
    site: Site, connection: Connection, size: Size, rate: float, workers: int, rng: random.Random
) -> tuple[dict[str, float], float]:
    """CPU us for each request with `workers` of each stage at `rate` each, and the foreign load in cores."""
    await site.empty(connection)
    async with site.rooms(*(stage for stage in STAGES for _ in range(workers))) as rooms:
        doors = rooms[:workers]
        await _until_settled(connection, workers)
        shows = await _shows_of_different_allocators(site, connection, doors[0], workers)
        count = round(1.2 * rate * (size.warm_s + size.measure_s))
        lanes = [sale.area_holds(site, show, count, rng) for show in shows]
        holds = [held.hold for held in chain.from_iterable(zip(*lanes, strict=True))]
        crowd = Crowd("holds", doors, workers * CONNECTIONS, workers * rate, holds)
        seen, spent = await open_loop(site, rooms, [crowd], warm_s=size.warm_s, measure_s=size.measure_s)
    held = seen["holds"]
    all_granted(held, len(holds))
    by_process = spent.cpu_us_per(held.due)
    by_kind: dict[str, float] = {}
    for name, us in by_process.items():
        kind = name.split()[0]
        by_kind[kind] = by_kind.get(kind, 0.0) + us
    progress(f"{workers} of each: " + ", ".join(f"{stage} {by_kind[stage]:.1f} us" for stage in STAGES))
    return by_kind, spent.foreign_cores


async def _until_settled(connection: Connection, workers: int) -> None:
    """Until the allocators have shared the partitions out evenly."""
    async with asyncio.timeout(SETTLED_S):
        while True:
            owned = [row["count"] for row in await connection.fetch(OWNERS)]
            if len(owned) == workers and max(owned) - min(owned) <= 1:
                return
            await asyncio.sleep(0.1)


async def _shows_of_different_allocators(site: Site, connection: Connection, door: Room, count: int) -> list[str]:
    shows: dict[str, str] = {}
    for _ in range(SHOWS_MAX):
        show = (await sale.make_show(site, door, capacity=PLACES)).show
        shows.setdefault(str(await connection.fetchval(OWNER, parse_show(show))), show)
        if len(shows) == count:
            return list(shows.values())
    raise RuntimeError(f"all of {SHOWS_MAX} shows belong to {len(shows)} allocators")


def _report(bench: Bench, rounds: Sequence[Round]) -> None:
    one, two = medians([each.one for each in rounds]), medians([each.two for each in rounds])
    foreign = [cores for each in rounds for cores in each.foreign_cores]
    for name, cpu_us in (("1", one), ("2", two)):
        progress(f"{name} of each: {cpu_us}")
    for stage in STAGES:
        ratios = [each.two[stage] / each.one[stage] for each in rounds]
        bench.line(
            f"{stage}: CPU for each request at 2 workers against 1",
            "times",
            ratios,
            LINEAR,
            cpu_us={"1 worker": one[stage], "2 workers": two[stage]},
            servers_us={"1 worker": one, "2 workers": two},
            foreign_cores=foreign,
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where a full run missed a must; a quick one judges nothing."""
    return as_told("stages", run, arguments, full=FULL, quick=QUICK)


if __name__ == "__main__":
    sys.exit(main())
