"""Where a run keeps its files: removed at its end, or by a later run where it was killed."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "onsale-hosts-"
LOCK = "alive"


@contextmanager
def own_directory(within: Path | None = None) -> Iterator[Path]:
    """A new one, that Postgres' own user can pass through. Those of runs that no longer live go first."""
    parent = within or Path(tempfile.gettempdir())
    for left in parent.glob(f"{PREFIX}*"):
        _remove_if_left(left)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=parent, ignore_cleanup_errors=True) as name:
        directory = Path(name)
        directory.chmod(0o711)
        unlocked = directory / "unlocked"
        with unlocked.open("w") as alive:
            # The kernel lets go of it, whatever way this process ends. Nobody finds it before it is locked.
            fcntl.flock(alive, fcntl.LOCK_EX)
            unlocked.rename(directory / LOCK)
            yield directory


def _remove_if_left(directory: Path) -> None:
    with suppress(OSError), (directory / LOCK).open() as alive:
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(directory, ignore_errors=True)
