"""A notifier that dies with all of its sockets."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from tests.acceptance.sale import Sale
from tests.acceptance.spectator import Spectator
from tests.faults.crowd import Load
from tests.faults.report import Report, conclude
from tests.faults.rooms import Room, until
from tests.faults.stage import Stage
from ticketing.vocabulary import parse_show

SPREAD_S = 3.0
"""Clients that lose their server come back at a moment of this time."""
CONSISTENT_S_MAX = 30.0
HELD_EVERY_S = 0.1
BEFORE_S = 2.0
AFTER_S = 6.0
SEQ = "SELECT seq FROM show WHERE show_id = $1"
TAKEN = """
SELECT s.seat_no, r.status FROM seat_taken s JOIN reservation r USING (part, show_id, reservation_id)
WHERE s.show_id = $1
"""


@dataclass
class Door:
    """Where the notifier is now."""

    room: Room


@dataclass
class Watcher:
    """Somebody who watches a show, and comes back whenever the socket is gone."""

    venue: str
    show: str
    token: str
    seq: int = -1
    seats: dict[str, str] = field(default_factory=dict)
    areas: dict[str, int] = field(default_factory=dict)
    decided: Counter[str] = field(default_factory=Counter)
    connections: int = 0

    async def watch(self, door: Door, rng: random.Random) -> None:
        """For ever."""
        while True:
            url = f"ws://127.0.0.1:{door.room.port}/ws/venues/{self.venue}/shows/{self.show}"
            try:
                async with connect(url, max_queue=None, open_timeout=20, ping_interval=None) as socket:
                    await self._follow(Spectator(socket, self.seq, self.seats, self.areas))
            except (OSError, WebSocketException, InvalidHandshake, TimeoutError):
                await asyncio.sleep(rng.uniform(0, SPREAD_S))

    async def _follow(self, spectator: Spectator) -> None:
        self.connections += 1
        seen = 0
        try:
            await spectator.hello(self.token or None, self.seq if self.seq >= 0 else None)
            while True:
                await spectator.until_seq(spectator.seq + 1)
                self.seq, self.seats, self.areas = spectator.seq, spectator.seats, spectator.areas
                seen = self._note(spectator, seen)
        finally:
            self.seq, self.seats, self.areas = spectator.seq, spectator.seats, spectator.areas
            self._note(spectator, seen)

    def _note(self, spectator: Spectator, seen: int) -> int:
        for frame in spectator.heard[seen:]:
            if frame["type"] == "request_decided":
                self.decided[frame["data"]["outcome"].get("reservation", "")] += 1
        spectator.heard.clear()
        return 0


async def notifier_killed(stage: Stage, load: Load, *, sockets: int, owners: int, seed: int) -> Report:
    """kill -9 under load while owners' holds are being decided; another one is started. All come back by themselves."""
    rng = random.Random(seed)
    show = load.shows[-1]
    numbers = {label: number for number, label in enumerate(show.seats)}
    wrong: dict[str, Any] = {}
    async with stage.sale() as sale:
        venue = (await sale.call("GET", f"/api/events/{show.show}")).body["venue"]
        door = Door(await stage.start("notifier"))
        tokens = [sale.fan(show.show) for _ in range(owners)] + [""] * (sockets - owners)
        watchers = [Watcher(venue, show.show, token) for token in tokens]
        watching = [asyncio.create_task(watcher.watch(door, rng)) for watcher in watchers]
        await until(lambda: _all(watchers, lambda watcher: watcher.seq >= 0), CONSISTENT_S_MAX)
        holding = asyncio.create_task(_hold_now_and_then(sale, watchers[:owners], numbers, rng))
        await asyncio.sleep(BEFORE_S)
        await door.room.kill()
        began_s = time.monotonic()
        door.room = await stage.start("notifier")
        up_s = time.monotonic() - began_s
        await until(lambda: _all(watchers, lambda watcher: watcher.connections > 1), CONSISTENT_S_MAX)
        back_s = time.monotonic() - began_s
        await asyncio.sleep(AFTER_S)
        held = await holding
        resumed_s = await load.resumed_since(began_s)
        await load.finish()
        consistent_s = await _consistent(stage, watchers, show.show, numbers, wrong)
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
    missed = [one for watcher, granted in zip(watchers, held, strict=False) for one in granted - watcher.decided.keys()]
    if missed:
        wrong["personal outcomes missed"] = missed[:5]
    return await conclude(
        stage,
        load,
        fault="notifier kill -9",
        done=f"with {sockets} sockets, {owners} of them owners of {sum(map(len, held))} holds; started again",
        resumed_s=resumed_s,
        resumed_s_max=5.0,
        also_granted=[one for granted in held for one in granted],
        details={
            "started_again_s": round(up_s, 2),
            "all_back_s": round(back_s, 2),
            "consistent_after_the_last_sale_s": round(consistent_s, 2),
            "personal_outcomes": sum(map(len, held)),
            "missed": len(missed),
        },
        wrong=wrong,
    )


async def _all(watchers: list[Watcher], condition: Any) -> bool:
    return all(condition(watcher) for watcher in watchers)


async def _hold_now_and_then(
    sale: Sale, owners: list[Watcher], numbers: dict[str, int], rng: random.Random
) -> list[set[str]]:
    """Each owner tries for some seats, before, during and after; what each was granted."""
    labels = list(numbers)
    granted: list[set[str]] = [set() for _ in owners]
    for number, owner in enumerate(owners * 2):
        answer = await sale.hold(owner.show, owner.token, rng.choice(labels))
        if answer.status == 201:
            granted[number % len(owners)].add(answer.body["reservation"])
        await asyncio.sleep(HELD_EVERY_S)
    return granted


async def _consistent(
    stage: Stage, watchers: list[Watcher], show: str, numbers: dict[str, int], wrong: dict[str, Any]
) -> float:
    """Until every picture is what the tables say; seconds."""
    began_s = time.monotonic()
    labels = {number: label for label, number in numbers.items()}

    async def differing() -> list[Watcher]:
        rows = await stage.rows(TAKEN, parse_show(show))
        truth = {labels[row["seat_no"]]: row["status"] for row in rows}
        return [
            watcher
            for watcher in watchers
            if {label: status for label, status in watcher.seats.items() if status != "available"} != truth
        ]

    async def same() -> bool:
        return not await differing()

    try:
        await until(same, CONSISTENT_S_MAX)
    except TimeoutError:
        (seq,) = await stage.rows(SEQ, parse_show(show))
        wrong["pictures that differ"] = {"count": len(await differing()), "seq": seq["seq"]}
    return time.monotonic() - began_s
