"""pretix's own Python environment, made from its own lock (`pretix.txt`) in the cache; nothing else uses it."""

import asyncio
import hashlib
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.measuring import progress
from bench.site import started
from infra.embedded.downloads import user_cache
from infra.embedded.processes import log_tail
from infra.settings import InfraSettings

LOCK = Path(__file__).with_name("pretix.txt")
TIMEOUT_S = 3_600.0


class NotInstalled(Exception):
    """The environment could not be made; the text ends with what pip said."""


def directory_of(lock: bytes, cache: Path) -> Path:
    """Where the environment of a lock lives: another lock, another directory."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return cache / "peers" / f"pretix-{hashlib.sha256(lock).hexdigest()[:12]}-python{python}"


async def python() -> Path:
    """The interpreter of the environment, which is made first where it is not there or not whole.

    Raises NotInstalled: the package index does not answer, or a package cannot be built.
    """
    cache = (InfraSettings().cache_dir or user_cache()).absolute()
    directory = directory_of(LOCK.read_bytes(), cache)
    interpreter, whole = directory / "bin" / "python", directory / "whole"
    if whole.exists():
        return interpreter
    progress(f"installing pretix into {directory}")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    log = directory / "install.log"
    await run_to_end((sys.executable, "-m", "venv", str(directory)), log)
    options = ("--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes")
    await run_to_end((str(interpreter), "-m", "pip", "install", *options, "-r", str(LOCK)), log)
    whole.touch()
    return interpreter


async def run_to_end(words: Sequence[str], log: Path, settings: Mapping[str, str] | None = None) -> None:
    """A program that ends by itself; `log` keeps what it says. Raises NotInstalled where it fails or takes too long."""
    environment = os.environ | (settings or {})
    told = f"{' '.join(words[:4])} …"
    async with started(words, log, environment, directory=log.parent, death_signal=signal.SIGKILL) as process:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                code = await process.wait()
        except TimeoutError:
            raise NotInstalled(f"{told} takes longer than {TIMEOUT_S:.0f} s\n{log_tail(log)}") from None
    if code != 0:
        raise NotInstalled(f"{told} ended with {code}\n{log_tail(log)}")
