"""The one process per data directory that owns the servers.

Started by the first client (`python -m infra.embedded.keeper DATA_DIR CACHE_DIR SERVER...`), it takes the data
directory's lock, opens its socket and goes into the background; its clients' connections keep it alive.
"""

import argparse
import asyncio
import fcntl
import itertools
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import msgspec

from infra.embedded import processes
from infra.embedded.accounts import AccountUnavailable, fallback_data, unprivileged_account
from infra.embedded.credentials import fingerprint
from infra.embedded.kafka import Kafka
from infra.embedded.meeting import (
    LOCK_BUSY,
    SECRET_VARIABLE,
    SERVER_NAMES,
    STOP_LINE,
    Message,
    Running,
    socket_path,
    state_path,
)
from infra.embedded.postgres import Postgres
from infra.embedded.processes import Commands, ServerFailed, free_port
from infra.embedded.redis import Redis

FIRST_CLIENT_TIMEOUT_S = 15.0
START_TIMEOUT_S = 90.0
POLL_S = 0.05
BACKOFF_FIRST_S = 0.2
BACKOFF_MAX_S = 5.0
STEADY_S = 10.0
FIRST_ATTEMPTS_MAX = 4


class Server(Protocol):
    """One of the three, as the keeper sees it."""

    @property
    def name(self) -> str: ...
    @property
    def address(self) -> str: ...
    async def prepare(self) -> None: ...
    def commands(self) -> Commands: ...
    async def answers(self, pid: int) -> bool: ...


class Keeper:
    """Keeps servers alive while there are clients."""

    def __init__(self, data_dir: Path, secret: str) -> None:
        self._data_dir = data_dir
        self._secret = secret
        self._children: dict[str, tuple[asyncio.subprocess.Process, Commands]] = {}
        self._addresses: dict[str, str] = {}
        self._ready: Message | None = None
        self._failed: Message | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._stopping = asyncio.Event()

    async def run(self, listener: socket.socket, build: Callable[[], Sequence[Server]]) -> None:
        """Serves clients until the last one is gone, one says stop, SIGTERM comes, or a first start fails."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        meeting = await asyncio.start_unix_server(self._serve, sock=listener)
        loop.call_later(FIRST_CLIENT_TIMEOUT_S, self._stop_if_alone)
        starting = asyncio.create_task(self._start_all(build))
        await self._stopping.wait()
        meeting.close()
        self._vanish()
        starting.cancel()
        with suppress(asyncio.CancelledError):
            await starting
        await asyncio.gather(*(processes.stop(child, commands) for child, commands in self._children.values()))
        for writer in tuple(self._writers):
            writer.close()

    def _vanish(self) -> None:
        """From here on a newcomer finds nobody, and waits for the lock."""
        socket_path(self._data_dir).unlink(missing_ok=True)
        state_path(self._data_dir).unlink(missing_ok=True)

    def _stop_if_alone(self) -> None:
        if not self._writers:
            self._stopping.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._stopping.is_set():
            # Too late to promise anything: it will try again.
            writer.close()
            return
        self._writers.add(writer)
        done = self._failed or self._ready
        if done is not None:
            writer.write(msgspec.json.encode(done) + b"\n")
        with suppress(OSError):
            while line := await reader.readline():
                if line == STOP_LINE:
                    self._stopping.set()
        if len(self._writers) == 1:
            # The last one: its connection stays open until everything has ended, so that it can wait for that.
            self._stopping.set()
            return
        self._writers.discard(writer)
        writer.close()

    def _tell(self, message: Message) -> None:
        line = msgspec.json.encode(message) + b"\n"
        for writer in self._writers:
            writer.write(line)

    async def _start_all(self, build: Callable[[], Sequence[Server]]) -> None:
        try:
            servers = await asyncio.to_thread(build)
            up = {server.name: asyncio.Event() for server in servers}
            async with asyncio.TaskGroup() as group:
                for server in servers:
                    group.create_task(self._keep(server, up[server.name]))
                for event in up.values():
                    await event.wait()
                self._addresses = {server.name: server.address for server in servers}
                self._write_state()
                if self._ready is not None:
                    self._tell(self._ready)
        except* (ServerFailed, AccountUnavailable, OSError) as group_error:
            text = "\n".join(str(error) for error in group_error.exceptions)
            print(text, file=sys.stderr, flush=True)
            self._failed = Message(failed=text)
            self._tell(self._failed)
            self._stopping.set()

    def _write_state(self) -> None:
        pids = {name: child.pid for name, (child, _) in self._children.items()}
        state = Running(os.getpid(), fingerprint(self._secret), self._addresses, pids)
        self._ready = Message(ready=state)
        path = state_path(self._data_dir)
        unfinished = path.with_suffix(".new")
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(msgspec.json.encode(state))
        unfinished.replace(path)

    async def _keep(self, server: Server, up: asyncio.Event) -> None:
        """Runs a server, and again when it dies; raises ServerFailed when it never came up in a few attempts."""
        loop = asyncio.get_running_loop()
        backoff_s = BACKOFF_FIRST_S
        for attempt in itertools.count(1):
            began = loop.time()
            try:
                child = await self._start(server)
                if up.is_set():
                    self._write_state()
                else:
                    self._tell(Message(progress=f"{server.name} is up after {loop.time() - began:.1f} s"))
                    up.set()
                code = await child.wait()
                reason = f"ended with code {code}"
            except (ServerFailed, OSError) as error:
                # More than one, because children of a server that was killed may still be holding its memory.
                if not up.is_set() and attempt == FIRST_ATTEMPTS_MAX:
                    raise
                reason = str(error)
            if loop.time() - began > STEADY_S:
                backoff_s = BACKOFF_FIRST_S
            print(f"{server.name} {reason}; again in {backoff_s:.1f} s", file=sys.stderr, flush=True)
            await asyncio.sleep(backoff_s)
            backoff_s = min(2 * backoff_s, BACKOFF_MAX_S)

    async def _start(self, server: Server) -> asyncio.subprocess.Process:
        await server.prepare()
        log = self._data_dir / "log" / f"{server.name}.log"
        commands = server.commands()
        child = await processes.start(commands, log)
        self._children[server.name] = (child, commands)
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                while not await server.answers(child.pid):
                    if child.returncode is not None:
                        raise ServerFailed(
                            f"{server.name} ended with code {child.returncode} at its start\n{processes.log_tail(log)}"
                        )
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            await processes.stop(child, commands)
            tail = processes.log_tail(log)
            raise ServerFailed(f"{server.name} did not answer within {START_TIMEOUT_S:.0f} s\n{tail}") from None
        return child


def build_servers(data_dir: Path, cache_dir: Path, names: Sequence[str], secret: str) -> list[Server]:
    """The servers named, each on the port it had last time if that is still free.

    Raises ServerFailed or AccountUnavailable when a program or a user is missing.
    """
    remembered = data_dir / "ports.json"
    wanted = ("postgres", "redis", "kafka", "controller")
    last = msgspec.json.decode(remembered.read_bytes(), type=dict[str, int]) if remembered.exists() else {}
    ports: dict[str, int] = {}
    for name in wanted:
        port = free_port(last.get(name))
        while port in ports.values():
            port = free_port()
        ports[name] = port
    remembered.write_bytes(msgspec.json.encode(ports))
    servers: list[Server] = []
    if "postgres" in names:
        servers.append(Postgres(data_dir, ports["postgres"], secret, unprivileged_account()))
    if "redis" in names:
        servers.append(Redis(data_dir, ports["redis"], secret))
    if "kafka" in names:
        servers.append(Kafka(data_dir, ports["kafka"], ports["controller"], cache_dir))
    return servers


def main() -> None:
    """Takes the lock, opens the socket, goes into the background, keeps the servers; exits LOCK_BUSY without a lock."""
    parser = argparse.ArgumentParser(description="Keeps the embedded servers of one data directory.")
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("cache_dir", type=Path)
    parser.add_argument("servers", nargs="+", choices=SERVER_NAMES)
    parser.add_argument("--ephemeral", action="store_true", help="remove the data directory at the end")
    arguments = parser.parse_args()
    data_dir: Path = arguments.data_dir
    with (data_dir / "keeper.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(LOCK_BUSY)
        path = socket_path(data_dir, make=True)
        path.unlink(missing_ok=True)
        # What a keeper that was killed has left says nothing true any more.
        state_path(data_dir).unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(64)
        if os.fork() > 0:
            # The lock and the socket live on in the child; whoever started us may connect now.
            os._exit(0)
        os.setsid()
        secret = os.environ[SECRET_VARIABLE]
        names, cache_dir = arguments.servers, arguments.cache_dir
        asyncio.run(Keeper(data_dir, secret).run(listener, lambda: build_servers(data_dir, cache_dir, names, secret)))
        if path.parent != data_dir:
            with suppress(OSError):
                path.parent.rmdir()
        if arguments.ephemeral:
            shutil.rmtree(fallback_data(data_dir), ignore_errors=True)
            shutil.rmtree(data_dir, ignore_errors=True)


if __name__ == "__main__":
    main()
