"""One `up` per data directory; its children are started again, and end with it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable
from pathlib import Path

import pytest

import onsale.children
from onsale import running
from onsale.children import Children

pytestmark = pytest.mark.anyio

SLEEPER = """
import signal, sys
def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.pause()
"""
HOLDER = """
import signal, sys
from pathlib import Path
import onsale.children
from onsale import running
with running.only_one(Path(sys.argv[1])):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print("held", flush=True)
    signal.pause()
"""


def test_a_second_one_is_told_of_the_first(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    with running.only_one(directory):
        running.write_state(directory, running.RunningNow(os.getpid(), url="http://127.0.0.1:1", children={"a": 7}))
        seen = running.read_state(directory)
        assert seen is not None
        assert (seen.pid, seen.children) == (os.getpid(), {"a": 7})
        with pytest.raises(running.AlreadyRunning, match="http://127.0.0.1:1"), running.only_one(directory):
            pass
    assert running.read_state(directory) is None
    assert not running.stop(directory)


def test_what_a_killed_one_left_behind_means_nothing(tmp_path: Path) -> None:
    with running.only_one(tmp_path):
        pass
    running.write_state(tmp_path, running.RunningNow(1))
    assert running.read_state(tmp_path) is None
    with running.only_one(tmp_path):
        assert running.read_state(tmp_path) is not None


def test_stop_ends_the_one_that_runs_and_waits_for_it(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert running.stop(tmp_path)
        assert holder.wait(timeout=10) == 0
    assert running.read_state(tmp_path) is None


@pytest.fixture
def sleeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    package = tmp_path / "sleeper_room"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(SLEEPER)
    monkeypatch.syspath_prepend(tmp_path)
    return package.name


@pytest.mark.parametrize("standby_after_s", [0.0, 60.0])
async def test_a_dead_child_is_started_again_and_all_end_when_asked(
    sleeper: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, standby_after_s: float
) -> None:
    monkeypatch.setattr(onsale.children, "STANDBY_AFTER_S", standby_after_s)
    changes: asyncio.Queue[tuple[dict[str, int], dict[str, int]]] = asyncio.Queue()

    def note(pids: dict[str, int], restarts: dict[str, int]) -> None:
        changes.put_nowait((dict(pids), dict(restarts)))

    said: list[str] = []
    children = Children([sleeper, sleeper], tmp_path / "log", note, said.append)
    async with children.open() as room, asyncio.timeout(20), asyncio.TaskGroup() as group:
        assert room.ready()
        for task in room.tasks:
            group.create_task(_run(task()))
        while len((seen := await changes.get())[0]) < 2:
            pass
        pids, _ = seen
        assert set(pids) == {f"{sleeper}-1", f"{sleeper}-2"}
        assert room.ready() == []
        os.kill(pids[f"{sleeper}-1"], signal.SIGKILL)
        again, restarts = await changes.get()
        assert restarts == {f"{sleeper}-1": 1, f"{sleeper}-2": 0}
        assert again[f"{sleeper}-1"] != pids[f"{sleeper}-1"]
        assert again[f"{sleeper}-2"] == pids[f"{sleeper}-2"]
        assert room.request_stop is not None
        room.request_stop()
    assert children.pids == {}
    assert len(said) == 1
    assert said[0].startswith(f"{sleeper}-1 ended with code -9")
    for pid in {*pids.values(), *again.values()}:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_a_child_may_be_a_part_of_a_package_and_is_told_what_is_for_its_kind_alone(
    sleeper: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = tmp_path / sleeper / "front"
    part.mkdir()
    (part / "__init__.py").write_text("")
    tells = f"import os\nprint(os.environ.get('TOLD'), os.environ['ONSALE_METRICS_TARGET'], flush=True)\n{SLEEPER}"
    (part / "__main__.py").write_text(tells)
    (tmp_path / sleeper / "__main__.py").write_text(tells)
    monkeypatch.setattr(onsale.children, "STANDBY_AFTER_S", 60.0)
    running_now: asyncio.Queue[set[str]] = asyncio.Queue()
    children = Children(
        [sleeper, f"{sleeper}.front"],
        tmp_path / "log",
        lambda pids, _: running_now.put_nowait(set(pids)),
        lambda _: None,
        {f"{sleeper}.front": {"TOLD": "a port"}},
        targets_dir=tmp_path / "targets",
    )
    said = {name: tmp_path / "log" / f"{name}.log" for name in (sleeper, "front")}
    async with children.open() as room, asyncio.timeout(20), asyncio.TaskGroup() as group:
        for task in room.tasks:
            group.create_task(_run(task()))
        while await running_now.get() != {sleeper, "front"}:
            pass
        while not all(log.exists() and log.read_text() for log in said.values()):  # noqa: ASYNC110 -- files of others
            await asyncio.sleep(0.05)
        assert room.request_stop is not None
        room.request_stop()
    assert {name: log.read_text() for name, log in said.items()} == {
        sleeper: f"None {tmp_path}/targets/{sleeper}.json\n",
        "front": f"a port {tmp_path}/targets/front.json\n",
    }


def test_one_that_stands_by_begins_when_told_and_leaves_when_not_needed(sleeper: str, tmp_path: Path) -> None:
    (tmp_path / sleeper / "__main__.py").write_text("def main():\n    print('begun', flush=True)\n    return 3\n")
    words = [sys.executable, "-m", "onsale.standby", sleeper]
    told = subprocess.run(words, check=False, input=b"begin\n", capture_output=True, cwd=tmp_path, timeout=30)
    assert (told.returncode, told.stdout) == (3, b"begun\n")
    left = subprocess.run(words, check=False, input=b"", capture_output=True, cwd=tmp_path, timeout=30)
    assert (left.returncode, left.stdout) == (0, b"")


async def _run(task: Awaitable[None]) -> None:
    await task
