"""How many commands a second does one partition's allocator decide, durably? `python -m bench.allocator [--quick]`.

Each round drains backlogs of the real log by a fresh `python -m allocator` into the real Postgres, and runs the
transaction-per-request design on the same servers between them; ratios are taken within a round.
"""

import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from bench import batch_cost, one_by_one
from bench.backlog import Drained, drain, make_hall, write_backlog
from bench.measuring import Bench, Gate, conditions_of, medians, progress
from bench.running import as_told
from bench.site import Connection, Site, open_site
from bench.wishes import Hall, area_holds, area_layout, new_show, pair_holds, seat_layout
from infra.embedded.downloads import KAFKA_VERSION
from ticketing import messages
from ticketing.clock import SystemClock
from ticketing.layout import Layout

SEED = 20261121
PARTS = 12
TAKERS = {"one transaction": one_by_one.take, "one statement": one_by_one.take_in_one_statement}


@dataclass(frozen=True)
class Size:
    """How much is measured: seconds and counts of a full run, or of `--quick`."""

    rounds: int
    jvm_warm_s: float
    area_holds: int
    pair_holds: int
    lost_holds: int
    baseline_s: float
    batches: int


FULL = Size(
    rounds=5,
    jvm_warm_s=60,
    area_holds=100_000,
    pair_holds=60_000,
    lost_holds=150_000,
    baseline_s=4,
    batches=20,
)
QUICK = Size(rounds=1, jvm_warm_s=0, area_holds=30_000, pair_holds=20_000, lost_holds=60_000, baseline_s=1, batches=6)

Wishes = Callable[[Hall, int, int, random.Random], Iterator[messages.HoldSeats]]


@dataclass(frozen=True)
class Case:
    """A backlog of `count` holds over `layout`; `granted` of them can be."""

    name: str
    layout: Layout
    wishes: Wishes
    count: int
    granted: int
    gate: Gate | None


@dataclass
class Series:
    """What the rounds gave."""

    drained: dict[str, list[Drained]] = field(default_factory=dict)
    single: dict[str, list[float]] = field(default_factory=dict)


def cases(size: Size) -> list[Case]:
    """The rows of design/performance.md for the allocator alone."""
    tickets = size.lost_holds // 100
    return [
        Case("area holds", area_layout(2 * size.area_holds), area_holds, size.area_holds, size.area_holds, AREA),
        Case(
            "seated holds of two",
            seat_layout(2 * size.pair_holds // 100, 100),
            pair_holds,
            size.pair_holds,
            size.pair_holds,
            SEATED,
        ),
        Case("area holds, 1 % accepted", area_layout(2 * tickets), area_holds, size.lost_holds, tickets, LOST),
        Case(
            "seated holds of two, 1 % accepted",
            seat_layout(2 * tickets // 20, 20),
            pair_holds,
            size.lost_holds,
            tickets,
            LOST,
        ),
    ]


AREA = Gate(50_000, 110_000)
SEATED = Gate(20_000, 45_000)
LOST = Gate(150_000, 400_000)
AGAINST_ONE_BY_ONE = Gate(20, 50)
AGAINST_BARE_INSERT = Gate(1.6, 1.2, at_most=True)


async def run(size: Size) -> list[str]:
    """All cases in interleaved rounds; the gates that were missed."""
    rng = random.Random(SEED)
    async with open_site() as site:
        await site.provision()
        connection = await site.connect()
        try:
            server = await connection.fetchval("SHOW server_version")
            series, warm_s = await _measure(site, connection, size, rng)
            bench = Bench(
                "allocator",
                conditions_of(
                    loop="closed: a backlog in the log is drained",
                    connections=1,
                    jvm_warm_s=round(warm_s),
                    postgres=server,
                    kafka=KAFKA_VERSION,
                ),
            )
            _report(bench, size, series)
            for line in await batch_cost.measure(site, connection, rounds=size.rounds, batches=size.batches, rng=rng):
                gate = AGAINST_BARE_INSERT if line.gated else None
                bench.line(line.case, "times a bare insert", line.ratios, gate, batch=line.batch)
            return bench.missed
        finally:
            await connection.close()


async def _measure(site: Site, connection: Connection, size: Size, rng: random.Random) -> tuple[Series, float]:
    """The interleaved rounds, and for how many seconds the broker had been under load before the first one."""
    began_s = time.monotonic()
    every = cases(size)
    part = 0
    while time.monotonic() - began_s < size.jvm_warm_s:
        await _drain(site, connection, every[part % len(every)], part % PARTS, rng)
        part += 1
    warm_s = time.monotonic() - began_s
    await one_by_one.prepare(connection)
    series = Series()
    for _ in range(size.rounds):
        for case in every:
            drained = await _drain(site, connection, case, part % PARTS, rng)
            series.drained.setdefault(case.name, []).append(drained)
            part += 1
        for name, taking in TAKERS.items():
            single = await _one_by_one(connection, taking, size.baseline_s, rng)
            series.single.setdefault(name, []).append(single)
    return series, warm_s


async def _drain(site: Site, connection: Connection, case: Case, part: int, rng: random.Random) -> Drained:
    await site.empty(connection)
    hall = await make_hall(site, connection, case.layout, rng)
    holds = case.wishes(hall, case.count, SystemClock().now_ms(), rng)
    backlog = await write_backlog(site, part, hall, holds, rng)
    drained = await drain(site, backlog, connection)
    taken = drained.seats + drained.places
    if drained.reservations != case.granted or taken != 2 * case.granted:
        raise RuntimeError(f"{case.name}: {drained.reservations} of {case.granted} granted, {taken} places taken")
    progress(f"{case.name}: {drained.rate:,.0f}/s, foreign load {drained.spent.foreign_cores:.1f} cores")
    return drained


async def _one_by_one(connection: Connection, taking: one_by_one.Taking, for_s: float, rng: random.Random) -> float:
    hall = Hall(new_show(rng), "", area_layout(10), b"")
    await one_by_one.add_area(connection, hall.show, 10**9)
    asked = one_by_one.asks(area_holds(hall, int(for_s * 10_000), SystemClock().now_ms(), rng))
    return await one_by_one.rate(connection, taking, asked, for_s)


def _report(bench: Bench, size: Size, series: Series) -> None:
    for case in cases(size):
        drained = series.drained[case.name]
        bench.line(
            case.name,
            "commands/s",
            [each.rate for each in drained],
            case.gate,
            holds=case.count,
            records_a_batch=round(drained[0].count / drained[0].batches),
            cpu_us=medians([each.spent.cpu_us_per(each.count) for each in drained]),
            foreign_cores=[each.spent.foreign_cores for each in drained],
        )
    for name, rates in series.single.items():
        bench.line(f"{name} per request", "holds/s", rates)
    ours = [each.rate for each in series.drained["area holds"]]
    for name, gate in (("one transaction", AGAINST_ONE_BY_ONE), ("one statement", None)):
        ratios = [rate / single for rate, single in zip(ours, series.single[name], strict=True)]
        bench.line(f"area holds against {name} per request", "times", ratios, gate)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where a full run missed a must; a quick one judges nothing."""
    return as_told("allocator", run, arguments, full=FULL, quick=QUICK)


if __name__ == "__main__":
    sys.exit(main())
