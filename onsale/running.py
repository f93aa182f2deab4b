"""Which `onsale up` runs in a data directory: one at a time, and known to the commands that come after it."""

import fcntl
import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from infra.embedded.accounts import make_data_directory

STOP_TIMEOUT_S = 60.0


class AlreadyRunning(Exception):
    """Another `onsale up` (or demo) has this data directory."""


class RunningNow(msgspec.Struct, frozen=True):
    """Process ids and addresses of what runs; `restarts` counts the deaths of each child so far."""

    pid: int
    url: str = ""
    show: str = ""
    children: dict[str, int] = {}
    restarts: dict[str, int] = {}


def state_path(data_dir: Path) -> Path:
    """The file that says what runs."""
    return data_dir / "up.json"


def write_state(data_dir: Path, state: RunningNow) -> None:
    """Replace what the file says, whole."""
    path = state_path(data_dir)
    unfinished = path.with_suffix(".new")
    unfinished.write_bytes(msgspec.json.encode(state))
    unfinished.replace(path)


def read_state(data_dir: Path) -> RunningNow | None:
    """What runs in this data directory; None when nothing does."""
    with suppress(FileNotFoundError), _lock_path(data_dir).open("r") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            with suppress(FileNotFoundError, msgspec.DecodeError):
                return msgspec.json.decode(state_path(data_dir).read_bytes(), type=RunningNow)
    return None


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Hold the data directory for as long as the context is open. Raises `AlreadyRunning`.

    The kernel lets go of the lock when the process ends, however it ends; so a file left behind means nothing.
    """
    make_data_directory(data_dir)
    with _lock_path(data_dir).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            running = read_state(data_dir)
            who = f" as process {running.pid}, {running.url}" if running else ""
            raise AlreadyRunning(
                f"onsale is running in {data_dir}{who}: `onsale stop` ends it, `--data-dir` runs a second one"
            ) from None
        write_state(data_dir, RunningNow(os.getpid()))
        try:
            yield
        finally:
            state_path(data_dir).unlink(missing_ok=True)


def stop(data_dir: Path) -> bool:
    """Ask whatever runs here to end, and wait for it; False when nothing runs. Raises TimeoutError."""
    running = read_state(data_dir)
    if running is None:
        return False
    try:
        handle = os.pidfd_open(running.pid)
    except ProcessLookupError:
        return False
    try:
        signal.pidfd_send_signal(handle, signal.SIGTERM)
        ended, _, _ = select.select([handle], [], [], STOP_TIMEOUT_S)
    finally:
        os.close(handle)
    if not ended:
        raise TimeoutError(f"process {running.pid} has not ended within {STOP_TIMEOUT_S:.0f} s")
    return True


def _lock_path(data_dir: Path) -> Path:
    return data_dir / "up.lock"
