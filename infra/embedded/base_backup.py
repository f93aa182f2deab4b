"""A base backup of the embedded Postgres, taken while it runs, and put back in its place.

`pg_basebackup` copies, with the write-ahead log that belongs to the copy and a manifest of its files; each is compared
with that before anything is put back. (The program for that, `pg_verifybackup`, crashes in the package that we have.)
"""

import errno
import fcntl
import hashlib
import os
import shutil
import signal
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import msgspec

from infra.embedded import processes
from infra.embedded.accounts import reachable_binaries, unprivileged_account
from infra.embedded.credentials import fingerprint
from infra.embedded.postgres import data_place, installation
from infra.embedded.processes import Commands

TIMEOUT_S = 24 * 3600.0
"""A copy takes as long as it takes; this only ends one that hangs."""
ABOUT = "backup.json"
CLUSTER, WAL, MANIFEST = "base.tar.gz", "pg_wal.tar.gz", "backup_manifest"


class BackupUnusable(Exception):
    """What should be put back is not a whole backup of ours, or cannot be put here; the text says why."""


class About(msgspec.Struct, frozen=True):
    """What stands beside the copy. `secret_fingerprint`: of the secret that its passwords come from."""

    taken_at_ms: int
    secret_fingerprint: str


class CopiedFile(msgspec.Struct, frozen=True):
    """One file of the copy, as the server's manifest names it."""

    path: str = msgspec.field(name="Path")
    checksum: str = msgspec.field(name="Checksum")


class Manifest(msgspec.Struct, frozen=True):
    """What the server wrote down of its copy (PostgreSQL, "Backup Manifest Format")."""

    files: list[CopiedFile] = msgspec.field(name="Files")


async def take(url: str, secret: str, target: Path, taken_at_ms: int) -> int:
    """Copy the server at `url` (a superuser's) into `target`, which must not exist; how many bytes.

    A copy that was broken off leaves nothing: `target` is there whole or not at all. Raises ServerFailed, OSError.
    """
    unfinished = _place_beside(target)
    try:
        # Not on the command line, which every user of the machine can read.
        with _password_file(url, unfinished) as conninfo:
            copy = (
                "-d",
                conninfo,
                "-D",
                str(unfinished / "copy"),
                "--format=tar",
                "--gzip",
                "--wal-method=stream",
                "--no-password",
            )
            await _run(
                "pg_basebackup", *copy, "--checkpoint=fast", "--manifest-checksums=SHA256", log=unfinished / "log"
            )
        about = About(taken_at_ms, fingerprint(secret))
        (unfinished / "copy" / ABOUT).write_bytes(msgspec.json.encode(about))
        (unfinished / "copy").rename(target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return _size(target)


def unpack(backup: Path, data_dir: Path) -> About:
    """Lay the backup out beside the place of the data, every byte of it checked. Raises BackupUnusable."""
    place = _unpacked(data_dir)
    try:
        about = msgspec.json.decode((backup / ABOUT).read_bytes(), type=About)
        _extract(backup, place)
        _compare(place, msgspec.json.decode((backup / MANIFEST).read_bytes(), type=Manifest))
    except (OSError, EOFError, ValueError, tarfile.TarError) as error:
        shutil.rmtree(place, ignore_errors=True)
        raise BackupUnusable(f"{backup} is not a whole backup: {error}") from None
    return about


@contextmanager
def put_back(about: About, data_dir: Path, now_ms: int) -> Iterator[Path | None]:
    """What was unpacked takes the place of the data: for good if the context ends well, else all is as it was before.

    Gives the place of what was there before, which is kept. Nothing may run here. Raises BackupUnusable.
    """
    account = unprivileged_account()
    cluster, mark = data_place(data_dir, account), data_dir / "postgres.secret"
    before = cluster.with_name(f"{cluster.name}.before-{now_ms}")
    old_mark = mark.read_text() if mark.exists() else None
    with nobody_else(data_dir):
        had_one = cluster.exists()
        if had_one:
            cluster.rename(before)
        _unpacked(data_dir).rename(cluster)
        # Its passwords are those of then: the start changes them where the secret is another one by now.
        mark.write_text(about.secret_fingerprint)
    try:
        yield before if had_one else None
    except BaseException:
        with nobody_else(data_dir):
            shutil.rmtree(cluster)
            if had_one:
                before.rename(cluster)
            if old_mark is not None:
                mark.write_text(old_mark)
        raise


def _unpacked(data_dir: Path) -> Path:
    cluster = data_place(data_dir, unprivileged_account())
    return cluster.with_name(f"{cluster.name}.unpacked")


def _extract(backup: Path, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(mode=0o700, parents=True)
    for archive, where in ((CLUSTER, place), (WAL, place / "pg_wal")):
        with tarfile.open(backup / archive) as files:
            _unpack(files, where)
    account = unprivileged_account()
    if account is not None:
        for path in (place, *place.rglob("*")):
            os.chown(path, account.uid, account.gid)


def _unpack(files: tarfile.TarFile, where: Path) -> None:
    """Raises ValueError for a name that leads out of `where`."""
    if hasattr(tarfile, "tar_filter"):
        files.extractall(where, filter="tar")
        return
    # Python 3.11 before 3.11.4, as in Debian 12, knows no filters.
    for member in files:
        if member.islnk() or member.issym() or not (where / member.name).resolve().is_relative_to(where.resolve()):
            raise ValueError(f"{member.name} does not belong into a cluster")
        files.extract(member, where)


def _compare(place: Path, manifest: Manifest) -> None:
    """Raises ValueError or OSError for a file that is not what was copied."""
    for entry in manifest.files:
        with (place / entry.path).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != entry.checksum:
                raise ValueError(f"{entry.path} has changed since it was copied")


def _place_beside(target: Path) -> Path:
    if target.exists():
        raise FileExistsError(errno.EEXIST, "there is something already", str(target))
    unfinished = target.with_name(f"{target.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700, parents=True)
    return unfinished


def _size(directory: Path) -> int:
    return sum(file.stat().st_size for file in directory.iterdir())


@contextmanager
def nobody_else(data_dir: Path) -> Iterator[None]:
    """The keeper's lock: no server runs here, and none is started meanwhile. Raises BackupUnusable."""
    with (data_dir / "keeper.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupUnusable(f"servers run in {data_dir}: `onsale stop` ends them") from None
        yield


@contextmanager
def _password_file(url: str, place: Path) -> Iterator[str]:
    """`url` without its password, and with the name of a file that has it."""
    parts = urlsplit(url)
    password = unquote(parts.password or "").replace("\\", "\\\\").replace(":", "\\:")
    file = place / "password"
    file.touch(mode=0o600)
    file.write_text(f"*:*:*:*:{password}\n")
    try:
        where = f"{parts.username}@{parts.hostname}:{parts.port}"
        yield urlunsplit(parts._replace(netloc=where, query=f"passfile={file}"))
    finally:
        file.unlink()


async def _run(program: str, *arguments: str, log: Path) -> None:
    binaries = reachable_binaries(installation(), unprivileged_account()) / "bin"
    command = Commands(
        run=[str(binaries / program), *arguments], stop_signal=signal.SIGTERM, stop_timeout_s=5.0, directory=Path("/")
    )
    await processes.run_to_end(command, log, TIMEOUT_S)
