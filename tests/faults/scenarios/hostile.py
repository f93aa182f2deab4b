"""Input that is broken, repeated, out of order, huge, or meant to harm: on the log, and at the door."""

import asyncio
import random
import time
from contextlib import suppress
from functools import partial
from typing import Any

from runtime.kafka import BatchingProducer
from tests.acceptance.spectator import spectator
from tests.faults.crowd import Load
from tests.faults.report import Report, conclude
from tests.faults.rooms import Room, until
from tests.faults.stage import Stage
from tests.faults.websocket import Socket
from ticketing import messages, topics
from ticketing.clock import SystemClock
from ticketing.vocabulary import command_key, parse_show

HUGE_BYTES = 900_000
OPENED_S_MAX = 10.0
DECIDED_S_MAX = 30.0
PART = "SELECT part FROM show WHERE show_id = $1"
CURSOR = "SELECT true FROM allocator_cursor WHERE part = $1 AND next_offset > $2"
DEAD = "SELECT log_offset FROM dead_letter WHERE part = $1"
HTTP = (
    b"\x00\xff\xfe rubbish \r\n\r\n",
    b"GET " + b"/" * 100_000 + b" HTTP/1.1\r\n\r\n",
    b"POST /api/reservations HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
    b"POST /api/reservations HTTP/1.1\r\nhost: x\r\ncontent-length: 10000000\r\n\r\n" + b"[" * 200_000,
    b"POST /api/reservations HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n\xff\xff",
    b"GET /api/events HTTP/1.1\r\n" + b"x: " + b"y" * 200_000 + b"\r\n\r\n",
    b"GET /api/events HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
)


async def input_(stage: Stage, load: Load, *, records: int, sockets: int, seed: int) -> Report:
    """Everything at once, on a show of its own and between the commands of those that are being sold."""
    rng = random.Random(seed)
    notifier = await stage.start("notifier")
    rooms = [room for room in stage.rooms if room.is_running]
    async with stage.sale() as sale:
        made = await sale.new_show(
            capacity=1_000, test=True, policy={"max_held_seats_per_person": 1_000, "holds_at_once": 0}
        )
        sale.url = notifier.url
        await _harass(notifier, f"/ws/venues/{made['venue']}/shows/{made['show']}", rng, sockets)
        async with spectator(sale, made) as watcher:
            # It is still there, for those who speak its language.
            await watcher.hello()
    show = parse_show(made["show"])
    parts = [(await stage.rows(PART, parse_show(each.show)))[0]["part"] for each in load.shows]
    own_part = (await stage.rows(PART, show))[0]["part"]
    topic = topics.COMMANDS.full_name("")
    sent: list[tuple[int, int, bytes]] = []
    async with BatchingProducer(
        stage.ground.kafka_bootstrap, topic, backlog_records_max=10_000, deadline_s=10, client_id="hostile"
    ) as log:
        for number in range(records):
            part, raw = _record(number, rng, show, own_part, parts)
            sent.append((part, await log.send(part, raw), raw))
            if number % len(HTTP) == 0:
                await _say(stage, HTTP[number // len(HTTP) % len(HTTP)])
    for part in {part for part, _, _ in sent}:
        last = max(offset for where, offset, _ in sent if where == part)
        await until(lambda part=part, last=last: stage.rows(CURSOR, part, last), DECIDED_S_MAX)  # type: ignore[misc]
    resumed_s = await load.resumed_since(time.monotonic())
    outcomes = (await stage.tables()).outcomes
    wrong: dict[str, Any] = {}
    answered = [len(outcomes.get((part, 0, offset), ())) for part, offset, _ in sent]
    if set(answered) != {1}:
        wrong["not one outcome each"] = sorted(set(answered))
    unreadable = {(part, offset) for part, offset, raw in sent if not _readable(raw)}
    dead = {(part, row["log_offset"]) for part in {*parts, own_part} for row in await stage.rows(DEAD, part)}
    if not unreadable <= dead:
        wrong["unreadable, and no dead letter"] = sorted(unreadable - dead)[:5]
    ended = [room.module for room in rooms if not room.is_running]
    if ended:
        wrong["rooms that ended"] = ended
    return await conclude(
        stage,
        load,
        fault="hostile input",
        done=f"{records} records on the log (random, bent, repeated, huge), {records // len(HTTP)} broken requests, "
        f"{sockets} sockets that talk rubbish",
        resumed_s=resumed_s,
        details={"unreadable": len(unreadable), "dead_letters": len(dead)},
        wrong=wrong,
    )


async def _harass(notifier: Room, path: str, rng: random.Random, sockets: int) -> None:
    """Open sockets as one should, and go on as one should not."""
    loop = asyncio.get_running_loop()
    for number in range(sockets):
        opened: asyncio.Future[Socket] = loop.create_future()
        async with asyncio.timeout(OPENED_S_MAX):
            make = partial(Socket, path, opened.set_result, lambda _payload: None)
            await loop.create_connection(make, "127.0.0.1", notifier.port)
            socket = await opened
        match number % 4:
            case 0:
                socket.say(rng.randbytes(rng.randrange(120)))
            case 1:
                socket.say(b"[" * 60_000)
            case 2:
                socket.say(b"", opcode=rng.randrange(16))
            case _:
                assert socket.transport is not None
                socket.transport.write(rng.randbytes(500))
        with suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                await asyncio.shield(socket.ended)
        socket.close()


def _record(number: int, rng: random.Random, show: int, own_part: int, parts: list[int]) -> tuple[int, bytes]:
    """Where, and what."""
    key = command_key(account="ent_x", method="POST", path_template="/x", show=show, key=str(number // 12))
    command = messages.HoldSeats(
        show=show, key=key, fingerprint=b"12345678", sent_at_ms=SystemClock().now_ms(), account="ent_x",
        person="ent_x", areas=((0, 1),),
    )  # fmt: skip
    whole = messages.encode(command)
    match number % 6:
        case 0:
            return rng.choice(parts), rng.randbytes(rng.randint(0, 300))
        case 1:
            bent = bytearray(whole)
            bent[rng.randrange(len(bent))] ^= 1 << rng.randrange(8)
            return own_part, bytes(bent)
        case 2:
            return rng.choice(parts), whole[: rng.randrange(1, len(whole))]
        case 3 if number % 60 == 3:
            return rng.choice(parts), rng.randbytes(HUGE_BYTES)
        case 4:
            # A show that is not on this partition, and one that is nowhere.
            return rng.choice(parts), whole
        case _:
            return own_part, whole


def _readable(raw: bytes) -> bool:
    try:
        messages.decode_command(raw)
    except messages.Undecodable:
        return False
    return True


async def _say(stage: Stage, raw: bytes) -> None:
    """Say it to ingress, and listen for a moment."""
    assert stage.ingress is not None
    with suppress(OSError, TimeoutError):
        reader, writer = await asyncio.open_connection("127.0.0.1", stage.ingress.port)
        try:
            writer.write(raw)
            async with asyncio.timeout(0.2):
                await reader.read(4096)
        finally:
            writer.close()
