"""Twenty partners with keys and shares of their own on one show of 5,000 seats: `python -m bench.partners [--quick]`.

For a minute all of them ask for the same, as fast as they are answered: does everybody get the same, and wait equally
long? The same over more connections, where there is more to do than can be done. Then one of them asks over ten times
as many connections as each other: what does that cost the others? At last they sell until their shares are used up:
does each get exactly its share? `onsale verify` judges all of it.
"""

import secrets
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec

from bench import sale
from bench.driving import partners_loop
from bench.measuring import Bench, Gate, Spent, progress
from bench.partner_load import Partner, PartnerPlan, PartnerSaw
from bench.running import as_told, new_bench, provisioned_site
from bench.site import Connection, Room, Site
from ingress.key_table import create_key
from ingress.keys import PLENTY
from runtime.postgres import open_pool, room_url
from ticketing.clock import SystemClock

SEED = 20261126
PARTNERS, SHARE, FLOOD_TIMES = 20, 200, 10
ROWS, SEATS_PER_ROW = 50, 100
CONNECTIONS_EACH, CROWDED_EACH = 10, 25
BOOKS_EACH = 200
"""In the minute few are booked, so that the shares last."""
SELLING: dict[str, object] = {"seats_per_hold_partner": 1, "max_held_seats_per_person": 5_000, "unpaid_holds": 0}
SELL_OUT_S, SELL_OUT_ROUNDS_MAX = 8, 6

SOLD = """
SELECT account, sum(cardinality(seats))::int AS places FROM reservation
WHERE status = 'booked' AND account = ANY($1) GROUP BY account
"""
EVEN, SLOWEST = Gate(0.10, at_most=True), Gate(1.5, at_most=True)
FLOODED = Gate(1.20, at_most=True)
REFUSED = Gate(0.05, at_most=True)
"""Of one's holds, more than of others': who is fast for those it lets in must not be so by turning others away."""
NONE = Gate(0, at_most=True)


@dataclass(frozen=True)
class Size:
    """Seconds."""

    warm_s: float
    minute_s: float
    crowded_s: float
    flood_s: float
    floods: int
    crowded_floods: int


FULL = Size(warm_s=3, minute_s=60, crowded_s=20, flood_s=8, floods=9, crowded_floods=3)
QUICK = Size(warm_s=2, minute_s=8, crowded_s=4, flood_s=4, floods=1, crowded_floods=1)


Saw = tuple[list[PartnerSaw], Spent]


async def run(size: Size) -> list[str]:
    """The minute, the crowd, the floods, the shares; the gates that were missed."""
    async with provisioned_site() as (site, connection):
        async with site.room("allocator", ready=True) as allocator, site.room("ingress", ready=True) as ingress:
            rooms = (ingress, allocator)
            plan = await _shared_show(site, ingress)
            minute = await partners_loop(site, rooms, plan, warm_s=size.warm_s, measure_s=size.minute_s)
            many = _over(plan, CROWDED_EACH)
            crowded = await partners_loop(site, rooms, many, warm_s=size.warm_s, measure_s=size.crowded_s)
            floods = [await _flood(site, rooms, plan, size) for _ in range(size.floods)]
            crowded_floods = [await _flood(site, rooms, many, size) for _ in range(size.crowded_floods)]
            sold = await _sell_out(site, rooms, connection, plan)
        bench = await new_bench(
            "partners", connection, warm_s=0, loop="closed", partners=PARTNERS, connections=CONNECTIONS_EACH * PARTNERS,
            quick=size is QUICK,
        )  # fmt: skip
        _report_even(bench, minute)
        over_many = f", {CROWDED_EACH * PARTNERS} connections"
        _report_even(bench, crowded, over_many)
        _report_floods(bench, floods)
        _report_floods(bench, crowded_floods, over_many)
        unequal = sum(count != SHARE for count in sold)
        bench.line("partners that did not sell exactly their share", "partners", [unequal], NONE, sold=sold)
        bench.line("violations that onsale verify finds", "violations", [await site.violations()], NONE)
        return bench.missed


def _report_even(bench: Bench, saw: Saw, beside: str = "") -> None:
    each, spent = saw
    granted, p99_ms, refused = [one.granted for one in each], [one.p99_ms for one in each], _refused(each)
    mean = statistics.mean(granted)
    foreign: dict[str, Any] = {"foreign_cores": [spent.foreign_cores]}
    furthest = max(abs(count - mean) for count in granted) / mean
    bench.line(f"grants of the partner that is furthest from the mean{beside}", "of it", [furthest], EVEN,
               granted=granted, cpu_us=spent.cpu_us_per(sum(granted)), **foreign)  # fmt: skip
    slowest = max(p99_ms) / min(p99_ms)
    bench.line(f"p99 of the slowest partner to the fastest{beside}", "times", [slowest], SLOWEST,
               p50_ms=[one.p50_ms for one in each], p99_ms=p99_ms, **foreign)  # fmt: skip
    apart = max(refused) - min(refused)
    bench.line(f"holds told to come back, most of a partner's less fewest of another's{beside}", "of them", [apart],
               REFUSED, refused=refused, **foreign)  # fmt: skip


def _report_floods(bench: Bench, floods: Sequence[tuple[Saw, Saw]], beside: str = "") -> None:
    foreign: dict[str, Any] = {"foreign_cores": [flooded.foreign_cores for _, (_, flooded) in floods]}
    for name in ("p50_ms", "p99_ms"):
        times = [_of_others(flooded, name) / _of_others(even, name) for (even, _), (flooded, _) in floods]
        bench.line(f"{name[:3]} of the others while one floods, to before{beside}", "times", times, FLOODED,
                   even_ms=[_of_others(even, name) for (even, _), _ in floods], **foreign)  # fmt: skip
    more = [max(_refused(flooded[1:])) - max(_refused(even[1:])) for (even, _), (flooded, _) in floods]
    bench.line(f"holds of the others told to come back while one floods, less before{beside}", "of them", more, REFUSED,
               of_flood=[flooded[0].refused_share for _, (flooded, _) in floods], **foreign)  # fmt: skip
    share = [flooded[0].granted / statistics.median(one.granted for one in flooded[1:]) for _, (flooded, _) in floods]
    bench.line(f"what the one who floods is granted, to each other{beside}", "times", share, **foreign)


def _refused(saw: Sequence[PartnerSaw]) -> list[float]:
    return [one.refused_share for one in saw]


def _of_others(saw: Sequence[PartnerSaw], name: str) -> float:
    return statistics.median(float(getattr(one, name)) for one in saw[1:])


def _over(plan: PartnerPlan, connections: int) -> PartnerPlan:
    """The same partners over as many connections each."""
    partners = [msgspec.structs.replace(partner, connections=connections) for partner in plan.partners]
    return msgspec.structs.replace(plan, partners=partners)


async def _flood(site: Site, rooms: Sequence[Room], plan: PartnerPlan, size: Size) -> tuple[Saw, Saw]:
    """The partners as they are, and the first of them ten times over, who comes back at once whatever it is told."""
    first = plan.partners[0]
    many = msgspec.structs.replace(first, connections=FLOOD_TIMES * first.connections, heeds=False)
    flooding = msgspec.structs.replace(plan, partners=[many, *plan.partners[1:]])
    even = await partners_loop(site, rooms, plan, warm_s=size.warm_s, measure_s=size.flood_s)
    flooded = await partners_loop(site, rooms, flooding, warm_s=size.warm_s, measure_s=size.flood_s)
    return even, flooded


async def _sell_out(site: Site, rooms: Sequence[Room], connection: Connection, plan: PartnerPlan) -> list[int]:
    """Everything that is held is booked, until nobody gets any more; what each has sold."""
    selling = msgspec.structs.replace(plan, books_each=1)
    for _ in range(SELL_OUT_ROUNDS_MAX):
        saw, _ = await partners_loop(site, rooms, selling, warm_s=0, measure_s=SELL_OUT_S)
        if not any(one.granted for one in saw):
            break
    rows = await connection.fetch(SOLD, [partner.account for partner in plan.partners])
    sold = {row["account"]: row["places"] for row in rows}
    progress(f"sold: {sorted(sold.values())}")
    return [sold.get(partner.account, 0) for partner in plan.partners]


async def _shared_show(site: Site, ingress: Room) -> PartnerPlan:
    """A show on sale, shares of it kept for twenty new keys."""
    made = await sale.make_show(site, ingress, rows=ROWS, seats_per_row=SEATS_PER_ROW, policy=SELLING)
    url = room_url(site.postgres_url, "onsale_ingress", site.servers.secret)
    now_ms = SystemClock().now_ms()
    async with open_pool(url, min_size=1, max_size=1, application_name="onsale bench") as pool:

        async def new_key(name: str, role: str) -> tuple[str, str]:
            return await create_key(pool, name, [role], False, now_ms, secrets.token_bytes(48), PLENTY)

        _, admin = await new_key("bench", "admin")
        keys = [await new_key(f"partner {number}", "booking") for number in range(PARTNERS)]
    async with httpx.AsyncClient(base_url=ingress.url, headers={"authorization": f"Bearer {admin}"}) as client:
        for account, _ in keys:
            kept = await client.put(f"/api/admin/shows/{made.show}/allocations/{account}", json={"share": SHARE})
            kept.raise_for_status()
        seats = (await client.get(f"/api/venues/{made.venue}/shows/{made.show}/seats")).json()["seats"]
    return PartnerPlan(
        show=made.show,
        seats=[seat["label"] for seat in seats],
        partners=[Partner(account, key, CONNECTIONS_EACH) for account, key in keys],
        books_each=BOOKS_EACH,
        seed=SEED,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where a full run missed a must; a quick one judges nothing."""
    return as_told("partners", run, arguments, full=FULL, quick=QUICK)


if __name__ == "__main__":
    sys.exit(main())
