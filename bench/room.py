"""What does a place in line cost, and who has to wait for it? `python -m bench.room [--quick]`.

By turns in each round: joins by a schedule, joins as fast as sixty-four connections ask, looks at the status, and the
storm after an opening, fifty thousand claims a minute by people who have just been called. Then three instances move
one line, and the rate is held against the one that was set. At the end a million people stand in one line, and Redis is
weighed.
"""

import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from uuid import UUID

import msgspec
from redis.asyncio import Redis

from bench import sale
from bench.driving import Crowd, Loaded, closed_loop, open_loop
from bench.measuring import Bench, Gate, Spent, medians, progress
from bench.open_load import OPEN_LOOP
from bench.open_plan import Seen
from bench.room_line import Claimer, called_people, called_per_min, million
from bench.running import as_told, new_bench, provisioned_site, warm_up
from bench.sale import CREATED
from bench.site import Connection, Room, Site
from runtime.redis import open_redis
from ticketing.tokens import secret_hash

SEED = 20261126
JOINS_PER_S = 1_000
CLAIMS_PER_MIN = 50_000
OPEN_CONNECTIONS = 256
CLOSED_CONNECTIONS = 64
LOOKS_PER_S_MAX = 200_000
"""Twice what the generator has ever sent: a run that finds its file too short is lost."""
OK = 200
RATE_PER_MIN = 12_000
INSTANCES = 3
AT_ONCE = {"ONSALE_ROOM_RATE_PER_MIN": str(CLAIMS_PER_MIN)}

JOIN_P99 = Gate(10, 3, at_most=True)
JOINS = Gate(4_000, 8_000)
CLAIM_P99 = Gate(1_000, 100, at_most=True)
RATE_OFF = Gate(1.2, 0.3, at_most=True)
MEMORY = Gate(60, 20, at_most=True)


@dataclass(frozen=True)
class Size:
    """Seconds, rounds and people of a full run, or of `--quick`."""

    rounds: int
    jvm_warm_s: float
    measure_s: float
    rate_s: float
    people: int


FULL = Size(rounds=3, jvm_warm_s=20, measure_s=8, rate_s=40, people=1_000_000)
QUICK = Size(rounds=1, jvm_warm_s=0, measure_s=4, rate_s=10, people=50_000)


@dataclass
class Rounds:
    """What each round found."""

    joins: list[tuple[Seen, Spent]] = field(default_factory=list)
    most: list[Loaded] = field(default_factory=list)
    looks: list[Loaded] = field(default_factory=list)
    claims: list[tuple[Seen, Spent]] = field(default_factory=list)


async def run(size: Size) -> list[str]:
    """The rounds; the gates that were missed."""
    rng = random.Random(SEED)
    async with (
        provisioned_site() as (site, connection),
        open_redis(site.servers.redis_url, client_name="bench") as redis,
    ):
        rounds = Rounds()
        async with site.rooms("allocator", "ingress") as (allocator, ingress):
            async with site.room("waiting_room", ready=True, settings=AT_ONCE) as room:
                rooms = (room, ingress, allocator)
                warm_s = await warm_up(size.jvm_warm_s, lambda: _joins(site, rooms, size, rng))
                for _ in range(size.rounds):
                    rounds.joins.append(await _joins(site, rooms, size, rng))
                    rounds.most.append(await _most_joins(site, rooms, size, rng))
                    rounds.looks.append(await _looks(site, rooms, size))
                    rounds.claims.append(await _claims(site, rooms, connection, redis, size, rng))
            off, called_s = await _rate_of_three(site, ingress, redis, size)
        memory_mb = await _weigh(site, redis, size)
        bench = await new_bench("room", connection, warm_s=warm_s, loop=OPEN_LOOP, quick=size is QUICK)
        _report(bench, rounds)
        at = f"rate of {INSTANCES} instances on one line, off the {RATE_PER_MIN} a minute that was set"
        bench.line(at, "per cent", [off], RATE_OFF, measured_s=round(called_s))
        bench.line(f"{size.people} people in line, Redis", "MB", [memory_mb], MEMORY)
        return bench.missed


async def _joins(site: Site, rooms: Sequence[Room], size: Size, rng: random.Random) -> tuple[Seen, Spent]:
    """A thousand a second, by a schedule."""
    show = (await sale.make_show(site, rooms[1], capacity=1_000)).show
    joins = _join_requests(show, round(1.3 * JOINS_PER_S * (size.measure_s + 1)), rng)
    crowd = Crowd("joins", rooms[:1], OPEN_CONNECTIONS, JOINS_PER_S, joins)
    seen, spent = await open_loop(site, rooms, [crowd], warm_s=1, measure_s=size.measure_s)
    return _all(seen["joins"], CREATED), spent


async def _most_joins(site: Site, rooms: Sequence[Room], size: Size, rng: random.Random) -> Loaded:
    """As many as go."""
    show = (await sale.make_show(site, rooms[1], capacity=1_000)).show
    joins = _join_requests(show, round(15_000 * (size.measure_s / 2 + 1)), rng)
    return await closed_loop(site, rooms, CLOSED_CONNECTIONS, joins, warm_s=1, measure_s=size.measure_s / 2)


async def _looks(site: Site, rooms: Sequence[Room], size: Size) -> Loaded:
    """The status document, as often as it goes."""
    show = (await sale.make_show(site, rooms[1], capacity=1_000)).show
    look = sale.get(f"/room/{show}/status")
    looks = repeat(look, round(LOOKS_PER_S_MAX * (size.measure_s / 2 + 1)))
    return await closed_loop(site, rooms, CLOSED_CONNECTIONS, looks, warm_s=1, measure_s=size.measure_s / 2)


async def _claims(  # noqa: PLR0917 -- a round's circumstances
    site: Site, rooms: Sequence[Room], connection: Connection, redis: "Redis", size: Size, rng: random.Random
) -> tuple[Seen, Spent]:
    """Of people who are called already, each for the first time."""
    show = (await sale.make_show(site, rooms[1], capacity=200_000)).show
    rate = CLAIMS_PER_MIN / 60
    count = round(1.2 * rate * (size.measure_s + 1))
    people = await called_people(site, connection, redis, rooms[0], show, count, rng)
    crowd = Crowd("claims", rooms[:1], OPEN_CONNECTIONS, rate, [_claim_request(show, each) for each in people])
    seen, spent = await open_loop(site, rooms, [crowd], warm_s=1, measure_s=size.measure_s)
    return _all(seen["claims"], OK), spent


async def _rate_of_three(site: Site, ingress: Room, redis: "Redis", size: Size) -> tuple[float, float]:
    """`(per cent off, seconds)`: instances that know nothing of each other move one line."""
    settings = {"ONSALE_ROOM_RATE_PER_MIN": str(RATE_PER_MIN)}
    show = (await sale.make_show(site, ingress, capacity=200_000)).show
    async with (
        site.room("waiting_room", ready=True, settings=settings) as first,
        site.room("waiting_room", ready=True, settings=settings) as second,
        site.room("waiting_room", ready=True, settings=settings) as third,
    ):
        found, seconds = await called_per_min(site, redis, (first, second, third), show, size.rate_s)
    progress(f"three instances: {found:,.0f} a minute")
    return abs(found / RATE_PER_MIN - 1) * 100, seconds


async def _weigh(site: Site, redis: "Redis", size: Size) -> float:
    """Megabytes that so many people take, with all that is remembered of each."""
    await redis.flushall()
    before = int((await redis.info("memory"))["used_memory"])
    await million(redis, size.people)
    after = int((await redis.info("memory"))["used_memory"])
    progress(f"{size.people} in line: {(after - before) / size.people:.1f} bytes each")
    return (after - before) / 1e6


def _join_requests(show: str, count: int, rng: random.Random) -> Iterator[bytes]:
    for _ in range(count):
        client = str(UUID(int=rng.getrandbits(128), version=4))
        body = {"client_id": client, "secret_hash": secret_hash(f"{rng.getrandbits(128):032x}")}
        yield _post(f"/room/{show}/entries", body)


def _claim_request(show: str, person: Claimer) -> bytes:
    return _post(f"/room/{show}/entries/{person.entry}/claim", {"ticket": person.ticket, "secret": person.secret})


def _post(path: str, body: dict[str, str]) -> bytes:
    content = msgspec.json.encode(body)
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(content)}\r\n\r\n".encode() + content


def _all(seen: Seen, status: int) -> Seen:
    if set(seen.answers) != {status} or seen.unanswered:
        raise RuntimeError(f"not all were answered with {status}: {seen.summary()}")
    return seen


def _report(bench: Bench, rounds: Rounds) -> None:
    _open(bench, f"join at {JOINS_PER_S} a second", rounds.joins, CREATED, JOIN_P99)
    spent = [each.conditions() for each in rounds.most]
    foreign = {"foreign_cores": [each.spent.foreign_cores for each in rounds.most]}
    cpu = medians([each["cpu_us"] for each in spent])  # type: ignore[misc]  # conditions are of any kind
    case = f"joins, {CLOSED_CONNECTIONS} connections"
    bench.line(case, "joins/s", [each.rate for each in rounds.most], JOINS, cpu_us=cpu, **foreign)
    looks = [each.measured.statuses.get(OK, 0) for each in rounds.looks]
    rates = [count / each.measured.seconds for count, each in zip(looks, rounds.looks, strict=True)]
    cpu = medians([each.spent.cpu_us_per(count) for count, each in zip(looks, rounds.looks, strict=True)])
    foreign = {"foreign_cores": [each.spent.foreign_cores for each in rounds.looks]}
    bench.line(f"looks at the status, {CLOSED_CONNECTIONS} connections", "looks/s", rates, None, cpu_us=cpu, **foreign)
    _open(bench, f"claim storm of {CLAIMS_PER_MIN} a minute", rounds.claims, OK, CLAIM_P99)


def _open(bench: Bench, case: str, rounds: Sequence[tuple[Seen, Spent]], status: int, gate: Gate) -> None:
    found = [seen.answers[status] for seen, _ in rounds]
    conditions = {
        "p50_ms": [each.p50_ms for each in found],
        "longest_ms": max(each.longest_ms for each in found),
        "generator_paused_ms": max(seen.paused_ms for seen, _ in rounds),
        "cpu_us": medians([spent.cpu_us_per(seen.due) for seen, spent in rounds]),
        "foreign_cores": [spent.foreign_cores for _, spent in rounds],
    }
    bench.line(f"{case}, p99", "ms", [each.p99_ms for each in found], gate, **conditions)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where a full run missed a must; a quick one judges nothing."""
    return as_told("room", run, arguments, full=FULL, quick=QUICK)


if __name__ == "__main__":
    sys.exit(main())
