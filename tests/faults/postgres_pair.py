"""Two Postgres: a primary, a standby that it waits for, and an address that can be moved from one to the other."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from infra.embedded import processes
from infra.embedded.accounts import reachable_binaries, unprivileged_account
from infra.embedded.credentials import fingerprint
from infra.embedded.postgres import data_place, installation
from infra.embedded.processes import Commands
from tests.faults.own_servers import OwnServer, own_postgres
from tests.faults.proxy import FaultProxy, open_proxy

STANDBY = "standby_one"
COPY_TIMEOUT_S = 60.0
STREAMING = "SELECT true FROM pg_stat_replication WHERE application_name = $1 AND sync_state = 'sync'"


@dataclass
class PostgresPair:
    """`address` is the virtual one: it leads to the primary, until it is told otherwise. `between`: the replication."""

    primary: OwnServer
    standby: OwnServer
    address: FaultProxy
    between: FaultProxy
    url: str
    """Of the superuser, through the address that moves."""

    async def promote(self) -> None:
        """The standby becomes a primary that waits for nobody, and the address moves to it."""
        connection = await asyncpg.connect(self.standby.server.address)
        try:
            await connection.execute("SELECT pg_promote()")
        finally:
            await connection.close()
        self.address.retarget(_port(self.standby.server.address))

    async def is_streaming(self) -> bool:
        """Whether commits wait for the standby, and it answers."""
        connection = await asyncpg.connect(self.primary.server.address)
        try:
            return bool(await connection.fetchval(STREAMING, STANDBY))
        finally:
            await connection.close()


@asynccontextmanager
async def open_pair(directory: Path, secret: str, *, seed: int) -> AsyncIterator[PostgresPair]:
    """Both running, the standby streaming."""
    async with AsyncExitStack() as stack:
        primary = own_postgres(directory / "primary", secret)
        stack.push_async_callback(primary.stop)
        await primary.start()
        between = await stack.enter_async_context(open_proxy(_port(primary.server.address), seed=seed))
        standby = own_postgres(directory / "standby", secret)
        stack.push_async_callback(standby.stop)
        await copy_of(with_port(primary.server.address, between.port), STANDBY, directory / "standby", secret)
        await standby.start()
        # From here on every commit waits; before, it would have waited for a standby that was not there yet.
        await wait_for_standby(primary.server.address, STANDBY)
        address = await stack.enter_async_context(open_proxy(_port(primary.server.address), seed=seed + 1))
        yield PostgresPair(primary, standby, address, between, with_port(primary.server.address, address.port))


async def copy_of(url: str, name: str, place: Path, secret: str) -> None:
    """What `pg_basebackup` makes of the server at `url`, set up to follow it there under this name."""
    account = unprivileged_account()
    program = reachable_binaries(installation(), account) / "bin" / "pg_basebackup"
    conninfo = f"{url}?application_name={name}"
    copy = Commands(
        run=[
            str(program), "-d", conninfo, "-D", str(data_place(place, account)), "--write-recovery-conf",
            "--wal-method=stream", "--checkpoint=fast",
        ],
        stop_signal=signal.SIGTERM,
        stop_timeout_s=5.0,
        account=account,
    )  # fmt: skip
    if account is not None:
        # The program makes the directory of the data itself.
        os.chown(place, account.uid, account.gid)
    await processes.run_to_end(copy, place / "log" / "basebackup.log", COPY_TIMEOUT_S)
    # Its password is the primary's already: nothing is to be changed on a standby.
    (place / "postgres.secret").write_text(fingerprint(secret))


async def wait_for_standby(url: str, name: str) -> None:
    """From now on each commit waits for the standby of this name."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 ({name})'")
        await connection.execute("SELECT pg_reload_conf()")
    finally:
        await connection.close()


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


def with_port(url: str, port: int) -> str:
    """The same server's URL, through another port."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{port}"))


def with_host(url: str, host: str) -> str:
    """The same server's URL, at another address."""
    parts = urlsplit(url)
    user, _, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}@{host}:{parts.port}"))
