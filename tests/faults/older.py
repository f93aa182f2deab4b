"""The code of an older commit, put beside this one."""

import asyncio
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tests.faults.rooms import ROOT

VERB = "infra/postgres/0002_apply_batch.sql"
_DECIDER_VERSION = re.compile(r"^DECIDER_VERSION = (\d+)$", re.MULTILINE)


class NoHistory(Exception):
    """This checkout does not have the commits, or is none."""


@dataclass(frozen=True)
class Older:
    """A commit whose code is in `root`."""

    commit: str
    root: Path
    decider_version: int


async def older_code(directory: Path, commit: str = "", checkout: Path = ROOT) -> Older:
    """The code of `commit`, unpacked into `directory`. Raises `NoHistory`.

    By default it is the oldest that can go on with the stock of today: since it was made, the one verb that changes
    stock reads the same. Other migrations have only added.
    """
    if (await _git(checkout, "rev-parse", "--is-shallow-repository")).strip() != "false":
        raise NoHistory("this clone is shallow: git fetch --unshallow brings the older commits")
    found = (await _git(checkout, "log", "-1", "--format=%H", *([commit, "--"] if commit else ["--", VERB]))).strip()
    packed, root = directory / "older.tar", directory / "older"
    await _git(checkout, "archive", "--format=tar", "--output", str(packed), found)
    with tarfile.open(packed) as archive:
        archive.extractall(root, filter="data")
    packed.unlink()
    version = _DECIDER_VERSION.search((root / "allocator" / "seating.py").read_text())
    assert version is not None, "an allocator without a version"
    return Older(found[:12], root, int(version[1]))


async def _git(checkout: Path, *words: str) -> str:
    try:
        git = await asyncio.create_subprocess_exec(
            "git", "-C", str(checkout), *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
    except FileNotFoundError as error:
        raise NoHistory("there is no git") from error
    said, complained = await git.communicate()
    if git.returncode != 0:
        raise NoHistory(complained.decode().strip())
    return said.decode()
