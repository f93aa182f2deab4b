"""How do we compare with pretix at the last places of a show? `python -m bench.peers [--quick] [--rounds N]`.

Both run for the whole time on the same servers; one is asked, then the other. What the one that is not asked spends
meanwhile is in its line of CPU time. Counts are compared with the tables after each trial.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import uvloop

from bench.measuring import Bench, Gate, Spent, medians, progress
from bench.peers.judging import Group, Sale, contradictions, summary
from bench.peers.ours import open_onsale
from bench.peers.plan import DEMAND, FULL, QUICK, Case, Size, trials
from bench.peers.pretix import WORKERS, open_pretix
from bench.peers.shops import Shop, sell
from bench.running import new_bench, provisioned_site, warm_up
from bench.site import Site

EXACT = Gate(0, 0, at_most=True)


@dataclass(frozen=True)
class Outcome:
    """A trial: what its buyers saw, what it cost, what the tables say."""

    case: Case
    shop: str
    processes: Sequence[str]
    sale: Sale
    spent: Spent
    found: int
    wrong: Sequence[str]


async def run(size: Size) -> list[str]:
    """All trials; the gates that were missed."""
    async with AsyncExitStack() as stack:
        site, connection = await stack.enter_async_context(provisioned_site())
        theirs = await stack.enter_async_context(open_pretix(site))
        ours = await stack.enter_async_context(open_onsale(site, connection))
        shops: dict[str, Shop] = {shop.name: shop for shop in (ours, theirs)}
        await one_trial(site, shops, theirs, size.warm)
        await one_trial(site, shops, ours, size.warm)
        warm_s = await warm_up(size.jvm_warm_s, lambda: one_trial(site, shops, ours, size.warm))
        outcomes = [
            await one_trial(site, shops, shops[trial.shop], trial.case)
            for trial in trials(size.cases, size.rounds, (ours.name, theirs.name))
        ]
        bench = await new_bench(
            "peers",
            connection,
            warm_s=warm_s,
            loop="closed",
            demand=DEMAND,
            pretix=theirs.version,
            pretix_web_workers=WORKERS,
        )
        for case in size.cases:
            report(bench, case, [each for each in outcomes if each.case == case], (ours.name, theirs.name))
        for name, gate in ((ours.name, EXACT), (theirs.name, None)):
            report_counts(bench, name, [each for each in outcomes if each.shop == name], gate)
        return bench.missed


async def one_trial(site: Site, shops: dict[str, Shop], shop: Shop, case: Case) -> Outcome:
    """A new show, its crowd, the count, and whatever the shop has put off."""
    offer = await shop.offer(case)
    attempts, spent = await sell(site, list(shops.values()), shop, case, offer)
    sale, found = summary(attempts), await shop.sold(offer)
    await shop.rest()
    wrong = contradictions(sale, found, case.stock)
    progress(
        f"{shop.name}, {case}: sold {told(sale.sold)}; refused {told(sale.refused)}; other answers {dict(sale.other)}; "
        f"{found} in the tables, {'; '.join(wrong) or 'as told'}; foreign load {spent.foreign_cores:.1f} cores"
    )
    return Outcome(case, shop.name, [room.module for room in shop.rooms], sale, spent, found, wrong)


def told(group: Group | None) -> str:
    """For whoever watches."""
    if group is None:
        return "nobody"
    return f"{group.count} at {group.rate:,.1f}/s, p50 {group.p50_ms:,.0f} ms, p99 {group.p99_ms:,.0f} ms"


def report(bench: Bench, case: Case, outcomes: Sequence[Outcome], names: tuple[str, str]) -> None:
    """The lines of a case: of each shop what it sold and refused a second, and how many times more the first one sold.

    Raises RuntimeError where a shop sold to nobody or refused nobody: then nothing was measured.
    """
    sold_by: dict[str, list[float]] = {}
    for name in names:
        of = [each for each in outcomes if each.shop == name]
        beside: dict[str, Any] = {
            "clients": case.clients,
            "stock": case.stock,
            "wanted": case.wanted,
            "found": [each.found for each in of],
            "unsettled": [each.sale.other for each in of],
            "processes": of[0].processes,
            "cpu_us": medians([each.spent.cpu_us_per(case.wanted) for each in of]),
            "foreign_cores": [each.spent.foreign_cores for each in of],
        }
        for what, groups in (
            ("sold", [each.sale.sold for each in of]),
            ("refused", [each.sale.refused for each in of]),
        ):
            there = [group for group in groups if group is not None]
            if len(there) < len(of):
                raise RuntimeError(f"{name}, {case}: a trial in which nobody was {what}")
            rates = [group.rate for group in there]
            bench.line(
                f"{name}, {case}: {what}",
                f"{what}/s",
                rates,
                p50_ms=medians([{"p50": group.p50_ms} for group in there])["p50"],
                p99_ms=medians([{"p99": group.p99_ms} for group in there])["p99"],
                shop=name,
                what=what,
                **beside,
            )
            if what == "sold":
                sold_by[name] = rates
    ours, theirs = (sold_by[name] for name in names)
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    about: dict[str, Any] = {"stock": case.stock, "clients": case.clients, "shop": names[0], "what": "times"}
    bench.line(f"{names[0]} against {names[1]}, {case}: sold", "times", ratios, **about)


def report_counts(bench: Bench, name: str, outcomes: Sequence[Outcome], gate: Gate | None) -> None:
    """The line that says whether the tables of a shop agree with what its buyers were told."""
    wrong = [each for outcome in outcomes for each in outcome.wrong]
    bench.line(
        f"{name}: contradictions between its tables and what buyers were told",
        "in all trials",
        [len(wrong)],
        gate,
        shop=name,
        what="contradictions",
        wrong=wrong,
        trials=len(outcomes),
        sold_beyond_stock=sum(max(0, each.found - each.case.stock) for each in outcomes),
        unsettled=sum(each.sale.unsettled for each in outcomes),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where a full run found our tables to contradict what buyers were told."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small case, once, on a cold broker; judges nothing")
    parser.add_argument("--rounds", type=int, default=FULL.rounds, help=f"of a full run; {FULL.rounds} unless told")
    given = parser.parse_args(arguments)
    missed = uvloop.run(run(QUICK if given.quick else replace(FULL, rounds=given.rounds)))
    for miss in missed:
        print(f"missed: {miss}", file=sys.stderr)
    return 1 if missed and not given.quick else 0


if __name__ == "__main__":
    sys.exit(main())
