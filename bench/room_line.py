"""People put into a line by the room's own stores, without HTTP: whom a bench needs there before it asks anything."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

import httpx
from redis.asyncio import Redis

from bench.site import TOPIC_PREFIX, Connection, Room, Site
from ticketing.tokens import TokenKeys, secret_hash
from ticketing.vocabulary import parse_show
from waiting_room.places import GENERAL, leaf_of, ticket_for
from waiting_room.ports import ClaimAsk, Generation, JoinAsk, Joined, Line
from waiting_room.store import RedisCounters

BATCH = 500
REPEAT_S = 86_400
CALLED_TIMEOUT_S = 60.0
WAITING = 100_000
COME_EVERY_S = 0.2


@dataclass(frozen=True)
class Claimer:
    """Somebody with a place, and all that is needed to claim it."""

    entry: str
    ticket: str
    secret: str


async def called_people(  # noqa: PLR0917 -- where they are put, and how many
    site: Site, connection: Connection, redis: "Redis", room: Room, show: str, count: int, rng: random.Random
) -> list[Claimer]:
    """`count` people who joined, are kept in the ledger, and have been called."""
    line = Line(parse_show(show), GENERAL)
    await look(room, show)
    counters, keys = RedisCounters(redis, TOPIC_PREFIX, repeat_s=REPEAT_S), TokenKeys([site.servers.secret])
    gen = await _reserve(connection, counters, line, count)
    people: list[Claimer] = []
    for start in range(0, count, BATCH):
        secrets = [f"{rng.getrandbits(128):032x}" for _ in range(min(BATCH, count - start))]
        asks = [JoinAsk(rng.randbytes(16), secret_hash(secret)) for secret in secrets]
        rows = []
        for ask, secret, joined in zip(asks, secrets, await counters.join(line, gen, asks), strict=True):
            assert isinstance(joined, Joined)
            ticket = ticket_for(line, joined.n, ask.entry, joined.at_ms, ask.secret_hash)
            people.append(Claimer(ticket.entry, keys.sign_ticket(ticket), secret))
            rows.append((*line, joined.n, ask.entry, leaf_of(joined.n, ask.entry, ask.secret_hash), joined.at_ms))
        columns = ["show_id", "line", "n", "entry", "leaf", "joined_at_ms"]
        await connection.copy_records_to_table("room_entry", records=rows, columns=columns)
    await counters.advance(line, gen, rate_per_min=0, burst=0, pass_through=True, seen=0)
    return people


async def _reserve(connection: Connection, counters: RedisCounters, line: Line, count: int) -> int:
    """Numbers for that many; the generation they are of."""
    row = await connection.fetchrow(
        "UPDATE room_line SET issued_ceiling = issued_ceiling + $3 WHERE show_id = $1 AND line = $2 "
        "RETURNING store_gen, issued_ceiling",
        *line,
        count,
    )
    assert row is not None, "the room has been looked at"
    await counters.extend(line, row["store_gen"], row["issued_ceiling"])
    return int(row["store_gen"])


async def called_per_min(
    site: Site, redis: "Redis", rooms: Sequence[Room], show: str, seconds: float
) -> tuple[float, float]:
    """`(people called a minute, seconds)` by the counters' own clock, while more wait than are called.

    All who are called come, at once: a room calls up to twice as many where it sees that people do not.
    """
    connection = await site.connect()
    try:
        line = Line(parse_show(show), GENERAL)
        for room in rooms:
            await look(room, show)
        counters = RedisCounters(redis, TOPIC_PREFIX, repeat_s=REPEAT_S)
        gen = await _reserve(connection, counters, line, 200_000)
        await fill(counters, line, gen, WAITING)
        key = f"{TOPIC_PREFIX}room:{{{show}}}:{GENERAL}"
        async with asyncio.TaskGroup() as tasks:
            coming = tasks.create_task(_come(counters, redis, key, line, gen))
            # All of them have heard of the people by then.
            await asyncio.sleep(2)
            before = await numbers(redis, key, "at", "serving")
            await asyncio.sleep(seconds)
            after = await numbers(redis, key, "at", "serving", "claimed")
            coming.cancel()
        if after[2] < before[1]:
            raise RuntimeError(f"of {before[1]} people called before only {after[2]} came")
    finally:
        await connection.close()
    elapsed_s = (after[0] - before[0]) / 1e6
    return (after[1] - before[1]) * 60 / elapsed_s, elapsed_s


async def _come(counters: RedisCounters, redis: "Redis", key: str, line: Line, gen: int) -> None:
    """Claim each place soon after it is called, by the script that the room itself claims with."""
    came = 0
    while True:
        (serving,) = await numbers(redis, key, "serving")
        called = min(serving, WAITING)
        while came < called:
            upto = min(came + BATCH, called)
            await counters.claim(line, gen, [ClaimAsk(n, n) for n in range(came + 1, upto + 1)])
            came = upto
        await asyncio.sleep(COME_EVERY_S)


async def numbers(redis: "Redis", key: str, *fields: str) -> list[int]:
    """Fields of a hash as they are at one moment; one that is not there is 0."""
    return [int(value or 0) for value in await redis.hmget(key, *fields)]


async def million(redis: "Redis", people: int) -> None:
    """That many people in one line of a show that nobody sells."""
    counters, line = RedisCounters(redis, TOPIC_PREFIX, repeat_s=REPEAT_S), Line(1, GENERAL)
    await counters.install(line, Generation(1, 0, people, 0))
    await fill(counters, line, 1, people)


async def fill(counters: RedisCounters, line: Line, gen: int, people: int) -> None:
    """Joins, as the room makes them."""
    rng = random.Random(people)
    for start in range(0, people, BATCH):
        asks = [JoinAsk(rng.randbytes(16), rng.randbytes(32).hex()) for _ in range(min(BATCH, people - start))]
        given = await counters.join(line, gen, asks)
        if not all(isinstance(each, Joined) for each in given):
            raise RuntimeError("not everybody got a number")


async def look(room: Room, show: str) -> None:
    """Look at a room, which opens it in that instance."""
    async with httpx.AsyncClient(base_url=room.url, timeout=CALLED_TIMEOUT_S) as client:
        (await client.get(f"/room/{show}/status")).raise_for_status()
