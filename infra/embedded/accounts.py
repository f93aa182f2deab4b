"""Who a server runs as.

Postgres refuses to run as root. Started by root it gets a system user of its own, and that user must be able to reach
the binaries and the data: where the checkout stands under a closed home directory, both go to a place of their own
instead of opening the home.
"""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

USER = "onsale-postgres"
ROOT_STATE = Path("/var/lib/onsale")


class AccountUnavailable(Exception):
    """There is no user to run Postgres as, and none could be made; the text says what to do."""


@dataclass(frozen=True)
class Account:
    """A system user, by its numbers."""

    name: str
    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    """The user that Postgres runs as, made when missing; None when this process is not root's and needs none.

    Raises AccountUnavailable.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(USER)
    except KeyError:
        entry = _create()
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _create() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is None:
        raise AccountUnavailable(
            f"Postgres must not run as root and `useradd` is missing: run as an ordinary user, or add a user {USER}"
        )
    made = subprocess.run(
        [useradd, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", USER],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    try:
        # Two starts may race; whoever lost finds the user of the other.
        return pwd.getpwnam(USER)
    except KeyError:
        raise AccountUnavailable(f"useradd {USER} failed: {made.stderr.strip()}") from None


def make_data_directory(path: Path) -> None:
    """Make it where it is missing; any number of processes may do so at once.

    Passing through it is for the user that root's Postgres runs as; nothing in it can be listed. Raises FileExistsError
    where it is no directory.
    """
    try:
        path.mkdir(parents=True)
    except FileExistsError:
        if not path.is_dir():
            raise
    else:
        path.chmod(0o711 if os.geteuid() == 0 else 0o700)


def can_traverse(path: Path, account: Account) -> bool:
    """Whether the user may pass through `path` and every directory above it (POSIX mode bits only)."""
    for directory in (path, *path.parents):
        try:
            status = directory.stat()
        except OSError:
            return False
        if status.st_uid == account.uid:
            needed = stat.S_IXUSR
        elif status.st_gid == account.gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not status.st_mode & needed:
            return False
    return True


def fallback_data(data_dir: Path) -> Path:
    """Where Postgres data of this data directory go when its user cannot reach the directory itself."""
    return ROOT_STATE / "data" / hashlib.sha256(str(data_dir).encode()).hexdigest()[:16]


def reachable_binaries(installation: Path, account: Account | None) -> Path:
    """`installation` itself, or a copy that the account can reach.

    The copy is made beside its final name and renamed, so that an interrupted copy is never taken for a whole one.
    """
    if account is None or can_traverse(installation / "bin", account):
        return installation
    status = (installation / "bin" / "postgres").stat()
    copy = ROOT_STATE / "binaries" / f"{installation.name}-{status.st_size}-{int(status.st_mtime)}"
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        unfinished = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.copytree(installation, unfinished, symlinks=True)
        for directory in (unfinished, *(path for path in unfinished.rglob("*") if path.is_dir())):
            directory.chmod(0o755)
        try:
            unfinished.rename(copy)
        except OSError:
            shutil.rmtree(unfinished)
    return copy
