"""Starts processes of ours that cannot outlive us."""

import asyncio
import importlib.util
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from infra.embedded.processes import LAUNCHER

KEEP = "-1"
"""Of user and group: those of this process."""


async def launch(
    words: Sequence[str],
    *,
    death_signal: signal.Signals,
    stdin: int | None = None,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Process:
    """`python words…` as a child; the kernel sends it `death_signal` when this process ends, however it ends."""
    python = sys.executable
    return await asyncio.create_subprocess_exec(
        *(python, "-I", "-S", str(LAUNCHER), str(int(death_signal)), str(os.getpid()), KEEP, KEEP),
        *(python, *words),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env={**os.environ, **(environment or {})},
        cwd=directory,
    )


async def end(process: Process, patience_s: float) -> None:
    """Ask for an orderly stop; after `patience_s` end the process at once."""
    for number, wait_s in ((signal.SIGTERM, patience_s), (signal.SIGKILL, 5.0)):
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(number)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), wait_s)


def home_of(package: str) -> Path:
    """Where a package of ours lies, from which `python -m` finds it without an installation."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"{package} is not installed")
    return Path(found.origin).parents[package.count(".") + 1]
