"""How soon is a hold that nobody paid for back on sale, and known to be? `python -m bench.expiry [--quick]`.

Holds of five seconds, each of one seat, are made by a schedule; so as many fall due each second, while the holding goes
on. A socket watches the show as any visitor would. Measured is, for each seat, from the moment at which its hold was
due to the frame that says that the seat is available: worker, log, allocator, commit, outcomes and the merging of
frames lie between.
"""

import asyncio
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from bench import sale
from bench.driving import Crowd, all_granted, open_loop
from bench.measuring import Bench, Gate, Spent, medians, percentile, progress
from bench.open_load import OPEN_LOOP
from bench.running import as_told, new_bench, provisioned_site, warm_up
from bench.sale import Held
from bench.site import Connection, Site
from bench.wishes import seat_layout
from ticketing.clock import SystemClock
from ticketing.vocabulary import parse_reservation

SEED = 20261121
ROWS, SEATS_PER_ROW = 100, 100
HOLD_S = 5
RATE_PER_S = 300
CONNECTIONS = 64
PATIENCE_S = HOLD_S + 15
ROOMS = ("ingress", "allocator", "notifier", "expiry_worker")

EXPIRED = "SELECT reservation_id, expires_at_ms FROM reservation WHERE status = 'expired'"

RELEASED_P99 = Gate(500, 100, at_most=True)


@dataclass(frozen=True)
class Size:
    """Seconds and rounds of a full run, or of `--quick`."""

    rounds: int
    jvm_warm_s: float
    measure_s: float


FULL = Size(rounds=3, jvm_warm_s=60, measure_s=12)
QUICK = Size(rounds=1, jvm_warm_s=0, measure_s=6)


@dataclass(frozen=True)
class Round:
    """From due to announced, in ms, in order; and what the time in which the holds were made cost."""

    late_ms: list[float]
    spent: Spent


@dataclass
class Watcher:
    """A visitor's socket: when it was told that a seat is available again."""

    socket: ClientConnection
    heard_ms: dict[str, int] = field(default_factory=dict)
    """By seat."""

    async def watch(self, count: int) -> None:
        """Until `count` seats have come back."""
        clock = SystemClock()
        await self.socket.send(json.dumps({"type": "hello"}))
        while len(self.heard_ms) < count:
            frame = json.loads(await self.socket.recv())
            if frame["type"] == "seat_status_changed":
                now_ms = clock.now_ms()
                self.heard_ms |= dict.fromkeys(frame["data"]["seats"].get("available", []), now_ms)


async def run(size: Size) -> list[str]:
    """The rounds; the gates that were missed."""
    rng = random.Random(SEED)
    async with provisioned_site() as (site, connection):
        warm_s = await warm_up(size.jvm_warm_s, lambda: _round(site, connection, size, rng))
        rounds = [await _round(site, connection, size, rng) for _ in range(size.rounds)]
        bench = await new_bench("expiry", connection, warm_s=warm_s, loop=OPEN_LOOP, connections=CONNECTIONS)
        _report(bench, rounds)
        return bench.missed


async def _round(site: Site, connection: Connection, size: Size, rng: random.Random) -> Round:
    await site.empty(connection)
    labels = list(seat_layout(ROWS, SEATS_PER_ROW).seat_numbers)
    rng.shuffle(labels)
    async with site.rooms(*ROOMS) as rooms:
        ingress, _, notifier, _ = rooms
        made = await sale.make_show(
            site, ingress, rows=ROWS, seats_per_row=SEATS_PER_ROW, test=True, policy={"hold_s": HOLD_S}
        )
        seats = list(sale.seat_holds(site, made.show, labels, rng))
        crowd = Crowd("holds", [ingress], CONNECTIONS, RATE_PER_S, [seat.hold for seat in seats])
        url = f"{notifier.url.replace('http', 'ws', 1)}/ws/venues/{made.venue}/shows/{made.show}"
        async with connect(url, max_queue=None, max_size=None) as socket:
            watcher = Watcher(socket)
            watching = asyncio.create_task(watcher.watch(len(labels)))
            seen, spent = await open_loop(site, rooms, [crowd], warm_s=0, measure_s=size.measure_s)
            held = seen["holds"]
            all_granted(held, len(seats))
            due_ms = await _until_expired(connection, seats[: held.due])
            await asyncio.wait({watching}, timeout=1)
            watching.cancel()
    late_ms = sorted(watcher.heard_ms[label] - due_ms[label] for label in labels[: held.due])
    progress(f"{len(late_ms)} holds expired, p50 {percentile(late_ms, 0.5)}, p99 {percentile(late_ms, 0.99)} ms late")
    return Round([float(late) for late in late_ms], spent)


async def _until_expired(connection: Connection, seats: Sequence[Held]) -> dict[str, int]:
    """When each hold was due, by its seat, once all have been released."""
    by_id = {parse_reservation(seat.reservation)[1]: seat.places for seat in seats}
    async with asyncio.timeout(PATIENCE_S):
        while True:
            rows = await connection.fetch(EXPIRED)
            if len(rows) == len(seats):
                return {by_id[row["reservation_id"]]: row["expires_at_ms"] for row in rows}
            await asyncio.sleep(0.1)


def _report(bench: Bench, rounds: Sequence[Round]) -> None:
    counts = [len(each.late_ms) for each in rounds]
    conditions: dict[str, Any] = {
        "holds_a_s": RATE_PER_S,
        "holds": counts,
        "longest_ms": max(each.late_ms[-1] for each in rounds),
        "cpu_us": medians([each.spent.cpu_us_per(count) for each, count in zip(rounds, counts, strict=True)]),
        "foreign_cores": [each.spent.foreign_cores for each in rounds],
    }
    case = "hold due to its seat announced as available"
    bench.line(f"{case}, p50", "ms", [percentile(each.late_ms, 0.5) for each in rounds], **conditions)
    bench.line(f"{case}, p99", "ms", [percentile(each.late_ms, 0.99) for each in rounds], RELEASED_P99, **conditions)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where a full run missed a must; a quick one judges nothing."""
    return as_told("expiry", run, arguments, full=FULL, quick=QUICK)


if __name__ == "__main__":
    sys.exit(main())
