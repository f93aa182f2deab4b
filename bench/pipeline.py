"""How many holds a second are committed and answered over HTTP? `python -m bench.pipeline [--quick]`.

One ingress process, one allocator, real Kafka and Postgres, the generator beside them on the same cores. Only a 201
counts, and it is sent after the commit; 202 (still undecided) never does. Each round also measures the
transaction-per-request design on the same HTTP stack, and an empty Starlette handler.
"""

import asyncio
import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench import one_by_one, sale
from bench.backlog import FOUND
from bench.driving import Loaded, closed_loop
from bench.measuring import Bench, Gate, conditions_of, medians
from bench.nothing import TILL, ask_for_nothing
from bench.running import as_told
from bench.sale import CREATED, PLACES_EACH
from bench.site import Connection, Room, Site, open_site
from infra.embedded.downloads import KAFKA_VERSION
from ticketing.vocabulary import parse_show

SEED = 20261121
PLACES = 200_000
OURS_CONNECTIONS = 256
THEIR_CONNECTIONS = 64
OURS_BESIDE, EMPTY_BESIDE = "holds beside nothing", "nothing beside holds"
OURS, THEIRS, EMPTY = "holds over HTTP", "one transaction per request over HTTP", "empty Starlette handler"

END_TO_END = Gate(3_500, 10_000)
AGAINST_ONE_BY_ONE = Gate(3, 6)
AGAINST_EMPTY = Gate(0.5, 0.9)


@dataclass(frozen=True)
class Size:
    """Seconds and rounds of a full run, or of `--quick`."""

    rounds: int
    jvm_warm_s: float
    warm_s: float
    measure_s: float
    requests_a_s: int
    """Prepared, for each second."""


# No show has places for more than eight seconds of the best rate seen.
FULL = Size(rounds=3, jvm_warm_s=60, warm_s=2, measure_s=6, requests_a_s=12_000)
QUICK = Size(rounds=1, jvm_warm_s=0, warm_s=1, measure_s=3, requests_a_s=12_000)


Series = dict[str, list[Loaded]]
"""The rounds of each case."""


async def run(size: Size) -> list[str]:
    """All cases in interleaved rounds; the gates that were missed."""
    rng = random.Random(SEED)
    async with open_site() as site:
        await site.provision()
        connection = await site.connect()
        try:
            await one_by_one.prepare(connection)
            began_s = time.monotonic()
            while time.monotonic() - began_s < size.jvm_warm_s:
                await _ours(site, connection, size, rng)
            warm_s = time.monotonic() - began_s
            series: Series = {OURS: [], THEIRS: [], EMPTY: [], OURS_BESIDE: [], EMPTY_BESIDE: []}
            for _ in range(size.rounds):
                show, loaded = await _ours(site, connection, size, rng)
                series[OURS].append(loaded)
                single, empty = await _theirs(site, connection, show, size, rng)
                series[THEIRS].append(single)
                series[EMPTY].append(empty)
                ours, empty = await _beside(site, connection, size, rng)
                series[OURS_BESIDE].append(ours)
                series[EMPTY_BESIDE].append(empty)
            bench = Bench(
                "pipeline",
                conditions_of(
                    loop="closed",
                    jvm_warm_s=round(warm_s),
                    postgres=await connection.fetchval("SHOW server_version"),
                    kafka=KAFKA_VERSION,
                    ingress_processes=1,
                ),
            )
            _report(bench, series)
            return bench.missed
        finally:
            await connection.close()


def _report(bench: Bench, series: Series) -> None:
    for case, connections, gate in (
        (OURS, OURS_CONNECTIONS, END_TO_END),
        (THEIRS, THEIR_CONNECTIONS, None),
        (EMPTY, OURS_CONNECTIONS, None),
    ):
        loaded = series[case]
        conditions = [each.conditions() for each in loaded]
        conditions[0]["cpu_us"] = medians([each.spent.cpu_us_per(each.created) for each in loaded])
        foreign = [each.spent.foreign_cores for each in loaded]
        bench.line(
            case,
            "201/s",
            _rates(series[case]),
            gate,
            connections=connections,
            foreign_cores=foreign,
            **conditions[0],
        )
    ours = _rates(series[OURS])
    for case, gate in ((THEIRS, AGAINST_ONE_BY_ONE), (EMPTY, None)):
        ratios = [one / other for one, other in zip(ours, _rates(series[case]), strict=True)]
        bench.line(f"{OURS} against {case}, rates", "times", ratios, gate)
    # What the route costs is its own process's time; the rates above share two cores with log, decider and database.
    for how, holding, empty, gate in (
        ("in turn", OURS, EMPTY, AGAINST_EMPTY),
        ("at the same time", OURS_BESIDE, EMPTY_BESIDE, None),
    ):
        nothing, hold = _own_cpu_us(series[empty], TILL), _own_cpu_us(series[holding], "ingress")
        ratios = [one / other for one, other in zip(nothing, hold, strict=True)]
        bench.line(
            f"hold route against {EMPTY}, CPU of their processes, {how}",
            "times",
            ratios,
            gate,
            cpu_us={"ingress": statistics.median(hold), TILL: statistics.median(nothing)},
        )


def _own_cpu_us(loaded: Sequence[Loaded], process: str) -> list[float]:
    """Microseconds of CPU that `process` spent on each answer, by round."""
    return [each.spent.cpu_s[process] / each.created * 1e6 for each in loaded]


def _rates(loaded: Sequence[Loaded]) -> list[float]:
    return [each.rate for each in loaded]


async def _ours(site: Site, connection: Connection, size: Size, rng: random.Random) -> tuple[str, Loaded]:
    """A new show, sold through ingress and allocator; its id, and what the load saw."""
    await site.empty(connection)
    async with site.room("allocator", ready=True) as allocator, site.room("ingress", ready=True) as ingress:
        show = (await sale.make_show(site, ingress, capacity=PLACES)).show
        requests = _holds(site, show, size, rng)
        loaded = await _load(site, (ingress, allocator), OURS_CONNECTIONS, size, requests)
        part = await connection.fetchval("SELECT part FROM catalogue_show WHERE show_id = $1", parse_show(show))
        found = await connection.fetchrow(FOUND, part, parse_show(show))
    assert found is not None
    _check(loaded, found["reservations"], found["places"])
    return show, loaded


async def _theirs(
    site: Site, connection: Connection, show: str, size: Size, rng: random.Random
) -> tuple[Loaded, Loaded]:
    """The same show sold by one transaction per request; and nothing at all, asked for in the same way."""
    number = parse_show(show)
    await one_by_one.add_area(connection, number, PLACES)
    async with site.room(TILL, ready=True) as till:
        requests = _holds(site, show, size, rng)
        single = await _load(site, (till,), THEIR_CONNECTIONS, size, requests)
        places = await connection.fetchval(one_by_one.TAKEN, number)
        _check(single, places // PLACES_EACH, places)
        empty = await _nothing(site, till, show, size, rng)
    return single, empty


async def _nothing(site: Site, till: Room, show: str, size: Size, rng: random.Random) -> Loaded:
    return await ask_for_nothing(site, till, show, rng, OURS_CONNECTIONS, warm_s=size.warm_s, measure_s=size.measure_s)


async def _beside(site: Site, connection: Connection, size: Size, rng: random.Random) -> tuple[Loaded, Loaded]:
    """Holds and nothings asked for in the same seconds, so that the same neighbours slow both processes down."""
    await site.empty(connection)
    async with (
        site.room("allocator", ready=True) as allocator,
        site.room("ingress", ready=True) as ingress,
        site.room(TILL, ready=True) as till,
    ):
        show = (await sale.make_show(site, ingress, capacity=PLACES)).show
        requests = _holds(site, show, size, rng)
        ours, empty = await asyncio.gather(
            _load(site, (ingress, allocator), OURS_CONNECTIONS, size, requests),
            _nothing(site, till, show, size, rng),
        )
    return ours, empty


def _check(loaded: Loaded, reservations: int, places: int) -> None:
    """Every 201 is a row, and there are no others but those whose answer was not waited for."""
    ever = loaded.measured.ever
    answered = ever.get(CREATED, 0)
    if set(ever) - {CREATED}:
        raise RuntimeError(f"not only 201 was answered: {ever}")
    if not answered <= reservations <= answered + OURS_CONNECTIONS or places != PLACES_EACH * reservations:
        raise RuntimeError(f"{answered} answers, {reservations} reservations, {places} places")


def _holds(site: Site, show: str, size: Size, rng: random.Random) -> Iterator[bytes]:
    """As many requests as the show has room for, or as could be sent in the time."""
    count = min(PLACES // PLACES_EACH, round(size.requests_a_s * (size.warm_s + size.measure_s)))
    return (held.hold for held in sale.area_holds(site, show, count, rng))


async def _load(site: Site, rooms: Sequence[Room], connections: int, size: Size, requests: Iterator[bytes]) -> Loaded:
    return await closed_loop(site, rooms, connections, requests, warm_s=size.warm_s, measure_s=size.measure_s)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where a full run missed a must; a quick one judges nothing."""
    return as_told("pipeline", run, arguments, full=FULL, quick=QUICK)


if __name__ == "__main__":
    sys.exit(main())
