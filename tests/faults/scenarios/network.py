"""Faults of the network between any two parts: each goes through a proxy of its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.embedded.kafka import Shape
from infra.embedded.processes import free_port
from infra.provision import database_url
from tests.faults.crowd import Load
from tests.faults.own_servers import Ground, own_kafka, own_postgres, running
from tests.faults.proxy import FaultProxy, open_proxy
from tests.faults.report import Report, conclude
from tests.faults.stage import DATABASE, Stage, open_stage

SECRET = "only-for-these-tests-and-no-others"
ROOMS = ("ingress", "allocator", "expiry_worker", "notifier")
LASTS_S = 4.0
FAULTS: dict[str, Callable[[FaultProxy], object]] = {
    "latency": lambda proxy: proxy.delay(0.05, 0.2),
    "reset": lambda proxy: proxy.refuse(),
    "black hole": lambda proxy: proxy.black_hole(),
    "black hole, then reset": lambda proxy: proxy.black_hole(),
    "half close": lambda proxy: proxy.half_close("server"),
    "half close, the other half": lambda proxy: proxy.half_close("client"),
    "cut after n bytes": lambda proxy: proxy.cut_after(4_000),
}


@dataclass
class Network:
    """A stage with a proxy for each road: `(room, server)`, and `("fans", "ingress")`."""

    stage: Stage
    roads: dict[tuple[str, str], FaultProxy]


@asynccontextmanager
async def open_network(directory: Path, *, seed: int) -> AsyncIterator[Network]:
    """Every room reaches Postgres and Kafka by roads of its own."""
    async with AsyncExitStack() as stack:
        postgres = own_postgres(directory / "postgres", SECRET)
        doors = {room: free_port() for room in ROOMS}
        roads: dict[tuple[str, str], FaultProxy] = {}
        for number, room in enumerate(ROOMS):
            proxy = await stack.enter_async_context(open_proxy(doors[room], seed=seed + number))
            roads[room, "kafka"] = proxy
        # A broker tells its clients where it is: on each of these doors, where that room's proxy stands.
        shape = Shape(doors={room.upper(): (doors[room], roads[room, "kafka"].port) for room in ROOMS})
        kafka = own_kafka(directory / "kafka", shape)
        await stack.enter_async_context(running(postgres, kafka))
        ground = Ground(directory, SECRET, postgres, kafka, postgres.server.address, kafka.server.address)
        url = database_url(ground.admin_url, DATABASE)
        own_port = url.rpartition(":")[2].partition("/")[0]
        settings = {}
        for number, room in enumerate(ROOMS):
            proxy = await stack.enter_async_context(open_proxy(int(own_port), seed=seed + 100 + number))
            roads[room, "postgres"] = proxy
            settings[room] = {
                "ONSALE_POSTGRES_URL": url.replace(f":{own_port}/", f":{proxy.port}/"),
                "ONSALE_KAFKA_BOOTSTRAP": f"127.0.0.1:{roads[room, 'kafka'].port}",
            }
        stage = await stack.enter_async_context(open_stage(ground, rooms=ROOMS, roads=settings))
        assert stage.ingress is not None
        roads["fans", "ingress"] = await stack.enter_async_context(open_proxy(stage.ingress.port, seed=seed + 200))
        yield Network(stage, roads)


async def road_fails(network: Network, load: Load, road: tuple[str, str], faults: tuple[str, ...]) -> Report:
    """One road, one fault after the other; each time the road is whole again, sales must go on by themselves."""
    proxy = network.roads[road]
    resumed: dict[str, float] = {}
    for fault in faults:
        FAULTS[fault](proxy)
        await asyncio.sleep(LASTS_S)
        if fault == "black hole, then reset":
            proxy.reset()
        proxy.heal()
        resumed[fault] = round(await load.resumed_since(time.monotonic()), 2)
    ended = [room.module for room in network.stage.rooms if not room.is_running]
    return await conclude(
        network.stage,
        load,
        fault=f"network: {road[0]} - {road[1]}",
        done=f"{', '.join(faults)}, {LASTS_S:.0f} s each",
        resumed_s=max(resumed.values()),
        details={"resumed_each_s": resumed},
        wrong={"rooms that ended": ended} if ended else {},
    )
