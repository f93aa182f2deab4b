"""The notifier on real servers: the loops that are there once, and what each does when a server is away."""

import asyncio
from collections.abc import Sequence

import structlog

from notifier.cluster_loops import ClusterLoops
from notifier.lounge import Lounges
from notifier.outbox.service import Outbox
from notifier.reception import Reception
from notifier.service import Notifier
from notifier.trying import again_and_again, tried
from runtime.kafka import LogRangeError, PartitionReader
from ticketing.messages import RoomStatusNow, Undecodable, decode_as

log = structlog.get_logger("notifier")

SWEEP_EVERY_S = 1.0
ROOM_RECORDS_MAX = 1_000
ROOM_POLL_S = 0.25


class LiveTopic:
    """What is sent from now on: nobody needs a warning (`notifier.ports.Warnings`) or a status of an hour ago."""

    def __init__(self, reader: PartitionReader, parts: Sequence[int]) -> None:
        self._reader = reader
        self._parts = parts

    async def start(self) -> None:
        """Find the end. Raises `LogUnavailable`."""
        await self._reader.set_positions(await self._reader.ends(self._parts))

    async def poll(self, records_max: int, timeout_s: float) -> list[bytes]:
        """What has arrived. Raises `LogUnavailable`."""
        try:
            return [record.value for record in await self._reader.poll(records_max, timeout_s)]
        except LogRangeError:
            await self.start()
            return []


class NotifierLoops:
    """Beside those of each cluster. `parts_elsewhere`: the partitions that are not in the first cluster."""

    def __init__(
        self,
        *,
        notifier: Notifier,
        reception: Reception,
        first: ClusterLoops,
        parts_elsewhere: frozenset[int],
        warnings: PartitionReader,
        outbox: Outbox,
        lounges: Lounges,
        rooms: PartitionReader,
    ) -> None:
        self._notifier = notifier
        self._reception = reception
        self._first = first
        self._parts_elsewhere = parts_elsewhere
        self._warnings = warnings
        self._outbox = outbox
        self._lounges = lounges
        self._rooms = rooms

    async def pass_warnings_on(self) -> None:
        """Never returns."""
        topic = await tried("warnings.open", self._open_warnings)
        while True:
            await tried("warnings.step", lambda: self._notifier.warn(topic))

    async def follow_rooms(self) -> None:
        """Never returns."""
        statuses = LiveTopic(self._rooms, [0])
        await tried("rooms.open", statuses.start)
        while True:
            for raw in await tried("rooms.poll", lambda: statuses.poll(ROOM_RECORDS_MAX, ROOM_POLL_S)):
                try:
                    self._lounges.learn([decode_as(raw, RoomStatusNow)])
                except Undecodable as exc:
                    log.warning("room.status_undecodable", error=str(exc))
            for _ in self._lounges.flush():
                await asyncio.sleep(0)

    async def sweep(self) -> None:
        """Never returns."""
        while True:
            self._lounges.sweep()
            await tried("sweep", self._reception.sweep)
            await asyncio.sleep(SWEEP_EVERY_S)

    async def send_events(self) -> None:
        """Never returns."""
        await again_and_again("events.send", self._outbox.send)

    async def _open_warnings(self) -> LiveTopic:
        parts = {*await self._first.parts(), *self._parts_elsewhere}
        topic = LiveTopic(self._warnings, sorted(parts))
        await topic.start()
        return topic
