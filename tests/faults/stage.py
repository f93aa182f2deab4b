"""A sale of a scenario's own: its servers, every room as a process, shows to buy, and the crowd that buys."""

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from infra.provision import database_url, provision_database, provision_topics
from ingress.key_table import create_key
from ingress.keys import PLENTY
from tests.acceptance.sale import Sale
from tests.conftest import Database
from tests.faults.crowd import Load
from tests.faults.history import HistoryFile, Line, as_operations
from tests.faults.judge import Tables
from tests.faults.load import Orders, ShowOnSale
from tests.faults.own_servers import Ground
from tests.faults.rooms import HERE, ROOT, Place, Room, start_room
from tests.faults.talking import open_helper
from ticketing.clock import SystemClock
from ticketing.messages import AnyOutcome, decode_outcomes
from ticketing.tokens import TokenKeys

DATABASE = "onsale_faults"
AREA_CAPACITY = 150_000
ROWS, SEATS_PER_ROW = 26, 100
HOLD_S = 60
PEAK_S = 3.0
RESERVATIONS = "SELECT show_id, reservation_id, status FROM reservation"
BATCHES = "SELECT part, log_gen, payload FROM outcome_log ORDER BY part, batch_seq"


@dataclass
class Stage:
    """What a scenario acts on. `roads`: by room, settings that differ from everybody's (a proxy's port); `fans`: where
    the crowd is."""

    ground: Ground
    postgres_url: str
    """Of the sale's database, as the superuser."""
    rooms: list[Room] = field(default_factory=list)
    roads: dict[str, dict[str, str]] = field(default_factory=dict)
    ingress: Room | None = None
    root: Path = ROOT
    """Where the code is of the rooms that are started from now on."""
    redis_url: str = "redis://127.0.0.1:1/0"
    """Nobody is there, unless a scenario brings one."""
    fans: Place = HERE
    doors: list[tuple[str, int]] = field(default_factory=list)
    """Host and port of each ingress that the crowd goes to; none: `ingress` is the only one."""
    _names: int = 0

    def environment(self, module: str = "") -> dict[str, str]:
        """What a room is told."""
        return {
            "ONSALE_POSTGRES_URL": self.postgres_url,
            "ONSALE_KAFKA_BOOTSTRAP": self.ground.kafka_bootstrap,
            "ONSALE_REDIS_URL": self.redis_url,
            "ONSALE_SECRET": self.ground.secret,
            "ONSALE_LOG_LEVEL": "info",
            # Whoever gets no verdict asks again until there is one, quicker than a person may.
            "ONSALE_INGRESS_FAN_HOLDS_PER_MIN": "100000",
            "ONSALE_INGRESS_FAN_REQUESTS_PER_MIN": "100000",
            **self.roads.get(module, {}),
        }

    async def start(
        self,
        module: str,
        *arguments: str,
        ready: bool = True,
        talks: bool = False,
        road: str | None = None,
        port: int | None = None,
        place: Place = HERE,
    ) -> Room:
        """A room as a process; `road`: whose settings it is given, when not its own; `port`: one that is free."""
        log = self.ground.directory / f"{self._number()}-{module}.log"
        environment = self.environment(road or module)
        room = await start_room(
            module, arguments, environment, log, talks=talks, port=port, root=self.root, place=place
        )
        self.rooms.append(room)
        if ready:
            await room.until_ready()
        return room

    def running(self, module: str) -> list[Room]:
        """The processes of a room that live."""
        return [room for room in self.rooms if room.module == module and room.is_running]

    async def rows(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """What the tables say, asked as the superuser, who may always write."""
        writable = {"default_transaction_read_only": "off"}
        connection = await asyncpg.connect(self.postgres_url, timeout=10, server_settings=writable)
        try:
            return list(await connection.fetch(sql, *arguments))
        finally:
            await connection.close()

    async def tables(self) -> Tables:
        """What the judge compares with."""
        reservations = {(row["show_id"], row["reservation_id"]): row["status"] for row in await self.rows(RESERVATIONS)}
        outcomes: dict[tuple[int, int, int], list[AnyOutcome]] = {}
        for row in await self.rows(BATCHES):
            for outcome in decode_outcomes(row["payload"]):
                outcomes.setdefault((row["part"], row["log_gen"], outcome.offset), []).append(outcome)
        return Tables(reservations, outcomes)

    async def verify(self, lines: Iterable[Line], *, replay: bool) -> tuple[int, str]:
        """Exit code and report of `onsale verify` over everything, and over what clients were told."""
        told = self.ground.directory / f"{self._number()}-told.jsonl"
        told.write_bytes(as_operations(lines))
        words = ["verify", "--history", str(told), "--data-dir", str(self.ground.directory)]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "onsale", *words, *(["--replay"] if replay else []),
            env={**os.environ, **self.environment()}, cwd=ROOT,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, output.decode()

    def _number(self) -> int:
        self._names += 1
        return self._names

    @asynccontextmanager
    async def sale(self) -> AsyncIterator[Sale]:
        """The API as an admin and a fan reach it."""
        assert self.ingress is not None
        now_ms = SystemClock().now_ms()
        async with asyncpg.create_pool(self.postgres_url, min_size=1, max_size=1) as pool:
            _, admin = await create_key(pool, "faults", ["admin"], False, now_ms, secrets.token_bytes(40), PLENTY)
        database = Database(DATABASE, self.postgres_url, self.ground.secret)
        url = self.ingress.url
        tokens = TokenKeys([self.ground.secret])
        async with (
            httpx.AsyncClient(base_url=url, timeout=20) as http,
            asyncpg.create_pool(self.postgres_url, min_size=0) as tables,
        ):
            yield Sale(url, http, tables, database, self.environment(), tokens, admin, "")

    async def make_shows(self, hold_s: int, areas: int = 3, seated: int = 1, **terms: Any) -> list[ShowOnSale]:
        """Shows on as many partitions; `terms` as in POST /api/admin/shows."""
        policy = {"test": True, "policy": {"hold_s": hold_s}, **terms}
        async with self.sale() as sale:
            made = [await sale.new_show(capacity=AREA_CAPACITY, **policy) for _ in range(areas)]
            shows = [ShowOnSale(show["show"]) for show in made]
            labels = [f"{chr(ord('A') + row)}-{number + 1}" for row in range(ROWS) for number in range(SEATS_PER_ROW)]
            for _ in range(seated):
                show = await sale.new_show(rows=ROWS, seats_per_row=SEATS_PER_ROW, **policy)
                shows.append(ShowOnSale(show["show"], labels))
            return shows

    @asynccontextmanager
    async def load(
        self, seed: int, *, peak_s: float = PEAK_S, port: int | None = None, hold_s: int = HOLD_S
    ) -> AsyncIterator[Load]:
        """A crowd of its own, with shows of its own, which has shown its peak and keeps to its rate.

        `port`: of a proxy, instead of ingress itself; `hold_s`: how long its holds last.
        """
        async with self.crowd(seed, await self.make_shows(hold_s), port=port) as load:
            await load.begin(peak_s)
            yield load

    @asynccontextmanager
    async def crowd(self, seed: int, shows: list[ShowOnSale], *, port: int | None = None) -> AsyncIterator[Load]:
        """A crowd for these shows, which waits to be told how fast to buy."""
        assert self.ingress is not None
        path = self.ground.directory / f"{self._number()}-history.jsonl"
        own = [(self.ingress.host, port or self.ingress.port)]
        async with open_helper("tests.faults.load", self.fans) as helper:
            helper.tell(Orders(self.doors or own, str(path), self.ground.secret, seed, shows))
            yield Load(helper, HistoryFile(path), shows)


@asynccontextmanager
async def open_stage(
    ground: Ground,
    *,
    rooms: tuple[str, ...] = ("ingress", "expiry_worker", "allocator"),
    topic_replicas: int = 1,
    roads: Mapping[str, dict[str, str]] | None = None,
    root: Path = ROOT,
) -> AsyncIterator[Stage]:
    """Database, topics and rooms on servers that run, all of it ended afterwards."""
    await asyncio.gather(
        provision_database(ground.admin_url, DATABASE, ground.secret),
        provision_topics(ground.kafka_bootstrap, replicas=topic_replicas),
    )
    stage = Stage(ground, database_url(ground.admin_url, DATABASE), roads=dict(roads or {}), root=root)
    try:
        started = await asyncio.gather(*(stage.start(module) for module in rooms))
        stage.ingress = next((room for room in started if room.module == "ingress"), None)
        yield stage
    finally:
        await asyncio.gather(*(room.kill() for room in stage.rooms if room.is_running))
