"""Children of the keeper: how they are started, watched and ended."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from infra.embedded.accounts import Account

LAUNCHER = Path(__file__).with_name("launch.py")
LOG_SIZE_MAX = 16 * 1024 * 1024
LOG_TAIL_LINES_MAX = 20
CONNECT_RETRY_S = 0.05


class ServerFailed(Exception):
    """A server ended, or did not answer, while it was being started; the text ends with the tail of its log."""


@dataclass(frozen=True)
class Commands:
    """How to run one server.

    `run` is its command line (the first word an absolute path), `stop_signal` asks for an orderly stop that gets
    `stop_timeout_s`, `end_signal` ends it at once; the kernel sends `death_signal` should the keeper die.
    """

    run: Sequence[str]
    stop_signal: signal.Signals
    stop_timeout_s: float
    end_signal: signal.Signals = signal.SIGKILL
    death_signal: signal.Signals = signal.SIGKILL
    account: Account | None = None
    directory: Path = Path("/")
    input_file: Path | None = None


def free_port(preferred: int | None = None) -> int:
    """A TCP port of 127.0.0.1 that nobody listens on; `preferred` if that one is free."""
    for port in (preferred, 0):
        if port is None:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # Or a port would count as taken while connections of the last run are in TIME_WAIT.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                chosen: int = probe.getsockname()[1]
                return chosen
    raise ServerFailed("no free TCP port on 127.0.0.1")


def log_tail(log: Path) -> str:
    """The last lines of a log, for the text of an error."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return "(no log)"
    return "\n".join(lines[-LOG_TAIL_LINES_MAX:])


def _make_room(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_SIZE_MAX:
        log.replace(log.with_suffix(log.suffix + ".1"))


async def start(commands: Commands, log: Path, within: Sequence[str] = ()) -> asyncio.subprocess.Process:
    """Starts a server as a child that dies with this process; its output is appended to `log`.

    `within`: the words of a program that becomes the one behind them, in another place (`nsenter … --`).
    """
    _make_room(log)
    account = commands.account
    with log.open("ab") as output, (commands.input_file or Path(os.devnull)).open("rb") as given:
        return await asyncio.create_subprocess_exec(
            *within,
            sys.executable,
            "-I",
            "-S",
            str(LAUNCHER),
            str(int(commands.death_signal)),
            str(os.getpid()),
            str(account.uid if account else -1),
            str(account.gid if account else -1),
            *commands.run,
            stdin=given,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            cwd=commands.directory,
        )


async def stop(process: asyncio.subprocess.Process, commands: Commands) -> None:
    """Asks for an orderly stop, and ends the process when that takes too long."""
    for request, patience_s in (
        (commands.stop_signal, commands.stop_timeout_s),
        (commands.end_signal, 5.0),
        (signal.SIGKILL, 5.0),
    ):
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(request)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), patience_s)


async def run_to_end(commands: Commands, log: Path, timeout_s: float) -> None:
    """Runs a command that ends by itself (a format, an initdb).

    Raises ServerFailed when it exits with another code than 0 or takes longer than `timeout_s`.
    """
    process = await start(commands, log)
    try:
        await asyncio.wait_for(process.wait(), timeout_s)
    except TimeoutError:
        raise ServerFailed(f"{commands.run[0]} took longer than {timeout_s:.0f} s\n{log_tail(log)}") from None
    finally:
        await stop(process, commands)
    if process.returncode != 0:
        raise ServerFailed(f"{commands.run[0]} ended with code {process.returncode}\n{log_tail(log)}")


async def ask(port: int, request: bytes, answer_size_max: int = 4096, host: str = "127.0.0.1") -> bytes:
    """Sends bytes to a server and returns what it first answers; empty when it does not take connections yet."""
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                if writer.get_extra_info("sockname") == writer.get_extra_info("peername"):
                    # Nobody listens yet, and the kernel chose that very port for our end: we would hear ourselves.
                    return b""
                writer.write(request)
                await writer.drain()
                return await reader.read(answer_size_max)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return b""
