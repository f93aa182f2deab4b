"""Where a keeper and its clients meet, and what they say to each other.

A client connects to the keeper's unix socket and stays connected for as long as it needs the servers. The keeper
writes JSON lines until the servers are up: `{"progress": text}`, then `{"ready": ...}` or `{"failed": text}`. A client
may write the one line `stop`. The keeper closes a connection when nothing more is owed to it: the last client's when
everything has ended.
"""

import asyncio
import hashlib
import os
import select
import socket
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

import msgspec

SOCKET_PATH_LENGTH_MAX = 107  # of a unix socket's path in bytes, unix(7)
STOP_LINE = b"stop\n"
SERVER_NAMES = ("postgres", "redis", "kafka")
# In the keeper's environment: a command line can be read by everybody.
SECRET_VARIABLE = "ONSALE_SECRET"  # noqa: S105 -- a variable's name
STOP_TIMEOUT_S = 60.0
LOCK_BUSY = 75  # EX_TEMPFAIL of sysexits.h: another keeper holds the data directory


class Running(msgspec.Struct, frozen=True):
    """What the state file says: addresses and process ids by server name."""

    keeper_pid: int
    secret_fingerprint: str
    addresses: dict[str, str]
    pids: dict[str, int]


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line from the keeper; exactly one field is set."""

    progress: str | None = None
    failed: str | None = None
    ready: Running | None = None


def state_path(data_dir: Path) -> Path:
    """The state file: there while the servers are up (mode 0600, it holds passwords)."""
    return data_dir / "servers.json"


def read_state(data_dir: Path) -> Running | None:
    """The state file's content; None when the servers are not up."""
    try:
        return msgspec.json.decode(state_path(data_dir).read_bytes(), type=Running)
    except FileNotFoundError:
        return None


def socket_path(data_dir: Path, *, make: bool = False) -> Path:
    """The keeper's socket: in the data directory, or in a short private one where that path is too long.

    `make`: the short directory, which its keeper alone makes and removes. Raises PermissionError when that belongs to
    somebody else.
    """
    path = data_dir / "keeper.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_LENGTH_MAX:
        return path
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    directory = Path(tempfile.gettempdir()) / f"onsale-{os.geteuid()}-{name}"
    if make:
        directory.mkdir(mode=0o700, exist_ok=True)
    with suppress(FileNotFoundError):
        status = directory.lstat()
        if status.st_uid != os.geteuid() or not stat.S_ISDIR(status.st_mode) or status.st_mode & 0o077:
            raise PermissionError(f"{directory} is not a private directory of this user; remove it")
    return directory / "keeper.sock"


def connect(data_dir: Path) -> socket.socket | None:
    """To the keeper; None where there is none."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(socket_path(data_dir)))
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    return connection


def read_to_end(connection: socket.socket) -> bool:
    """Whether the keeper closed the connection in time."""
    connection.settimeout(STOP_TIMEOUT_S)
    try:
        while connection.recv(4096):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


async def until_gone(connection: socket.socket) -> None:
    """Until the keeper has closed the connection, or is no more."""
    connection.setblocking(False)
    with suppress(ConnectionError):
        while await asyncio.get_running_loop().sock_recv(connection, 4096):
            pass


def wait_for_end(pid: int) -> None:
    """Until the process has ended, or `STOP_TIMEOUT_S` have passed."""
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            select.select([handle], [], [], STOP_TIMEOUT_S)
        finally:
            os.close(handle)
