"""A crowd that looks more than it buys, and one that only confirms: a part of `python -m bench.api`.

Closed loops of 256 connections against one ingress process and one allocator. Mixed: 20 look at what is left, 3 hold, 1
confirms a hold that was made two thousand requests before. Alone: confirmations of places that were held beforehand.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench import sale
from bench.driving import Crowd, Loaded, all_granted, closed_loop, open_loop
from bench.measuring import Bench, Gate, medians
from bench.sale import CREATED, Held
from bench.site import Connection, Site

SEED = 20261121
PLACES = 200_000
CONNECTIONS = 256
LOOKS, HOLDS = 20, 3
"""For each confirmation."""
GROUPS_BEHIND = 85
"""How many such groups lie between a hold and its confirmation: more requests than there are connections, so the hold
was answered."""
HOLDS_A_S = 2_000
OK = 200

MIXED = Gate(3_000, 8_000)
CONFIRMS = Gate(1_500, 5_000)


@dataclass(frozen=True)
class Size:
    """Seconds, rounds and counts of a full run, or of `--quick`."""

    rounds: int
    jvm_warm_s: float
    warm_s: float
    measure_s: float
    groups: int
    confirms: int


FULL = Size(rounds=3, jvm_warm_s=60, warm_s=2, measure_s=6, groups=6_000, confirms=28_000)
QUICK = Size(rounds=1, jvm_warm_s=0, warm_s=1, measure_s=3, groups=3_000, confirms=20_000)


def report(bench: Bench, rounds: Sequence[tuple[Loaded, Loaded]]) -> None:
    """The lines of both crowds."""
    _report(bench, "look, hold and confirm, 20 : 3 : 1", [mixed for mixed, _ in rounds], MIXED)
    _report(bench, "confirms alone", [confirms for _, confirms in rounds], CONFIRMS)


async def one_round(site: Site, connection: Connection, size: Size, rng: random.Random) -> tuple[Loaded, Loaded]:
    """The mixed crowd, then the one that confirms."""
    await site.empty(connection)
    async with site.room("allocator", ready=True) as allocator, site.room("ingress", ready=True) as ingress:
        rooms = (ingress, allocator)
        made = await sale.make_show(site, ingress, capacity=PLACES)
        look = sale.get(f"/api/venues/{made.venue}/shows/{made.show}/availability")
        held = list(sale.area_holds(site, made.show, HOLDS * size.groups, rng, places_each=1))
        requests = _mixed(look, held)
        mixed = await closed_loop(site, rooms, CONNECTIONS, requests, warm_s=size.warm_s, measure_s=size.measure_s)
        show = (await sale.make_show(site, ingress, capacity=PLACES)).show
        held = list(sale.area_holds(site, show, round(1.2 * size.confirms), rng, places_each=1))
        crowd = Crowd("held before", [ingress], CONNECTIONS, HOLDS_A_S, [each.hold for each in held])
        seen, _ = await open_loop(site, rooms, [crowd], warm_s=0, measure_s=size.confirms / HOLDS_A_S)
        before = seen["held before"]
        all_granted(before, len(held))
        confirms = (each.confirm for each in held[: before.due])
        alone = await closed_loop(site, rooms, CONNECTIONS, confirms, warm_s=1, measure_s=size.measure_s / 2)
    for loaded in (mixed, alone):
        if set(loaded.measured.ever) - {OK, CREATED}:
            raise RuntimeError(f"not only 200 and 201 was answered: {loaded.measured.ever}")
    return mixed, alone


def _mixed(look: bytes, held: Sequence[Held]) -> Iterator[bytes]:
    for group in range(len(held) // HOLDS):
        yield from [look] * LOOKS
        yield from (each.hold for each in held[HOLDS * group : HOLDS * (group + 1)])
        yield held[HOLDS * (group - GROUPS_BEHIND)].confirm if group >= GROUPS_BEHIND else look


def _report(bench: Bench, case: str, rounds: Sequence[Loaded], gate: Gate) -> None:
    counts = [sum(each.measured.statuses.values()) for each in rounds]
    bench.line(
        case,
        "requests/s",
        [count / each.measured.seconds for count, each in zip(counts, rounds, strict=True)],
        gate,
        p50_ms=[round(each.measured.p50_ms, 2) for each in rounds],
        p99_ms=[round(each.measured.p99_ms, 2) for each in rounds],
        statuses=rounds[0].measured.statuses,
        cpu_us=medians([each.spent.cpu_us_per(count) for each, count in zip(rounds, counts, strict=True)]),
        foreign_cores=[each.spent.foreign_cores for each in rounds],
    )
