"""How soon does everybody who watches see it, and what does telling them cost? `python -m bench.sockets [--quick]`.

A thousand sockets watch a show whose seats are held one by one, 50 a second. From the moment of each decision (as the
log has it, so the commit still lies ahead) to the frame that names the seat, at each socket. The cost of a frame is
compared, in the same rounds, with the least there can be: a process that writes one prebuilt frame of the same size, as
often, to as many sockets (`bench/raw_fanout.py`). By turns with that, five hundred sockets hold as fast as they can
(`bench/socket_holds.py`). Then ten thousand sockets on one process, and what they weigh.
"""

import json
import random
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from bench import sale, socket_holds
from bench.driving import Crowd, Loaded, all_granted, open_loop, watching
from bench.measuring import Bench, Gate, Spent, Stopwatch, percentile, progress
from bench.open_load import OPEN_LOOP
from bench.running import as_told, new_bench, provisioned_site, warm_up
from bench.sale import Held, Made
from bench.site import Connection, Site
from bench.watching import Heard
from bench.wishes import seat_layout
from ticketing.vocabulary import parse_reservation

SEED = 20261121
ROWS, SEATS_PER_ROW = 50, 100
WATCHERS = 1_000
MANY_SOCKETS = 10_000
RATE_PER_S = 50
CONNECTIONS = 16
ROOMS = ("notifier", "ingress", "allocator")
KB = 1000

DECIDED = "SELECT reservation_id, held_at_ms FROM reservation"

FRAME_P99 = Gate(100, 50, at_most=True)
FAN_OUT = Gate(1.75, 1.3, at_most=True)
WEIGHT = Gate(40, 25, at_most=True)
"""kB of each socket."""


@dataclass(frozen=True)
class Size:
    """Seconds and rounds of a full run, or of `--quick`."""

    rounds: int
    jvm_warm_s: float
    measure_s: float
    many_sockets: int
    holds: socket_holds.Size


FULL = Size(
    rounds=3, jvm_warm_s=60, measure_s=10, many_sockets=MANY_SOCKETS, holds=socket_holds.Size(warm_s=2, measure_s=5)
)
QUICK = Size(rounds=1, jvm_warm_s=0, measure_s=5, many_sockets=2_000, holds=socket_holds.Size(warm_s=1, measure_s=3))


@dataclass(frozen=True)
class Round:
    """From decision to frame, in ms, in order; CPU us for each frame delivered, ours and the least."""

    late_ms: list[int]
    frames: int
    cpu_us: float
    least_us: float
    spent: Spent


async def run(size: Size) -> list[str]:
    """The rounds; the gates that were missed."""
    rng = random.Random(SEED)
    async with provisioned_site() as (site, connection):
        warm_s = await warm_up(size.jvm_warm_s, lambda: _round(site, connection, size, rng))
        rounds: list[Round] = []
        holding: list[Loaded] = []
        for _ in range(size.rounds):
            rounds.append(await _round(site, connection, size, rng))
            holding.append(await socket_holds.measured(site, connection, size.holds, rng))
        weight_kb = await _weight_kb(site, connection, size)
        bench = await new_bench("sockets", connection, warm_s=warm_s)
        _report(bench, size, rounds, weight_kb)
        socket_holds.report(bench, holding)
        return bench.missed


async def _round(site: Site, connection: Connection, size: Size, rng: random.Random) -> Round:
    await site.empty(connection)
    async with site.rooms(*ROOMS) as rooms:
        notifier, ingress, _ = rooms
        made = await sale.make_show(site, ingress, rows=ROWS, seats_per_row=SEATS_PER_ROW)
        labels = list(seat_layout(ROWS, SEATS_PER_ROW).seat_numbers)
        seats = list(sale.seat_holds(site, made.show, labels, rng))
        crowd = Crowd("holds", [ingress], CONNECTIONS, RATE_PER_S, [seat.hold for seat in seats])
        listen_s = size.measure_s + 2
        async with watching(site, notifier, _path(made), WATCHERS, listen_s) as told:
            watch = Stopwatch(site.processes(*rooms))
            seen, _ = await open_loop(site, rooms, [crowd], warm_s=0, measure_s=size.measure_s)
            spent = watch.stop()
        held = seen["holds"]
        all_granted(held, len(seats))
        decided_ms = await _decided_ms(connection, seats[: held.due])
    heard = _read(told)
    late_ms = _late_ms(heard, decided_ms)
    if len(late_ms) != WATCHERS * held.due:
        raise RuntimeError(f"{held.due} seats were held, {len(late_ms) / WATCHERS:.1f} were heard of by each watcher")
    frames = sum(len(each.at_ms) for each in heard)
    cpu_us = spent.cpu_s[notifier.module] / frames * 1e6
    period_ms = round(spent.wall_s * 1000 / len(heard))
    least_us = await _least_us(site, size, period_ms, round(statistics.median(len(each.text) for each in heard)))
    progress(f"{frames} frames, p99 {percentile(late_ms, 0.99)} ms, {cpu_us:.1f} us against {least_us:.1f} us each")
    return Round(late_ms, frames, cpu_us, least_us, spent)


async def _least_us(site: Site, size: Size, period_ms: int, frame_bytes: int) -> float:
    """CPU us of a prebuilt frame written to a socket."""
    async with site.room("bench.raw_fanout", str(period_ms), str(frame_bytes), ready=True) as raw:
        async with watching(site, raw, "/", WATCHERS, size.measure_s) as told:
            watch = Stopwatch(site.processes(raw))
        spent = watch.stop()
    return spent.cpu_s[raw.module] / sum(len(each.at_ms) for each in _read(told)) * 1e6


async def _weight_kb(site: Site, connection: Connection, size: Size) -> float:
    """What each of many idle sockets adds to the notifier's resident memory."""
    await site.empty(connection)
    async with site.rooms(*ROOMS) as rooms:
        notifier, ingress, _ = rooms
        made = await sale.make_show(site, ingress, rows=ROWS, seats_per_row=SEATS_PER_ROW)
        async with watching(site, notifier, _path(made), 1, 0):
            pass
        process = psutil.Process(notifier.process.pid)
        before = process.memory_info().rss
        async with watching(site, notifier, _path(made), size.many_sockets, 3):
            weight: int = process.memory_info().rss - before
    return weight / size.many_sockets / KB


def _path(made: Made) -> str:
    return f"/ws/venues/{made.venue}/shows/{made.show}"


def _read(told: Path) -> list[Heard]:
    return msgspec.msgpack.decode(told.read_bytes(), type=list[Heard])


async def _decided_ms(connection: Connection, seats: Sequence[Held]) -> dict[str, int]:
    rows = {row["reservation_id"]: row["held_at_ms"] for row in await connection.fetch(DECIDED)}
    return {seat.places: rows[parse_reservation(seat.reservation)[1]] for seat in seats}


def _late_ms(heard: Sequence[Heard], decided_ms: dict[str, int]) -> list[int]:
    late: list[int] = []
    for each in heard:
        for label in json.loads(each.text)["data"]["seats"].get("held", []):
            late += [at_ms - decided_ms[label] for at_ms in each.at_ms]
    return sorted(late)


def _report(bench: Bench, size: Size, rounds: Sequence[Round], weight_kb: float) -> None:
    foreign = [each.spent.foreign_cores for each in rounds]
    for share, gate in ((0.5, None), (0.99, FRAME_P99)):
        bench.line(
            f"hold decided to its frame at {WATCHERS} sockets, p{share * 100:g}",
            "ms",
            [percentile(each.late_ms, share) for each in rounds],
            gate,
            longest_ms=[each.late_ms[-1] for each in rounds],
            loop=OPEN_LOOP,
            connections=CONNECTIONS,
            holds_a_s=RATE_PER_S,
            foreign_cores=foreign,
        )
    ratios = [each.cpu_us / each.least_us for each in rounds]
    bench.line(
        "CPU of a frame delivered against a bare write",
        "times",
        ratios,
        FAN_OUT,
        cpu_us={
            "notifier": statistics.median(each.cpu_us for each in rounds),
            "bare": statistics.median(each.least_us for each in rounds),
        },
        frames=[each.frames for each in rounds],
        foreign_cores=foreign,
    )
    bench.line(f"each of {size.many_sockets} idle sockets", "kB", [weight_kb], WEIGHT)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where a full run missed a must; a quick one judges nothing."""
    return as_told("sockets", run, arguments, full=FULL, quick=QUICK)


if __name__ == "__main__":
    sys.exit(main())
