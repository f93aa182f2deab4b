"""How long does the search for the best available seats take? `python -m bench.best [--quick]`.

100,000 seats, in rows or at tables that are sold by the seat, in memory, no servers: the search alone, in halls as the
rush leaves them and in halls made to be as slow as can be. Microseconds of one search, the median of many; the worst
case is the slowest hall's. And how long the plan takes that it searches in.
"""

import random
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.measuring import Bench, Gate, conditions_of
from bench.running import as_told
from ticketing.best_seats import best_seats
from ticketing.layout import Bookable, CategoryBody, Layout, LayoutBody, TableBody, build_layout
from ticketing.messages import Best
from ticketing.seating_plan import SeatingPlan
from ticketing.vocabulary import OrphanRule

SEED = 20261125
ROWS, SEATS_PER_ROW = 1_000, 100
TABLES, SEATS_PER_TABLE = 10_000, 10
TYPICAL, WORST = Gate(1_000, at_most=True), Gate(10_000, at_most=True)
PLAN = Gate(100_000, at_most=True)
"""A show waits for its plan once, when it is opened or taken over."""
PLANS = 5


@dataclass(frozen=True)
class Size:
    searches: int


FULL, QUICK = Size(200), Size(20)


def halls(seats: int, rng: random.Random) -> dict[str, bytearray]:
    """Which seats are free, by what the hall is like."""
    return {
        "nothing sold": bytearray(b"\x01") * seats,
        "half sold, best rows first": bytearray(seats // 2) + bytearray(b"\x01") * (seats - seats // 2),
        "nine in ten sold at random": bytearray(rng.random() < 0.1 for _ in range(seats)),
        "sold out": bytearray(seats),
        "single seats": bytearray(b"\x01\x00") * (seats // 2),
        "pairs": bytearray(b"\x01\x01\x00" * (seats // 3 + 1))[:seats],
        "threes": bytearray(b"\x01\x01\x01\x00" * (seats // 4)),
    }


TYPICAL_HALLS = ("nothing sold", "half sold, best rows first", "nine in ten sold at random")
TWO = Best(2)
WISHES = (Best(1), TWO, Best(3), Best(4), Best(10), Best(200), Best(2, adjacent=False))
RULES = (OrphanRule.OFF, OrphanRule.ENFORCE)


def rows() -> Layout:
    """A hall of rows."""
    return build_layout(
        LayoutBody(rows=ROWS, seats_per_row=SEATS_PER_ROW, categories=[CategoryBody(name="one", price=1)])
    )


def tables() -> Layout:
    """A hall of tables in a grid."""
    side = round(TABLES**0.5)
    listed = [
        TableBody(
            label=f"T{number}", x=number % side * 200, y=number // side * 200, seats=SEATS_PER_TABLE,
            category="one", bookable=Bookable.SEATS,
        )
        for number in range(TABLES)
    ]  # fmt: skip
    return build_layout(LayoutBody(categories=[CategoryBody(name="one", price=1)], tables=listed))


def plan_us(layout: Layout) -> float:
    """The median of some plans."""
    took = []
    for _ in range(PLANS):
        began = time.perf_counter()
        SeatingPlan(layout)
        took.append((time.perf_counter() - began) * 1e6)
    return statistics.median(took)


def search_us(plan: SeatingPlan, free: bytearray, wish: Best, times: int, rule: OrphanRule = OrphanRule.OFF) -> float:
    """The median of so many searches."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        best_seats(plan, free, wish, rule=rule)
        took.append((time.perf_counter() - began) * 1e6)
    return statistics.median(took)


async def run(size: Size) -> list[str]:
    """Every wish in every hall; the gates that were missed."""
    bench = Bench("best", conditions_of(loop="closed", seats=ROWS * SEATS_PER_ROW))
    for where, layout in (("", rows()), (" of tables", tables())):
        bench.line(f"the plan of a hall{where}", "us", [plan_us(layout)], PLAN)
        plan = SeatingPlan(layout)
        took: dict[str, float] = {}
        for name, free in halls(len(layout.seats), random.Random(SEED)).items():
            if name in TYPICAL_HALLS:
                row = f"two together, {name}{where and ', at tables'}"
                bench.line(row, "us", [search_us(plan, free, TWO, size.searches)], TYPICAL)
            for wish in WISHES:
                for rule in RULES:
                    what = f"{wish.quantity}{'' if wish.adjacent else ' apart'}, orphan rule {rule}, {name}"
                    took[what] = search_us(plan, free, wish, size.searches, rule)
        slowest = max(took, key=took.__getitem__)
        bench.line(f"slowest wish in the slowest hall{where}", "us", [took[slowest]], WORST, wish=slowest)
    return bench.missed


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where a full run missed a must; a quick one judges nothing."""
    return as_told("best", run, arguments, full=FULL, quick=QUICK)


if __name__ == "__main__":
    sys.exit(main())
