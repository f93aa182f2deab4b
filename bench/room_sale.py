"""A whole sale with a waiting room before it: `python -m bench.room_sale [--fans N]`.

Two instances of the room, an ingress and an allocator on real servers, and a crowd (`bench/room_crowd.py`): nine of ten
fans join before the opening, the others after it; the places are drawn; everybody looks as often as the status says,
claims with their own secret and then holds a place. Afterwards it is asked of the tables, of what a watcher saw and of
what fans were told: whether anybody was let in before their turn, whether the line moved at the rate that was set, how
long people waited between being called and having a pass; and the draw is fetched and verified as anybody could do it.
"""

import argparse
import asyncio
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import uvloop
from redis.asyncio import Redis

from bench import sale
from bench.measuring import Bench, Gate, Stopwatch, progress
from bench.room_fans import Plan, Seen
from bench.room_judging import moved, overtaken
from bench.room_line import numbers
from bench.running import new_bench, provisioned_site
from bench.site import CHECKOUT, TOPIC_PREFIX, Connection, Room, RoomFailed, Site
from runtime.redis import open_redis
from ticketing.clock import SystemClock, rfc3339
from ticketing.vocabulary import parse_show
from waiting_room.draw import place_of

FANS = 100_000
MUST_NOT = Gate(0, 0, at_most=True)
RATE = Gate(1.2, 0.3, at_most=True)
TURN = Gate(30, 15, at_most=True)
SLACK_S = 12.0
"""Between the last of those who come before the opening and the opening."""
DRAW_S = 40.0
PLACES_A_FAN = 2
"""So that the stock limits nothing before the end."""
CLAIMED = """
SELECT e.n, c.claimed_at_ms FROM room_claim c JOIN room_entry e USING (show_id, line, n)
WHERE show_id = $1 AND line = 'general' AND claimed_at_ms IS NOT NULL
"""
DRAWN = "SELECT size, seed FROM room_draw WHERE show_id = $1 AND line = 'general'"
COUNTS = """
SELECT (SELECT count(*) FROM room_entry WHERE show_id = $1) AS entries,
       (SELECT count(DISTINCT n) FROM room_entry WHERE show_id = $1) AS numbers,
       (SELECT count(*) FROM room_claim WHERE show_id = $1 AND claimed_at_ms IS NOT NULL) AS claims,
       (SELECT coalesce(sum(taken), 0) FROM area WHERE show_id = $1) AS held
"""


@dataclass(frozen=True)
class Size:
    """`rate_per_min` is the ceiling that is set; the crowd comes within `join_s`."""

    fans: int
    rate_per_min: int
    join_s: float
    late_s: float = 30.0
    connections: int = 192


async def run(size: Size) -> list[str]:
    """One sale; the gates that were missed."""
    settings = {"ONSALE_ROOM_RATE_PER_MIN": str(size.rate_per_min)}
    async with (
        provisioned_site(partitions=2) as (site, connection),
        open_redis(site.servers.redis_url, client_name="bench") as redis,
    ):
        async with (
            site.room("allocator", ready=True) as allocator,
            site.room("ingress", ready=True) as ingress,
            site.room("waiting_room", ready=True, settings=settings) as first,
            site.room("waiting_room", ready=True, settings=settings) as second,
        ):
            rooms = (first, second, ingress, allocator)
            opens_in_s = size.join_s + SLACK_S
            opens_at = rfc3339(SystemClock().now_ms() + round(opens_in_s * 1000))
            made = await sale.make_show(site, ingress, capacity=size.fans * PLACES_A_FAN, opens_at=opens_at)
            plan = _plan(size, made.show, rooms, opens_in_s)
            bench = await new_bench(
                "room_sale",
                connection,
                warm_s=0,
                loop="fans: each joins, looks as told, claims with a secret of its own, holds a place",
                connections=size.connections,
                fans=size.fans,
                rate_per_min=size.rate_per_min,
                quick=size.fans < FANS,
            )
            track = asyncio.create_task(_track(redis, made.show))
            try:
                seen = await _crowd(site, rooms, plan, bench)
            finally:
                track.cancel()
            problems = await _judge(bench, connection, size, parse_show(made.show), seen, await _until(track))
            verified = await _verify_draw(site, first, made.show)
        bench.line("draw that onsale draw verify finds wrong", "draws", [0 if verified else 1], MUST_NOT)
        bench.line("violations that onsale verify finds", "violations", [await site.violations()], MUST_NOT)
        for problem in problems:
            progress(problem)
        return bench.missed


def _plan(size: Size, show: str, rooms: Sequence[Room], opens_in_s: float) -> Plan:
    ports = [int(room.url.rpartition(":")[2]) for room in rooms]
    sells_s = size.fans * 60 / size.rate_per_min
    return Plan(
        rooms=ports[:2],
        shop=ports[2],
        show=show,
        fans=size.fans,
        late=size.fans // 10,
        join_s=size.join_s,
        opens_in_s=opens_in_s,
        late_s=min(size.late_s, sells_s / 2),
        connections=size.connections,
        last_s=opens_in_s + DRAW_S + 1.5 * sells_s + 60,
    )


async def _crowd(site: Site, rooms: Sequence[Room], plan: Plan, bench: Bench) -> Seen:
    path = site.directory / "plan"
    path.write_bytes(msgspec.json.encode(plan))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.room_crowd", str(path), stdout=asyncio.subprocess.PIPE, cwd=CHECKOUT
    )
    watch = Stopwatch(site.processes(*rooms, load_pid=process.pid))
    try:
        assert process.stdout is not None
        output = await process.stdout.read()
        spent = watch.stop()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    seen = msgspec.json.decode(output, type=Seen)
    busy = {name: cores for name, cores in spent.busy_cores().items() if cores >= 0.01}
    # It has ended by now, and tells its own.
    busy["load"] = round(seen.cpu_s / seen.seconds, 3)
    limits = Counter(look.limited_by for look in seen.watched)
    limited_by = {name: round(count / len(seen.watched), 3) for name, count in limits.items()}
    conditions = {
        "answers": seen.answers,
        "limited_by": limited_by,
        "busy_cores": busy,
        # The generator is counted among the strangers, because it is gone.
        "foreign_cores": [round(max(0.0, spent.foreign_cores - busy["load"]), 2)],
    }
    bench.line("the whole sale", "s", [seen.seconds], None, **conditions)
    return seen


async def _track(redis: "Redis", show: str) -> list[tuple[int, int, int]]:
    """`(microseconds, people called, people joined)` as the counters have it, twice a second, until cancelled."""
    key = f"{TOPIC_PREFIX}room:{{{show}}}:general"
    track: list[tuple[int, int, int]] = []
    try:
        while True:
            at, serving, issued = await numbers(redis, key, "at", "serving", "issued")
            if at > 0:
                track.append((at, serving, issued))
            await asyncio.sleep(0.5)
    except asyncio.CancelledError:
        return track


async def _until(task: "asyncio.Task[list[tuple[int, int, int]]]") -> list[tuple[int, int, int]]:
    return await task


async def _judge(  # noqa: PLR0917 -- a sale's circumstances
    bench: Bench, connection: Connection, size: Size, show: int, seen: Seen, track: list[tuple[int, int, int]]
) -> list[str]:
    counts = await connection.fetchrow(COUNTS, show)
    assert counts is not None
    everybody = {"entries": size.fans, "numbers": size.fans, "claims": size.fans, "held": size.fans}
    short = sum(abs(counts[name] - wanted) for name, wanted in everybody.items())
    bench.line("fans without a number, a pass or a place of their own", "fans", [short], MUST_NOT, **dict(counts))
    bench.line("answers that should not have been", "answers", [len(seen.wrong)], MUST_NOT, wrong=seen.wrong[:5])
    ahead = await _let_in_too_early(connection, show, seen) + overtaken(seen)
    tried = {"claims_before_the_turn": seen.early_refused}
    bench.line("inversions", "fans", [ahead], MUST_NOT, **tried)
    bound_us = [_epoch_ms(look.server_time) * 1000 for look in seen.watched if look.limited_by != "operator"]
    line = moved(track, size.rate_per_min, bound_us)
    bench.line(
        "rate, off the ceiling that was set",
        "per cent",
        [line.off_percent],
        RATE,
        worst_ten_seconds=line.worst_percent,
        measured_s=round(line.seconds),
        limited_otherwise_s=round(line.otherwise_s),
    )
    bench.line("from being called to the pass, looks included, p99", "s", [seen.turn_s["p99"]], TURN, **seen.turn_s)
    bench.line("join, from the moment it was due, p99", "ms", [seen.join_ms["p99"]], None, **seen.join_ms)
    bench.line("claim, p99", "ms", [seen.claim_ms["p99"]], None, **seen.claim_ms)
    bench.line("looks of each fan", "looks", [seen.looks / size.fans], generator_paused_ms=seen.paused_ms)
    return seen.wrong[:20]


async def _let_in_too_early(connection: Connection, show: int, seen: Seen) -> int:
    """Claims that were granted before the line had come to their place, by what the watcher saw of it."""
    drawn = await connection.fetchrow(DRAWN, show)
    assert drawn is not None
    times = [_epoch_ms(look.server_time) for look in seen.watched]
    too_early = 0
    for n, claimed_at_ms in await connection.fetch(CLAIMED, show):
        place = place_of(drawn["seed"], drawn["size"], n) if n <= drawn["size"] else n
        # A document may be two moves of the line old.
        at = min(len(times) - 1, bisect_left(times, claimed_at_ms + 500))
        too_early += place > seen.watched[at].serving
    return too_early


def _epoch_ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


async def _verify_draw(site: Site, room: Room, show: str) -> bool:
    """As anybody could: fetch what was published, and check it offline."""
    folder = site.directory / "draw"
    await _onsale("draw", "fetch", f"{room.url}/room/{show}", "--to", str(folder))
    return await _onsale("draw", "verify", str(folder / "draw.json"), str(folder / "leaves")) == 0


async def _onsale(*words: str) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "onsale", *words, stdout=asyncio.subprocess.PIPE, cwd=CHECKOUT
    )
    output, _ = await process.communicate()
    progress(output.decode().rstrip())
    if process.returncode not in {0, 1}:
        raise RoomFailed(f"onsale {' '.join(words)} ended with {process.returncode}")
    return int(process.returncode or 0)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where a must was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.room_sale")
    parser.add_argument("--fans", type=int, default=FANS)
    parser.add_argument("--rate", type=int, default=48_000, help="people per minute")
    parser.add_argument(
        "--join-s", type=float, default=75.0, help="within which those come who come before the opening"
    )
    parser.add_argument("--quick", action="store_true", help="two thousand fans, who come within ten seconds")
    given = parser.parse_args(arguments)
    if given.quick:
        given.fans, given.rate, given.join_s = 2_000, 3_000, 10.0
    missed = uvloop.run(run(Size(given.fans, given.rate, given.join_s)))
    for miss in missed:
        print(f"missed: {miss}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
