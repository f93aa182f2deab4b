"""What becomes of three times the load that can be borne? `python -m bench.shedding [--quick]`.

First the peak (a closed loop); then places are held for people who will confirm them in the thick of it; then, for a
minute, an open loop asks for holds at three times the peak, while those people confirm and somebody asks for `/livez`;
then the peak again, each peak beside what an empty handler answers in the seconds behind it: a shared machine is not
as fast in one minute as in the next. A peak is the median of several, each on a show of its own, all by the rooms that
were warmed up: a process whose memory is still empty is quicker by a tenth, whatever it has been through, than one that
forgets something for everything that it learns. One ingress process, one allocator; the generator runs on the same
cores, so the lines say how many requests were really sent.
"""

import random
import statistics
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import chain

from bench import sale
from bench.driving import Crowd, Loaded, all_granted, closed_loop, open_loop
from bench.measuring import Bench, Gate, Spent, medians, progress
from bench.nothing import TILL, ask_for_nothing
from bench.open_load import OPEN_LOOP
from bench.open_plan import Seen
from bench.running import as_told, new_bench, provisioned_site, warm_up
from bench.sale import CREATED, Held
from bench.site import Connection, Room, Site

SEED = 20261121
TIMES = 3
PLACES = 200_000
DIFFERENT_HOLDS = 1.6
"""For each that the peak could grant in the time; sent again under new keys when they are used up."""
PEAK_CONNECTIONS = 256
CONNECTIONS = 4_000
CONFIRMING_CONNECTIONS = 64
CONFIRMS_A_S = 50
LIVEZ_A_S = 10
LIVEZ_CONNECTIONS = 8
BUSY = 503
OK = 200
HELD_TOLD, CONFIRMS_TOLD = "held.jsonl", "confirms.jsonl"

BOOKED = "SELECT count(*) FROM reservation WHERE status = 'booked'"

ACCEPTED_P95 = Gate(1_000, 300, at_most=True)
ACCEPTED_P99 = Gate(3_000, 1_000, at_most=True)
REFUSED_P99 = Gate(200, 50, at_most=True)
CONFIRMS_LOST = Gate(0, 0, at_most=True)
BACK = Gate(0.9, 1)
CLEAN = Gate(0, at_most=True)


@dataclass(frozen=True)
class Size:
    """Seconds of a full run, or of `--quick`."""

    jvm_warm_s: float
    peaks: int
    peak_s: float
    nothing_s: float
    overload_s: float


FULL = Size(jvm_warm_s=60, peaks=5, peak_s=6, nothing_s=3, overload_s=60)
QUICK = Size(jvm_warm_s=0, peaks=1, peak_s=5, nothing_s=2, overload_s=15)


@dataclass(frozen=True)
class Peak:
    """What was held, and what the empty handler answered in the seconds behind it."""

    holds: Loaded
    nothing: Loaded

    @property
    def times_nothing(self) -> float:
        """Holds for each answer of the empty handler, as rates."""
        return self.holds.rate / self.nothing.rate


@dataclass(frozen=True)
class Overload:
    """The peaks before and after, and what was seen between them."""

    before: Sequence[Peak]
    after: Sequence[Peak]
    seconds: float
    holds: Seen
    confirms: Seen
    livez: Seen
    spent: Spent


@dataclass(frozen=True)
class Stand:
    """The rooms at work, and who asks of them."""

    site: Site
    ingress: Room
    allocator: Room
    till: Room
    size: Size
    rng: random.Random

    @property
    def rooms(self) -> tuple[Room, Room]:
        return self.ingress, self.allocator

    async def peak(self) -> Peak:
        """What a closed loop gets."""
        site, size = self.site, self.size
        show = (await sale.make_show(site, self.ingress, capacity=PLACES)).show
        holds = (held.hold for held in sale.area_holds(site, show, PLACES // sale.PLACES_EACH, self.rng))
        loaded = await closed_loop(site, self.rooms, PEAK_CONNECTIONS, holds, warm_s=2, measure_s=size.peak_s)
        nothing = await ask_for_nothing(
            site, self.till, show, self.rng, PEAK_CONNECTIONS, warm_s=1, measure_s=size.nothing_s
        )
        return Peak(loaded, nothing)

    async def peaks(self) -> list[Peak]:
        """As many as make up one figure."""
        return [await self.peak() for _ in range(self.size.peaks)]

    async def hold_some(self, count: int, rate: float) -> list[Held]:
        """At least `count` holds that are granted, at a rate that can be borne."""
        show = (await sale.make_show(self.site, self.ingress, capacity=PLACES)).show
        seats = list(sale.area_holds(self.site, show, 2 * count, self.rng))
        told = self.site.directory / HELD_TOLD
        crowd = Crowd("held before", [self.ingress], PEAK_CONNECTIONS, rate, [seat.hold for seat in seats], told)
        seen, _ = await open_loop(self.site, self.rooms, [crowd], warm_s=0, measure_s=1.2 * count / rate)
        held = seen["held before"]
        all_granted(held, len(seats))
        if held.due < count:
            raise RuntimeError(f"{count} holds were wanted, {held.due} fell due")
        return seats[: held.due]

    async def overload(self) -> Overload:
        """Peak, overload, peak."""
        peaks = await self.peaks()
        before = _rate(peaks)
        seats = await self.hold_some(round(1.2 * CONFIRMS_A_S * self.size.overload_s), before / 2)
        count = round(DIFFERENT_HOLDS * before * self.size.overload_s)
        shows = [await sale.make_show(self.site, self.ingress, capacity=PLACES) for _ in range(-(-count // PLACES))]
        lanes = [sale.area_holds(self.site, made.show, count // len(shows), self.rng, places_each=1) for made in shows]
        holds = (held.hold for held in chain.from_iterable(zip(*lanes, strict=True)))
        told = self.site.directory / CONFIRMS_TOLD
        confirms = [seat.confirm for seat in seats]
        crowds = [
            Crowd("holds", [self.ingress], CONNECTIONS, TIMES * before, holds),
            Crowd("confirms", [self.ingress], CONFIRMING_CONNECTIONS, CONFIRMS_A_S, confirms, told),
            Crowd("livez", [self.ingress], LIVEZ_CONNECTIONS, LIVEZ_A_S, [sale.get("/livez")]),
        ]
        seen, spent = await open_loop(self.site, self.rooms, crowds, warm_s=0, measure_s=self.size.overload_s)
        after = await self.peaks()
        return Overload(peaks, after, self.size.overload_s, seen["holds"], seen["confirms"], seen["livez"], spent)


async def run(size: Size) -> list[str]:
    """One long round; the gates that were missed."""
    rng = random.Random(SEED)
    async with provisioned_site() as (site, connection):
        async with _stand(site, connection, size, rng) as stand:
            # These very rooms: what they remember is full after some peaks, and makes way for what is new from then on.
            warm_s = await warm_up(size.jvm_warm_s, stand.peak)
            overload = await stand.overload()
            booked = await connection.fetchval(BOOKED)
        _check(overload.confirms, booked)
        violations = await _violations(site)
        bench = await new_bench("shedding", connection, warm_s=warm_s, loop=OPEN_LOOP, connections=CONNECTIONS)
        _report(bench, overload)
        bench.line("violations that onsale verify finds", "violations", [violations], CLEAN)
        return bench.missed


@asynccontextmanager
async def _stand(site: Site, connection: Connection, size: Size, rng: random.Random) -> AsyncIterator[Stand]:
    await site.empty(connection)
    async with (
        site.room("allocator", ready=True) as allocator,
        site.room("ingress", ready=True) as ingress,
        site.room(TILL, ready=True) as till,
    ):
        yield Stand(site, ingress, allocator, till, size, rng)


async def _violations(site: Site) -> int:
    """In everything that was sold, and in what those who had held before were told of it."""
    told = site.directory / "told.jsonl"
    told.write_bytes((site.directory / HELD_TOLD).read_bytes() + (site.directory / CONFIRMS_TOLD).read_bytes())
    return await site.violations("--history", str(told))


def _check(confirms: Seen, booked: int) -> None:
    """Whoever was told so is booked; whoever was not may be: an answer 503 may say that nothing is known."""
    confirmed = _count(confirms, CREATED)
    if not confirmed <= booked <= confirmed + confirms.unanswered + _count(confirms, BUSY):
        raise RuntimeError(f"{booked} are booked, answered was {confirms.summary()}")


def _count(seen: Seen, status: int) -> int:
    return seen.answers[status].count if status in seen.answers else 0


def _report(bench: Bench, overload: Overload) -> None:
    holds, confirms, livez = overload.holds, overload.confirms, overload.livez
    seconds = overload.seconds
    name = f"holds at {TIMES} times the peak"
    bench.line(
        f"{name}, really sent",
        "times the peak",
        [holds.sent / seconds / _rate(overload.before)],
        seconds=seconds,
        peak_per_s=round(_rate(overload.before)),
        sent_per_s=round(holds.sent / seconds),
        accepted_per_s=round(_count(holds, CREATED) / seconds),
        answers={status: it.count for status, it in holds.answers.items()},
        unanswered=holds.unanswered,
        generator_paused_ms=holds.paused_ms,
        cpu_us=overload.spent.cpu_us_per(holds.sent),
        busy_cores=overload.spent.busy_cores(),
        foreign_cores=[overload.spent.foreign_cores],
    )
    accepted = holds.answers[CREATED]
    bench.line(f"{name}, accepted, p95", "ms", [accepted.p95_ms], ACCEPTED_P95, longest_ms=accepted.longest_ms)
    bench.line(f"{name}, accepted, p99", "ms", [accepted.p99_ms], ACCEPTED_P99, longest_ms=accepted.longest_ms)
    if BUSY in holds.answers:
        refused = holds.answers[BUSY]
        if b"retry-after" not in refused.sample or b'"busy"' not in refused.sample:
            raise RuntimeError(f"refused otherwise than by busy and Retry-After: {refused.sample!r}")
        bench.line(f"{name}, refused, p99", "ms", [refused.p99_ms], REFUSED_P99, longest_ms=refused.longest_ms)
    answers = {status: it.count for status, it in confirms.answers.items()}
    if BUSY in confirms.answers:
        progress(f"a confirm was refused: {confirms.answers[BUSY].sample!r}")
    lost = confirms.due - _count(confirms, CREATED)
    bench.line("confirms of held places meanwhile, not 201", "confirms", [lost], CONFIRMS_LOST, answers=answers)
    if CREATED in confirms.answers:
        confirmed = confirms.answers[CREATED]
        bench.line("confirms of held places meanwhile, p99", "ms", [confirmed.p99_ms], longest_ms=confirmed.longest_ms)
    alive = livez.answers[OK]
    bench.line("/livez meanwhile, p99", "ms", [alive.p99_ms], longest_ms=alive.longest_ms)
    before, after = overload.before, overload.after
    bench.line(
        "peak afterwards against before, each against the empty handler beside it",
        "times",
        [_times_nothing(after) / _times_nothing(before)],
        BACK,
        before=[round(peak.times_nothing, 4) for peak in before],
        after=[round(peak.times_nothing, 4) for peak in after],
    )
    bench.line(
        "peak afterwards against before, as rates",
        "times",
        [_rate(after) / _rate(before)],
        before_per_s=[round(peak.holds.rate) for peak in before],
        after_per_s=[round(peak.holds.rate) for peak in after],
        nothing_before_per_s=[round(peak.nothing.rate) for peak in before],
        nothing_after_per_s=[round(peak.nothing.rate) for peak in after],
        cpu_us_before=_cpu_us(before),
        cpu_us_after=_cpu_us(after),
        foreign_before=[peak.holds.spent.foreign_cores for peak in before],
        foreign_after=[peak.holds.spent.foreign_cores for peak in after],
    )


def _rate(peaks: Sequence[Peak]) -> float:
    return statistics.median(peak.holds.rate for peak in peaks)


def _times_nothing(peaks: Sequence[Peak]) -> float:
    return statistics.median(peak.times_nothing for peak in peaks)


def _cpu_us(peaks: Sequence[Peak]) -> dict[str, float]:
    return medians([peak.holds.spent.cpu_us_per(peak.holds.created) for peak in peaks])


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where a full run missed a must; a quick one judges nothing."""
    return as_told("shedding", run, arguments, full=FULL, quick=QUICK)


if __name__ == "__main__":
    sys.exit(main())
