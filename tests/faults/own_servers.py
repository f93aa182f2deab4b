"""A scenario's own Postgres and Kafka: nobody restarts them but the scenario, and it may kill them."""

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from infra.embedded import downloads, processes
from infra.embedded.accounts import unprivileged_account
from infra.embedded.kafka import Kafka, Shape
from infra.embedded.keeper import Server
from infra.embedded.postgres import Postgres
from infra.embedded.processes import ServerFailed, free_port
from tests.faults.rooms import HERE, Place

START_TIMEOUT_S = 60.0
POLL_S = 0.02
RETRY_S = 0.1


class OwnServer:
    """An embedded server in the scenario's hands. `more`: words that are added to its command line; `within`: words
    before it, which take it to where it lives."""

    def __init__(self, server: Server, log: Path, more: Sequence[str] = (), within: Sequence[str] = ()) -> None:
        self.server = server
        self.log = log
        self._within = within
        self._commands = replace(server.commands(), run=[*server.commands().run, *more])
        self._process: asyncio.subprocess.Process | None = None

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.returncode is None

    async def start(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Start it, on the data that are there, and again until it answers: children of one that was killed may still
        hold its memory. Raises ServerFailed."""
        failure = "was not tried"
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while True:
                    try:
                        await self.server.prepare()
                    except (ServerFailed, OSError) as error:
                        # Where the disk is full it cannot even be prepared.
                        failure = str(error)
                        await asyncio.sleep(RETRY_S)
                        continue
                    process = self._process = await processes.start(self._commands, self.log, self._within)
                    while process.returncode is None:
                        if await self.server.answers(process.pid):
                            return
                        await asyncio.sleep(POLL_S)
                    failure = f"ended with code {process.returncode}"
                    await asyncio.sleep(RETRY_S)
        raise ServerFailed(f"{self.server.name} {failure}\n{processes.log_tail(self.log)}")

    async def kill(self) -> None:
        """kill -9, and wait until the kernel has taken it away."""
        self.send(signal.SIGKILL)
        if self._process is not None:
            await self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to its first process."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def ended(self) -> None:
        """Wait until it has ended, by whatever hand."""
        if self._process is not None:
            await self._process.wait()

    async def stop(self) -> None:
        """End it in order."""
        if self._process is not None:
            await processes.stop(self._process, self._commands)


def own_postgres(
    place: Path, secret: str, more: Sequence[str] = (), *, port: int | None = None, where: Place = HERE
) -> OwnServer:
    """A Postgres that keeps its data in `place`. Elsewhere than here it is told by `more` what to listen on."""
    place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o711)
    server = Postgres(place, port or free_port(), secret, unprivileged_account())
    return OwnServer(server, place / "log" / "postgres.log", more, where.within)


def own_kafka(
    place: Path, shape: Shape | None = None, *, ports: tuple[int, int] | None = None, where: Place = HERE
) -> OwnServer:
    """A broker that keeps its data in `place`; `ports`: for clients, and for controllers."""
    place.mkdir(parents=True, exist_ok=True)
    cache = downloads.user_cache()
    downloads.fetch_kafka(cache, print)
    port, controller_port = ports or (free_port(), free_port())
    server = Kafka(place, port, controller_port, cache, shape)
    return OwnServer(server, place / "log" / "kafka.log", within=where.within)


@dataclass
class Ground:
    """What a stage stands on: where its files go, and where its servers are."""

    directory: Path
    secret: str
    postgres: OwnServer
    kafka: OwnServer
    admin_url: str
    kafka_bootstrap: str


@asynccontextmanager
async def running(*servers: OwnServer, timeout_s: float = START_TIMEOUT_S) -> AsyncIterator[None]:
    """The servers, started together and stopped together."""
    try:
        await asyncio.gather(*(server.start(timeout_s) for server in servers))
        yield
    finally:
        await asyncio.gather(*(server.stop() for server in servers))


@asynccontextmanager
async def open_ground(directory: Path) -> AsyncIterator[Ground]:
    """One Postgres and one broker."""
    secret = secrets.token_urlsafe(24)
    postgres, kafka = own_postgres(directory / "postgres", secret), own_kafka(directory / "kafka")
    async with running(postgres, kafka):
        yield Ground(directory, secret, postgres, kafka, postgres.server.address, kafka.server.address)
