"""Where a bench takes place: servers, a database and topics of its own, and rooms as processes beside it."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import asyncpg
import httpx

from bench.measuring import Processes, progress
from infra.embedded import EmbeddedServers
from infra.embedded.processes import LAUNCHER, free_port, log_tail
from infra.provision import database_url, provision_database, provision_topics
from ticketing import topics
from ticketing.layout import Layout, encode_layout

CHECKOUT = Path(__file__).resolve().parents[1]
DATABASE = "onsale_bench"
TOPIC_PREFIX = "bench-"
VENUE = "ven_bench"
MANY = "1000000"
READY_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 20.0

EMPTY = "TRUNCATE show, area, seat_taken, reservation, payment, outcome_log, dead_letter, log_pruned"
BEGINS_HERE = """
INSERT INTO log_pruned SELECT part, batch_seq, log_gen, next_offset, chain, last_now_ms, 0
FROM allocator_cursor WHERE batch_seq > 0
"""
"""So that `onsale verify` knows where the log begins now."""

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@dataclass(frozen=True)
class Room:
    """A process that a bench has started: `python -m <module>`, answering on `url` if it has HTTP."""

    module: str
    url: str
    process: asyncio.subprocess.Process
    log: Path


class RoomFailed(Exception):
    """A room ended or did not become ready; the text ends with the tail of its log."""


class Site:
    """Servers with one database and one set of topics, which `provision` makes."""

    def __init__(self, servers: EmbeddedServers, directory: Path) -> None:
        self.servers = servers
        self.directory = directory

    @property
    def postgres_url(self) -> str:
        """The bench's own database, as the superuser."""
        return database_url(self.servers.postgres_url, DATABASE)

    @property
    def commands(self) -> str:
        """The full name of the topic `commands`."""
        return topics.COMMANDS.full_name(TOPIC_PREFIX)

    async def provision(self, partitions: int = topics.PARTITIONS_DEFAULT) -> None:
        """A database with every migration, and the topics."""
        await provision_database(self.servers.postgres_url, DATABASE, self.servers.secret, range(partitions))
        await provision_topics(self.servers.kafka_bootstrap, TOPIC_PREFIX, partitions)

    async def empty(self, connection: Connection) -> None:
        """Forget all stock, so that every round begins alike; the cursors stay where they are. No allocator may run."""
        await connection.execute(EMPTY)
        await connection.execute(BEGINS_HERE)
        await connection.execute("CHECKPOINT")

    async def connect(self, database: str = DATABASE) -> Connection:
        """A connection of the superuser to the bench's database, or to another one; the caller closes it."""
        return await asyncpg.connect(database_url(self.servers.postgres_url, database))

    async def store_layout(self, connection: Connection, layout_id: str, layout: Layout) -> bytes:
        """Put a layout into the catalogue; its sha256."""
        document, sha256 = encode_layout(layout)
        await connection.execute("INSERT INTO catalogue_venue VALUES ($1, 'bench', 0) ON CONFLICT DO NOTHING", VENUE)
        version = await connection.fetchval("SELECT count(*) + 1 FROM catalogue_layout")
        await connection.execute(
            "INSERT INTO catalogue_layout VALUES ($1, $2, $3, $4, $5, $6, 0)",
            layout_id,
            VENUE,
            version,
            sha256,
            layout.places,
            document,
        )
        return sha256

    @asynccontextmanager
    async def room(
        self, module: str, *arguments: str, ready: bool = False, settings: Mapping[str, str] | None = None
    ) -> AsyncIterator[Room]:
        """`python -m module arguments`, told of these servers; it dies with us. `ready`: wait for its `/readyz`.
        `settings`: more of its environment.
        """
        port = free_port()
        log = self.directory / f"{module}.log"
        environment = self.environment() | {"ONSALE_PORT": str(port), **(settings or {})}
        words = (sys.executable, "-m", module, *arguments)
        async with started(words, log, environment, directory=CHECKOUT, death_signal=signal.SIGKILL) as process:
            room = Room(module, f"http://127.0.0.1:{port}", process, log)
            if ready:
                await until_ready(room, "/readyz")
            yield room

    def environment(self) -> dict[str, str]:
        """What tells a process of ours where everything is."""
        return os.environ | {
            "ONSALE_POSTGRES_URL": self.postgres_url,
            "ONSALE_REDIS_URL": self.servers.redis_url,
            "ONSALE_KAFKA_BOOTSTRAP": self.servers.kafka_bootstrap,
            "ONSALE_SECRET": self.servers.secret,
            "ONSALE_TOPIC_PREFIX": TOPIC_PREFIX,
            "ONSALE_REDIS_PREFIX": TOPIC_PREFIX,
            "ONSALE_LOG_LEVEL": "warning",
            # Some fans ask more here than anybody may: a bench is of the sale, not of its limits.
            "ONSALE_INGRESS_FAN_HOLDS_PER_MIN": MANY,
            "ONSALE_INGRESS_FAN_REQUESTS_PER_MIN": MANY,
            "ONSALE_INGRESS_FAN_SURGE_WRITES_PER_MIN": MANY,
        }

    async def violations(self, *words: str) -> int:
        """How many violations `onsale verify` finds in everything that was sold here. Raises RoomFailed."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "onsale", "verify", "--json", "--data-dir", str(self.directory), *words),
            stdout=asyncio.subprocess.PIPE,
            cwd=CHECKOUT,
            env=self.environment(),
        )
        output, _ = await process.communicate()
        if process.returncode not in {0, 1}:
            raise RoomFailed(f"onsale verify ended with {process.returncode}\n{output.decode()}")
        report = json.loads(output)
        if report["violations"]:
            progress(output.decode())
        return int(report["violations"])

    @asynccontextmanager
    async def rooms(self, *modules: str) -> AsyncIterator[list[Room]]:
        """A room of each module, ready, in that order."""
        async with AsyncExitStack() as stack:
            yield [await stack.enter_async_context(self.room(module, ready=True)) for module in modules]

    def processes(self, *rooms: Room, load_pid: int | None = None) -> Processes:
        """CPU by name: each room (a second one of a kind by its number, `ingress 2`), each embedded server, this
        process, and the load generator."""
        pids = dict(self.servers.pids())
        for number, room in enumerate(rooms):
            before = sum(other.module == room.module for other in rooms[:number])
            pids[f"{room.module} {before + 1}" if before else room.module] = room.process.pid
        return Processes(pids | ({"load": load_pid} if load_pid is not None else {}))


@asynccontextmanager
async def open_site() -> AsyncIterator[Site]:
    """Embedded servers of this run's own (or the ones that the environment names), gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="onsale-bench-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        os.chmod(name, 0o711)  # noqa: S103 -- Postgres' own user passes through
        async with EmbeddedServers(directory / "servers", ephemeral=True) as servers:
            yield Site(servers, directory)


@asynccontextmanager
async def started(
    words: Sequence[str], log: Path, environment: Mapping[str, str], *, directory: Path, death_signal: signal.Signals
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program beside us, its output appended to `log`: asked to stop in the end; the kernel sends it `death_signal`
    should this process die before."""
    launcher = (sys.executable, "-I", "-S", str(LAUNCHER), str(int(death_signal)), str(os.getpid()), "-1", "-1")
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *launcher, *words, stdout=output, stderr=output, cwd=directory, env=environment
        )
    try:
        yield process
    finally:
        await _stop(process)


async def until_ready(room: Room, path: str) -> None:
    """Until `path` of a room answers well. Raises RoomFailed."""
    async with httpx.AsyncClient() as client:
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                while room.process.returncode is None:
                    try:
                        if (await client.get(f"{room.url}{path}")).is_success:
                            return
                    except httpx.TransportError:
                        pass
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pass
    raise RoomFailed(f"{room.module} is not ready\n{log_tail(room.log)}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
