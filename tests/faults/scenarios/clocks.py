"""A clock that is an hour ahead, or behind: of one room, or of the broker."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from runtime.kafka import PartitionReader
from tests.acceptance.sale import Sale
from tests.acceptance.spectator import Spectator, spectator
from tests.faults import shifted_room
from tests.faults.crowd import Load
from tests.faults.own_servers import open_ground
from tests.faults.report import Report, conclude
from tests.faults.rooms import Room, until
from tests.faults.stage import Stage, open_stage
from ticketing import topics
from ticketing.clock import SystemClock
from ticketing.tokens import Pass
from ticketing.vocabulary import parse_show, reservation_text

HOUR_MS = 3_600_000
HOLD_S = 6
"""Shorter than a clock is wrong: some holds end meanwhile."""
WRONG_S = 6.0
EARLY_MS_MAX = 100
"""What reading two clocks one after the other may be off by."""
DECIDED_S_MAX = 15.0
HEARD_S_MAX = 5.0
RELEASED_S_MAX = 10.0
POLL_S = 0.2
ROOMS = ("ingress", "allocator", "expiry_worker", "notifier")
PART = "SELECT part FROM show WHERE show_id = $1"
ENDED = "SELECT show_id, reservation_id FROM reservation WHERE status = 'expired'"
OVERDUE = "SELECT true FROM reservation WHERE status = 'held' AND expires_at_ms < $1 LIMIT 1"


@dataclass
class ShiftedStage:
    """A stage all of whose rooms can be told to have a wrong clock; the writers' stamps are the log's."""

    stage: Stage
    rooms: dict[str, Room]

    def set_wrong(self, which: str, by_ms: int) -> None:
        """The clock of one room, or of the `broker`."""
        if which == "broker":
            for room in self.rooms.values():
                room.tell(f"stamps {by_ms}")
        else:
            self.rooms[which].tell(f"clock {by_ms}")

    async def is_wrong(self, which: str, show: int) -> int:
        """By how many hours it is wrong, as the room says, or the last record on the show's partition."""
        if which != "broker":
            return int(self.rooms[which].said("clock_set", which="clock")[-1]["wrong_s"]) // 3600
        ((part,),) = await self.stage.rows(PART, show)
        bootstrap, topic = self.stage.ground.kafka_bootstrap, topics.COMMANDS.full_name("")
        async with PartitionReader(bootstrap, topic, client_id="faults") as log:
            last = await log.read_one(part, (await log.ends([part]))[part] - 1)
        assert last is not None
        return round((last.timestamp_ms - SystemClock().now_ms()) / HOUR_MS)


@asynccontextmanager
async def open_shifted_stage(directory: Path) -> AsyncIterator[ShiftedStage]:
    """Everything running, all clocks right."""
    async with open_ground(directory) as ground, open_stage(ground, rooms=()) as stage:
        await _keep_stamps(ground.kafka_bootstrap)
        started = await asyncio.gather(*(stage.start(shifted_room.MODULE, room, talks=True) for room in ROOMS))
        rooms = dict(zip(ROOMS, started, strict=True))
        stage.ingress = rooms["ingress"]
        yield ShiftedStage(stage, rooms)


async def jumps(shifted: ShiftedStage, load: Load) -> Report:
    """Each clock an hour ahead and an hour back, one after the other: sales go on, and no hold ends before its time."""
    stage = shifted.stage
    resumed: dict[str, float] = {}
    ends = Ends()
    wrong: dict[str, Any] = {}
    show = load.shows[-1].show
    watching_ends = asyncio.create_task(ends.watch(stage))
    async with stage.sale() as sale:
        venue = (await sale.call("GET", f"/api/events/{show}")).body["venue"]
        sale.url = shifted.rooms["notifier"].url
        async with spectator(sale, {"show": show, "venue": venue}) as watcher:
            await watcher.hello()
            for which in (*ROOMS, "broker"):
                for by_ms in (HOUR_MS, -HOUR_MS):
                    name = f"{which} {by_ms // HOUR_MS:+d} h"
                    shifted.set_wrong(which, by_ms)
                    # What hangs on the time of a second ago, or of the last frame, is wrong a little later.
                    await asyncio.sleep(WRONG_S)
                    resumed[name] = await load.resumed_since(time.monotonic(), DECIDED_S_MAX)
                    if await shifted.is_wrong(which, parse_show(show)) * HOUR_MS != by_ms:
                        wrong[f"the clock was not wrong, {name}"] = True
                    if not await _hears(watcher):
                        wrong[f"nothing on the socket, {name}"] = True
                    if not await _refuses_old_passes(sale, stage, show):
                        wrong[f"a pass that ended two hours ago, {name}"] = True
                    shifted.set_wrong(which, 0)
    await load.resumed_since(time.monotonic())
    await load.finish()
    try:
        await until(lambda: _none_is_overdue(stage), RELEASED_S_MAX)
    except TimeoutError:
        wrong["holds whose time is over are held"] = True
    watching_ends.cancel()
    await asyncio.gather(watching_ends, return_exceptions=True)
    busy = sum(line.code == "busy" for line in load.history.lines)
    if busy:
        wrong["turned away, as if the allocator lagged"] = busy
    early = ends.early(load)
    if early:
        wrong["ended early"] = early[:5]
    return await conclude(
        stage,
        load,
        fault="clocks jump by an hour",
        done=f"clock of {', '.join(ROOMS)}, stamps of the log: each +1 h and -1 h, looked at {WRONG_S:.0f} s later",
        resumed_s=max(resumed.values()),
        details={
            "holds_ended": len(ends.seen_ms),
            "resumed_each_s": {name: round(seconds, 2) for name, seconds in resumed.items()},
        },
        wrong=wrong,
    )


@dataclass
class Ends:
    """When each hold was first seen to be over, by a clock that is right."""

    seen_ms: dict[str, int] = field(default_factory=dict)
    _clock: SystemClock = field(default_factory=SystemClock)

    async def watch(self, stage: Stage) -> None:
        """Until cancelled."""
        while True:
            rows = await stage.rows(ENDED)
            now_ms = self._clock.now_ms()
            for row in rows:
                self.seen_ms.setdefault(reservation_text(row["show_id"], row["reservation_id"]), now_ms)
            await asyncio.sleep(POLL_S)

    def early(self, load: Load) -> list[str]:
        """Those that were over before their time, counted from when they were asked for."""
        wall_ms = self._clock.now_ms() - time.monotonic() * 1000
        asked_s = {line.op: line.at_s for line in reversed(load.history.lines) if line.event == "invoke"}
        found = []
        for line in load.history.lines:
            ended_ms = self.seen_ms.get(line.reservation)
            if line.kind == "hold" and line.event == "ok" and ended_ms is not None:
                lasted_ms = ended_ms - (wall_ms + asked_s[line.op] * 1000)
                if lasted_ms < HOLD_S * 1000 - EARLY_MS_MAX:
                    found.append(f"{line.reservation} after {lasted_ms / 1000:.1f} s")
        return found


async def _hears(watcher: Spectator) -> bool:
    """Whether what happens from now on is told."""
    try:
        async with asyncio.timeout(HEARD_S_MAX):
            await watcher.until("seat_status_changed")
            await watcher.until("seat_status_changed")
    except TimeoutError:
        return False
    watcher.heard.clear()
    return True


async def _refuses_old_passes(sale: Sale, stage: Stage, show: str) -> bool:
    """Whether a pass that ended two hours ago is taken by nobody, whatever the time is thought to be."""
    assert stage.ingress is not None
    old = sale.keys.sign_pass(Pass(parse_show(show), "ent_old", 0, SystemClock().now_ms() - 2 * HOUR_MS))
    answer = await sale.hold(show, old, areas=[{"area": "general", "quantity": 1}])
    return (answer.status, answer.body["code"]) == (401, "token_expired")


async def _none_is_overdue(stage: Stage) -> bool:
    return not await stage.rows(OVERDUE, SystemClock().now_ms() - 1_000)


async def _keep_stamps(bootstrap: str) -> None:
    """The log keeps the times that its writers put into their records, however wrong."""
    config = topics.COMMANDS.config | {
        "message.timestamp.type": "CreateTime",
        "message.timestamp.after.max.ms": str(2 * HOUR_MS),
        "message.timestamp.before.max.ms": str(2 * HOUR_MS),
    }
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        resource = ConfigResource(ConfigResourceType.TOPIC, topics.COMMANDS.full_name(""), configs=config)
        answers: list[Any] = await client.alter_configs([resource])
        assert [found[0] for answer in answers for found in answer.resources] == [0]
    finally:
        await client.close()
