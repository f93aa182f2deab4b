"""A notifier that dies with all of its sockets, and sockets that nobody reads."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

from tests.acceptance.sale import Sale
from tests.faults import watching
from tests.faults.crowd import Load
from tests.faults.report import Report, conclude
from tests.faults.rooms import Room, until
from tests.faults.stage import Stage
from tests.faults.talking import Helper, open_helper
from tests.faults.watching import Orders, Seen, Told
from ticketing.vocabulary import parse_show

CONNECTED_S_MAX = 60.0
CONSISTENT_S_MAX = 30.0
HELD_EVERY_S = 0.1
BEFORE_S = 2.0
AFTER_S = 6.0
CALM_S = 5.0
STUCK_CLOSED_S_MAX = 10.0
LATER_FACTOR_MAX = 2.0
"""By so much the age of 99 of 100 frames differs between two stretches of ten seconds by itself."""
STUCK_BYTES_MAX = 1024 * 1024
"""What one socket that is not read may cost the notifier, and what its memory moves by anyway (each socket's share)."""
TOO_SLOW = "4408"
TAKEN = """
SELECT s.seat_no, r.status FROM seat_taken s JOIN reservation r USING (part, show_id, reservation_id)
WHERE s.show_id = $1
"""


@dataclass
class Audience:
    """Those who watch the seated show, and the notifier that they watch."""

    stage: Stage
    helper: Helper
    sale: Sale
    room: Room
    show: str
    seats: list[str]
    tokens: list[str]
    http: httpx.AsyncClient

    async def seen(self, **told: Any) -> Seen:
        """What they have seen, once they have done as told."""
        return await self.helper.ask(Told(**told), Seen)

    async def until_all(self, sockets: int, connections: int = 1) -> Seen:
        """Once so many have a picture, and each has connected so often at least."""

        async def all_are() -> Seen | None:
            seen = await self.seen()
            return seen if seen.connected == sockets and seen.connections_least >= connections else None

        return await until(all_are, CONNECTED_S_MAX)

    async def until_true(self) -> dict[str, Any]:
        """What is wrong with their pictures, when they have had the time to become what the tables say."""

        async def truth() -> dict[str, str]:
            rows = await self.stage.rows(TAKEN, parse_show(self.show))
            return {self.seats[row["seat_no"]]: row["status"] for row in rows}

        async def same() -> bool:
            return [seats for _, seats in (await self.seen(describe=True)).pictures] == [await truth()]

        try:
            await until(same, CONSISTENT_S_MAX)
        except TimeoutError:
            true, pictures = await truth(), (await self.seen(describe=True)).pictures
            return {"pictures that differ": sum(count for count, seats in pictures if seats != true)}
        return {}

    async def metrics(self) -> dict[str, float]:
        """The notifier's: open sockets, and those that were closed for being too slow."""
        text = (await self.http.get(f"{self.room.url}/metrics")).text
        found = {"sockets": 0.0, "too_slow": 0.0}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == "onsale_notifier_sockets":
                    found["sockets"] = sample.value
                elif sample.name == "onsale_notifier_closed_total" and sample.labels["code"] == TOO_SLOW:
                    found["too_slow"] = sample.value
        return found


@asynccontextmanager
async def open_audience(
    stage: Stage, load: Load, *, sockets: int, owners: int, seed: int, small: int = 0
) -> AsyncIterator[Audience]:
    """All of them connected, with a picture of the show."""
    show = load.shows[-1]
    async with stage.sale() as sale, open_helper(watching.__name__) as helper, httpx.AsyncClient() as http:
        venue = (await sale.call("GET", f"/api/events/{show.show}")).body["venue"]
        room = await stage.start("notifier")
        tokens = [sale.fan(show.show) for _ in range(owners)]
        helper.tell(Orders(room.port, f"/ws/venues/{venue}/shows/{show.show}", sockets, tokens, seed, small))
        audience = Audience(stage, helper, sale, room, show.show, show.seats, tokens, http)
        await audience.until_all(sockets)
        yield audience


async def notifier_killed(stage: Stage, load: Load, *, sockets: int, owners: int, seed: int) -> Report:
    """kill -9 under load while owners' holds are being decided; another one is started. All come back by themselves."""
    async with open_audience(stage, load, sockets=sockets, owners=owners, seed=seed) as audience:
        holding = asyncio.create_task(_hold_now_and_then(audience, random.Random(seed)))
        await asyncio.sleep(BEFORE_S)
        await audience.room.kill()
        began_s = time.monotonic()
        audience.room = await stage.start("notifier")
        up_s = time.monotonic() - began_s
        await audience.seen(port=audience.room.port)
        await audience.until_all(sockets, connections=2)
        back_s = time.monotonic() - began_s
        await asyncio.sleep(AFTER_S)
        held = await holding
        await load.finish()
        wrong = await audience.until_true()
        seen = await audience.seen(describe=True)
    missed = [one for told, granted in zip(seen.decided, held, strict=True) for one in granted - told.keys()]
    if missed:
        wrong["personal outcomes missed"] = missed[:5]
    if seen.gaps:
        wrong["frames with a gap before them"] = seen.gaps
    return await conclude(
        stage,
        load,
        fault="notifier kill -9",
        done=f"with {sockets} sockets, {owners} of them owners of {sum(map(len, held))} holds; started again",
        resumed_s=back_s,
        also_granted=[one for granted in held for one in granted],
        details={"started_again_s": round(up_s, 2), "personal_outcomes": sum(map(len, held)), "missed": len(missed)},
        wrong=wrong,
    )


async def stuck_readers(stage: Stage, load: Load, *, sockets: int, seed: int) -> Report:
    """One of a hundred stops to read, another one reads now and then; all others hear what they heard before."""
    few = sockets // 100
    wrong: dict[str, Any] = {}
    async with open_audience(stage, load, sockets=sockets, owners=0, seed=seed, small=few) as audience:
        process = psutil.Process(audience.room.process.pid)
        rss_most_bytes = 0

        async def closed() -> bool:
            nonlocal rss_most_bytes
            rss_most_bytes = max(rss_most_bytes, process.memory_info().rss)
            return (await audience.metrics())["too_slow"] >= few

        await audience.seen(forget=True)
        with suppress(TimeoutError):
            # Nobody is closed yet, but looking takes time from all others: as much as it does afterwards.
            await until(closed, CALM_S)
        before = await audience.seen(forget=True)
        rss_bytes = rss_most_bytes = process.memory_info().rss
        began_s = time.monotonic()
        await audience.seen(stuck=few, slow=few)
        try:
            await until(closed, 2 * STUCK_CLOSED_S_MAX)
            closed_s = time.monotonic() - began_s
        except TimeoutError:
            closed_s = float("inf")
        while_stuck = await audience.seen()
        if while_stuck.lost or while_stuck.connected != sockets - few:
            wrong["others lost their sockets"] = [while_stuck.lost, while_stuck.connected]
        if (await audience.metrics())["sockets"] != sockets - few:
            wrong["open sockets"] = await audience.metrics()
        if while_stuck.late_ms[1] > LATER_FACTOR_MAX * before.late_ms[1]:
            wrong["others heard later"] = [before.late_ms, while_stuck.late_ms]
        grown_bytes = rss_most_bytes - rss_bytes
        if grown_bytes > few * STUCK_BYTES_MAX:
            wrong["memory grew by"] = grown_bytes
        await load.finish()
        wrong |= await audience.until_true()
    return await conclude(
        stage,
        load,
        fault="stuck and slow readers",
        done=f"of {sockets} sockets {few} ask for snapshots and read nothing, {few} read now and then",
        resumed_s=closed_s,
        limit_s=STUCK_CLOSED_S_MAX,
        details={
            "frame_age_before_ms": before.late_ms,
            "frame_age_while_stuck_ms": while_stuck.late_ms,
            "memory_grown_kb": grown_bytes // 1024,
        },
        wrong=wrong,
    )


async def _hold_now_and_then(audience: Audience, rng: random.Random) -> list[set[str]]:
    """Each owner tries for some seats, before, during and after; what each was granted."""
    granted: list[set[str]] = [set() for _ in audience.tokens]
    for number, token in enumerate(audience.tokens * 2):
        answer = await audience.sale.hold(audience.show, token, rng.choice(audience.seats))
        if answer.status == 201:
            granted[number % len(granted)].add(answer.body["reservation"])
        await asyncio.sleep(HELD_EVERY_S)
    return granted
