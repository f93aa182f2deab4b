"""The side of whoever needs the servers: start or join them, hold on, let go."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from infra.embedded import downloads, meeting
from infra.embedded.accounts import fallback_data, make_data_directory
from infra.embedded.credentials import fingerprint, secret_of
from infra.embedded.meeting import Message, Running
from infra.embedded.processes import ServerFailed, log_tail
from infra.settings import InfraSettings

RETRY_S = 0.1
CHECKOUT = Path(__file__).resolve().parents[2]


class ServersUnavailable(Exception):
    """The servers could not be started or joined; the text says why and what to do."""


def _silent(_: str) -> None:
    return


class EmbeddedServers:
    """Addresses of Postgres, Redis and Kafka, with the embedded ones running for as long as this object is open.

    `with EmbeddedServers(data_dir) as servers:` or `async with`. Servers already running for that directory are
    joined; the ones that the environment names are used as they are. `on_progress` gets lines for people. With
    `ephemeral` the data directory is removed once the servers have stopped (the first client decides).
    """

    def __init__(
        self,
        data_dir: Path | str | None = None,
        *,
        on_progress: Callable[[str], None] = _silent,
        ephemeral: bool = False,
        settings: InfraSettings | None = None,
    ) -> None:
        self._settings = settings or InfraSettings()
        self.data_dir = Path(data_dir if data_dir is not None else self._settings.data_dir).absolute()
        self._cache_dir = (self._settings.cache_dir or downloads.user_cache()).absolute()
        self._say = on_progress
        self._ephemeral = ephemeral
        self._given = {
            "postgres": self._settings.postgres_url,
            "redis": self._settings.redis_url,
            "kafka": self._settings.kafka_bootstrap,
        }
        self._connection: socket.socket | None = None
        self._running: Running | None = None
        self._secret: str | None = None

    @property
    def postgres_url(self) -> str:
        """`postgresql://` URL of a superuser."""
        return self._address("postgres")

    @property
    def redis_url(self) -> str:
        """`redis://` URL."""
        return self._address("redis")

    @property
    def kafka_bootstrap(self) -> str:
        """`host:port`, perhaps several with commas."""
        return self._address("kafka")

    @property
    def secret(self) -> str:
        """The secret of this data directory (ONSALE_SECRET, or the one kept there)."""
        if self._secret is None:
            raise RuntimeError("not started")
        return self._secret

    def pids(self) -> dict[str, int]:
        """Process ids of the embedded servers as they run now (they change when the keeper restarts one)."""
        state = meeting.read_state(self.data_dir)
        return dict(state.pids) if state else {}

    @property
    def keeper_pid(self) -> int | None:
        """Process id of the keeper; None when every server is an external one."""
        return self._running.keeper_pid if self._running else None

    def start(self) -> None:
        """Starts or joins the servers, and returns when all of them answer. Raises ServersUnavailable."""
        make_data_directory(self.data_dir)
        self._secret = self._settings.secret or secret_of(self.data_dir)
        names = [name for name in meeting.SERVER_NAMES if not self._given[name]]
        if not names:
            return
        try:
            self._running = self._join(names)
        except ServerFailed as error:
            self.close()
            raise ServersUnavailable(str(error)) from None
        except BaseException:
            self.close()
            raise

    async def watch(self) -> None:
        """Until they are stopped in order: should the keeper be killed, another one is started, on the same addresses.

        Raises ServersUnavailable where that cannot be. To be cancelled before `close`.
        """
        while self._connection is not None:
            await meeting.until_gone(self._connection)
            if meeting.read_state(self.data_dir) is None:
                return
            self._say("the keeper of the servers was killed")
            await asyncio.to_thread(self._start_again)

    def _start_again(self) -> None:
        before, connection = self._running, self._connection
        if before is None or connection is None:
            return
        connection.close()
        # They die with their keeper, and until they have the next ones would have to listen elsewhere.
        for pid in self.pids().values():
            meeting.wait_for_end(pid)
        self._running = self._join(list(before.addresses))
        if self._running.addresses != before.addresses:
            raise ServersUnavailable("the servers' ports were taken by others while they were away; start again")

    def close(self) -> None:
        """Lets go of the servers; when nobody else holds them, returns after they have stopped in order."""
        connection, self._connection = self._connection, None
        running, self._running = self._running, None
        if connection is None:
            return
        with connection:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
            last = meeting.read_to_end(connection)
        if running is not None and last and meeting.read_state(self.data_dir) is None:
            meeting.wait_for_end(running.keeper_pid)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)

    def _address(self, name: str) -> str:
        given = self._given[name]
        if given:
            return given
        if self._running is None:
            raise RuntimeError("not started")
        return self._running.addresses[name]

    def _join(self, names: Sequence[str]) -> Running:
        # A keeper that is just stopping, or one that was killed, is outlived by trying again.
        for _ in range(int(meeting.STOP_TIMEOUT_S / RETRY_S)):
            self._connection = meeting.connect(self.data_dir)
            if self._connection is not None:
                running = self._await_ready(self._connection)
                if running is not None:
                    return self._checked(running, names)
                self._connection.close()
                self._connection = None
            elif self._start_keeper(names):
                continue
            time.sleep(RETRY_S)
        raise ServersUnavailable(f"another keeper of {self.data_dir} neither answers nor ends; `make stop`, then again")

    def _start_keeper(self, names: Sequence[str]) -> bool:
        """Whether a keeper now listens; False when another one still holds the lock."""
        if "kafka" in names:
            downloads.fetch_kafka(self._cache_dir, self._say)
        self._say(f"starting {', '.join(names)} in {self.data_dir}")
        log = self.data_dir / "log" / "keeper.log"
        log.parent.mkdir(exist_ok=True)
        flags = ["--ephemeral"] if self._ephemeral else []
        with log.open("ab") as output:
            code = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "infra.embedded.keeper",
                    *flags,
                    str(self.data_dir),
                    str(self._cache_dir),
                    *names,
                ],
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # From the checkout, so that it is found without an installation; absolute paths need no other place.
                cwd=CHECKOUT,
                env={**os.environ, meeting.SECRET_VARIABLE: self.secret},
                timeout=30,
            ).returncode
        if code not in {0, meeting.LOCK_BUSY}:
            raise ServersUnavailable(f"the keeper did not start\n{log_tail(log)}")
        return code == 0

    def _await_ready(self, connection: socket.socket) -> Running | None:
        """None when the keeper went away before the servers were up, which is worth another try."""
        connection.settimeout(self._settings.start_timeout_s)
        try:
            with connection.makefile("rb") as lines:
                for line in lines:
                    message = msgspec.json.decode(line, type=Message)
                    if message.ready is not None:
                        return message.ready
                    if message.failed is not None:
                        raise ServersUnavailable(message.failed)
                    self._say(message.progress or "")
        except TimeoutError:
            raise ServersUnavailable(f"the servers did not start in time; see {self.data_dir / 'log'}") from None
        except ConnectionError:
            pass
        return None

    def _checked(self, running: Running, names: Sequence[str]) -> Running:
        missing = [name for name in names if name not in running.addresses]
        if missing:
            raise ServersUnavailable(
                f"{self.data_dir} is running without {', '.join(missing)}; `make stop`, then again"
            )
        if running.secret_fingerprint != fingerprint(self.secret):
            raise ServersUnavailable(f"{self.data_dir} is running with another ONSALE_SECRET; `make stop`, then again")
        return running


def stop(data_dir: Path | str) -> bool:
    """Stops the servers of a data directory in order, whoever uses them; False when none were running."""
    directory = Path(data_dir).absolute()
    connection = meeting.connect(directory) if directory.exists() else None
    if connection is None:
        return False
    state = meeting.read_state(directory)
    with connection:
        connection.sendall(meeting.STOP_LINE)
        meeting.read_to_end(connection)
    if state is not None:
        meeting.wait_for_end(state.keeper_pid)
    return True


def remove(data_dir: Path | str) -> None:
    """Stops the servers of a data directory and removes everything they kept; harmless for any other directory."""
    directory = Path(data_dir).absolute()
    if not (directory / "keeper.lock").exists():
        return
    stop(directory)
    shutil.rmtree(fallback_data(directory), ignore_errors=True)
    shutil.rmtree(directory, ignore_errors=True)
