"""Where the code of an older commit comes from, and what is said where there is none."""

import subprocess
from pathlib import Path

import pytest

from tests.faults.older import VERB, NoHistory, older_code

pytestmark = pytest.mark.anyio


def git(checkout: Path, *words: str) -> str:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "protocol.file.allow=always")
    return subprocess.check_output(["git", "-C", str(checkout), *who, *words], text=True).strip()  # noqa: S607


def commit(checkout: Path, version: int, verb: str) -> str:
    for name, text in ((VERB, verb), ("allocator/seating.py", f"DECIDER_VERSION = {version}\n")):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(text)
    git(checkout, "add", ".")
    git(checkout, "commit", "-q", "-m", f"version {version}")
    return git(checkout, "rev-parse", "HEAD")


@pytest.fixture
def history(tmp_path: Path) -> tuple[Path, list[str]]:
    """Four commits; the verb reads as it does now since the second."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    git(checkout, "init", "-q")
    made = [commit(checkout, version, verb) for version, verb in ((1, "old"), (2, "new"), (3, "new"), (4, "new"))]
    return checkout, made


async def test_it_is_the_oldest_that_can_go_on_with_the_stock_of_today(
    history: tuple[Path, list[str]], tmp_path: Path
) -> None:
    checkout, made = history
    older = await older_code(tmp_path, checkout=checkout)
    assert (older.commit, older.decider_version) == (made[1][:12], 2)
    assert (older.root / VERB).read_text() == "new"


async def test_it_is_the_one_that_was_named(history: tuple[Path, list[str]], tmp_path: Path) -> None:
    checkout, made = history
    assert (await older_code(tmp_path, made[2], checkout)).decider_version == 3
    with pytest.raises(NoHistory, match="nonsense"):
        await older_code(tmp_path, "nonsense", checkout)


async def test_where_the_history_is_missing_that_is_said(history: tuple[Path, list[str]], tmp_path: Path) -> None:
    shallow, none = tmp_path / "shallow", tmp_path / "none"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{history[0]}", str(shallow))
    none.mkdir()
    with pytest.raises(NoHistory, match="unshallow"):
        await older_code(tmp_path, checkout=shallow)
    with pytest.raises(NoHistory, match="not a git repository"):
        await older_code(tmp_path, checkout=none)
