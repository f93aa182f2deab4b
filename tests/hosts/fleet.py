"""Rooms and servers on three hosts, and a host that is lost and comes back."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from infra.embedded.processes import log_tail
from tests.faults.kafka_trio import NODES
from tests.faults.own_servers import Ground, OwnServer
from tests.faults.rooms import Room, RoomFailed
from tests.faults.stage import Stage, open_stage
from tests.hosts.cluster import START_S_MAX, Cluster, open_cluster
from tests.hosts.network import Network, open_network
from tests.hosts.plan import HOSTS, ROOM_PORT, ROOMS, Part, parts, settings_of_the_sale

STARTS_MAX = 3


@dataclass
class Fleet:
    """What a scenario acts on."""

    stage: Stage
    cluster: Cluster
    network: Network
    rooms: dict[Part, Room] = field(default_factory=dict)

    @property
    def parts(self) -> list[Part]:
        return list(self.network.places)

    def on(self, host: str) -> list[Part]:
        """What lives on it."""
        return [part for part in self.parts if part.host == host]

    async def start_rooms(self, chosen: list[Part]) -> None:
        """Those of them that are rooms, until they are ready."""
        rooms = [part for part in chosen if part.kind in ROOMS]
        started = await asyncio.gather(*(self.start_room(part) for part in rooms))
        self.rooms |= dict(zip(rooms, started, strict=True))

    async def start_room(self, part: Part) -> Room:
        """Started once more when it ends at its start, as whatever runs a host does. Raises RoomFailed at last."""
        starts = 0
        while True:
            starts += 1
            room = await self.stage.start(part.kind, ready=False, port=ROOM_PORT, place=self.network.places[part])
            try:
                await room.until_ready()
            except RoomFailed:
                await room.kill()
                if starts == STARTS_MAX:
                    raise
            else:
                return room

    async def lose(self, host: str) -> None:
        """The host goes dark: its cable first, so that nothing of it says goodbye, then all of its processes."""
        await self.network.unplug(host)
        lost = self.on(host)
        servers = [self.cluster.servers[part].kill() for part in lost if part in self.cluster.servers]
        await asyncio.gather(*servers, *(self.rooms[part].kill() for part in lost if part in self.rooms))

    async def bring_back(self, host: str) -> None:
        """Its cable is in again, its servers start on what they had, and its rooms when these are whole again."""
        await self.network.plug(host)
        back = self.on(host)
        servers = {part: self.cluster.servers[part] for part in back if part in self.cluster.servers}
        outdated = [part for part in servers if part.kind == "postgres" and part.host == self.cluster.outdated]
        await asyncio.gather(*(server.start(START_S_MAX) for part, server in servers.items() if part not in outdated))
        if outdated:
            await self.cluster.follow()
        await self.cluster.until_whole()
        await self.start_rooms(back)

    def ended(self) -> dict[str, str]:
        """Parts whose process has ended, though nobody killed it, and what each said last."""
        everything: dict[Part, Room | OwnServer] = {**self.rooms, **self.cluster.servers}
        return {part.name: log_tail(one.log) for part, one in everything.items() if not one.is_running}


@asynccontextmanager
async def open_fleet(directory: Path) -> AsyncIterator[Fleet]:
    """All of it running."""
    secret = secrets.token_urlsafe(24)
    async with open_network(parts()) as network, open_cluster(directory, network, secret) as cluster:
        _, primary = cluster.postgres(cluster.primary)
        trio = cluster.trio
        ground = Ground(directory, secret, primary, trio.brokers[NODES[0]], cluster.url, trio.bootstrap)
        async with open_stage(ground, rooms=(), topic_replicas=len(NODES)) as stage:
            stage.redis_url = cluster.redis_url
            stage.roads = settings_of_the_sale()
            fleet = Fleet(stage, cluster, network)
            (stage.fans,) = (place for part, place in network.places.items() if part.kind == "fans")
            for host in HOSTS:
                await fleet.start_rooms(fleet.on(host))
            doors = [room for part, room in fleet.rooms.items() if part.kind == "ingress"]
            stage.ingress = doors[0]
            stage.doors = [(room.host, room.port) for room in doors]
            yield fleet
