"""Can this machine run onsale, and what will be fetched? Every "no" says what to do.

`look()` gathers facts and changes nothing; `diagnose()` judges them and touches nothing.
"""

import os
import platform
import pwd
import resource
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from infra.embedded import downloads, postgres, redis
from infra.embedded.accounts import USER
from infra.embedded.meeting import SOCKET_PATH_LENGTH_MAX
from infra.embedded.processes import ServerFailed
from infra.settings import InfraSettings

PYTHON_OLDEST = (3, 11)
DATA_DISK_FREE_MB_MIN = 2000
CACHE_DISK_FREE_MB_MIN = 200
MEMORY_AVAILABLE_MB_MIN = 1500
OPEN_FILES_MIN = 4096
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Check:
    """One question to the machine; `remedy` says what to do and is empty when all is well."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


@dataclass(frozen=True)
class Machine:
    """What was found. Sizes in MiB; an empty text means that a thing is missing."""

    system: str
    python: tuple[int, int]
    data_dir: Path
    data_dir_writable: bool
    data_disk_free_mb: int
    cache_dir: Path
    cache_dir_writable: bool
    cache_disk_free_mb: int
    memory_available_mb: int
    open_files_max: int
    make: str
    is_root: bool
    useradd: str
    postgres_user_exists: bool
    socket_directory: Path
    postgres: str
    postgres_error: str
    redis: str
    redis_error: str
    java: str
    java_error: str
    jars_there: bool
    external: frozenset[str]


def run(settings: InfraSettings | None = None) -> list[Check]:
    """Every check of this machine, in the order in which a person would mend things."""
    return diagnose(look(settings or InfraSettings()))


def diagnose(machine: Machine) -> list[Check]:
    """Judges the facts. A server that the environment names is not looked for here."""
    checks = [_system(machine), _python(machine), _make(machine), *_places(machine), _memory(machine), _files(machine)]
    if "postgres" not in machine.external:
        checks += [_postgres(machine), _postgres_user(machine)]
    if "redis" not in machine.external:
        checks.append(_program("redis", machine.redis, machine.redis_error))
    if "kafka" not in machine.external:
        checks += [_program("java", machine.java, machine.java_error), _jars(machine)]
    checks += [Check(name, True, "from the environment") for name in sorted(machine.external)]
    return checks


def _system(machine: Machine) -> Check:
    linux = machine.system == "Linux"
    return Check("system", linux, machine.system, "" if linux else "use Linux (or WSL 2, or a Linux container)")


def _python(machine: Machine) -> Check:
    ok = machine.python >= PYTHON_OLDEST
    wanted = ".".join(map(str, PYTHON_OLDEST))
    remedy = "" if ok else f"install Python {wanted} or newer, then `make clean setup PYTHON=python{wanted}`"
    return Check("python", ok, ".".join(map(str, machine.python)), remedy)


def _make(machine: Machine) -> Check:
    remedy = "" if machine.make else "install make (Debian: apt install make), or run `.venv/bin/onsale` directly"
    return Check("make", bool(machine.make), machine.make or "not found", remedy)


def _places(machine: Machine) -> list[Check]:
    return [
        _place("data directory", machine.data_dir, machine.data_dir_writable, "ONSALE_DATA_DIR or --data-dir"),
        _room("data disk", machine.data_disk_free_mb, DATA_DISK_FREE_MB_MIN, "ONSALE_DATA_DIR or --data-dir"),
        _place("cache directory", machine.cache_dir, machine.cache_dir_writable, "ONSALE_CACHE_DIR"),
        _room("cache disk", machine.cache_disk_free_mb, CACHE_DISK_FREE_MB_MIN, "ONSALE_CACHE_DIR"),
        _socket(machine),
    ]


def _place(name: str, path: Path, writable: bool, setting: str) -> Check:
    return Check(name, writable, str(path), "" if writable else f"cannot be written: choose another with {setting}")


def _room(name: str, free_mb: int, needed_mb: int, setting: str) -> Check:
    ok = free_mb >= needed_mb
    return Check(
        name, ok, f"{free_mb} MB free", "" if ok else f"free {needed_mb} MB, or use another disk with {setting}"
    )


def _socket(machine: Machine) -> Check:
    longest = len(os.fsencode(machine.data_dir / "keeper.sock"))
    if longest <= SOCKET_PATH_LENGTH_MAX:
        return Check("socket path", True, f"{longest} of {SOCKET_PATH_LENGTH_MAX} bytes")
    # A private directory with a short name stands in: 40 bytes for its name and the socket's.
    fits = len(os.fsencode(machine.socket_directory)) + 60 <= SOCKET_PATH_LENGTH_MAX
    detail = f"{longest} bytes are too many, so the keeper's socket goes to {machine.socket_directory}"
    return Check("socket path", fits, detail, "" if fits else "set TMPDIR to a short path, or ONSALE_DATA_DIR to one")


def _memory(machine: Machine) -> Check:
    ok = machine.memory_available_mb >= MEMORY_AVAILABLE_MB_MIN
    remedy = "" if ok else f"{MEMORY_AVAILABLE_MB_MIN} MB are needed: close something, or raise the container's limit"
    return Check("memory", ok, f"{machine.memory_available_mb} MB available", remedy)


def _files(machine: Machine) -> Check:
    ok = machine.open_files_max >= OPEN_FILES_MIN
    remedy = "" if ok else f"raise the limit: `ulimit -Hn {OPEN_FILES_MIN}` as root, or in limits.conf"
    return Check("open files", ok, f"up to {machine.open_files_max}", remedy)


def _program(name: str, found: str, error: str) -> Check:
    return Check(name, bool(found), found or "not found", "" if found else error)


def _postgres(machine: Machine) -> Check:
    return _program("postgres", machine.postgres, machine.postgres_error)


def _postgres_user(machine: Machine) -> Check:
    name = "postgres user"
    if not machine.is_root:
        return Check(name, True, "Postgres runs as you")
    if machine.postgres_user_exists:
        return Check(name, True, f"Postgres runs as {USER}")
    if machine.useradd:
        return Check(name, True, f"root may not run Postgres: the system user {USER} will be made")
    remedy = f"run as an ordinary user, or add a user {USER} (useradd comes with the package passwd)"
    return Check(name, False, "root may not run Postgres, and useradd is missing", remedy)


def _jars(machine: Machine) -> Check:
    if machine.jars_there:
        return Check("kafka", True, f"{downloads.KAFKA_VERSION}, fetched")
    return Check("kafka", True, f"{downloads.KAFKA_VERSION} will be fetched once: 44 MB into {machine.cache_dir}")


def look(settings: InfraSettings) -> Machine:
    """The facts of this machine, this user and this directory."""
    data_dir = settings.data_dir.absolute()
    cache_dir = (settings.cache_dir or downloads.user_cache()).absolute()
    postgres_found, postgres_error = _look_postgres()
    redis_found, redis_error = _look_redis()
    java_found, java_error = _look_java()
    given = {"postgres": settings.postgres_url, "redis": settings.redis_url, "kafka": settings.kafka_bootstrap}
    return Machine(
        system=platform.system(),
        python=(sys.version_info.major, sys.version_info.minor),
        data_dir=data_dir,
        data_dir_writable=os.access(_existing(data_dir), os.W_OK),
        data_disk_free_mb=shutil.disk_usage(_existing(data_dir)).free // MEBIBYTE,
        cache_dir=cache_dir,
        cache_dir_writable=os.access(_existing(cache_dir), os.W_OK),
        cache_disk_free_mb=shutil.disk_usage(_existing(cache_dir)).free // MEBIBYTE,
        memory_available_mb=_memory_available_mb(),
        open_files_max=_open_files_max(),
        make=shutil.which("make") or "",
        is_root=os.geteuid() == 0,
        useradd=shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or "",
        postgres_user_exists=_user_exists(),
        socket_directory=Path(os.environ.get("TMPDIR") or "/tmp"),  # noqa: S108 -- only looked at
        postgres=postgres_found,
        postgres_error=postgres_error,
        redis=redis_found,
        redis_error=redis_error,
        java=java_found,
        java_error=java_error,
        jars_there=downloads.jars_are_there(cache_dir),
        external=frozenset(name for name, address in given.items() if address),
    )


def _existing(path: Path) -> Path:
    """The path, or the nearest directory above it that is there."""
    return next(place for place in (path, *path.parents) if place.exists())


def _memory_available_mb() -> int:
    available = 0
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            available = int(line.split()[1]) // 1024
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.exists() and limit.read_text().strip() != "max":
        available = min(available, int(limit.read_text()) // MEBIBYTE)
    return available


def _open_files_max() -> int:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 2**31 if hard == resource.RLIM_INFINITY else hard


def _user_exists() -> bool:
    try:
        pwd.getpwnam(USER)
    except KeyError:
        return False
    return True


def _look_postgres() -> tuple[str, str]:
    try:
        program = postgres.installation() / "bin" / "postgres"
        # Runs it, because a library that it needs may be missing.
        return subprocess.run(
            [program, "--version"], check=True, capture_output=True, text=True, timeout=30
        ).stdout.strip(), ""
    except ServerFailed as error:
        return "", str(error)
    except (OSError, subprocess.SubprocessError) as error:
        reason = getattr(error, "stderr", None) or str(error)
        return (
            "",
            f"the binaries do not run here ({reason.strip()}): install what is missing, or set ONSALE_POSTGRES_URL",
        )


def _look_redis() -> tuple[str, str]:
    try:
        program = redis.program()
    except ServerFailed as error:
        return "", str(error)
    return f"Redis {'.'.join(map(str, redis.version_of(program)))}", ""


def _look_java() -> tuple[str, str]:
    try:
        program = downloads.java()
    except ServerFailed as error:
        return "", str(error)
    return f"Java {downloads.java_version(program)} ({program})", ""
