"""Checking a draw: a true one passes, and each thing that could be changed in it is found."""

import asyncio
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from onsale.cli import app
from tests.unit.waiting_room.hall import PATH, open_hall
from waiting_room.draw import place_of

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "draw.md"


@pytest.fixture(scope="module")
def a_draw() -> tuple[bytes, bytes]:
    """What is published of a draw among thirty people, with a hole: draw.json and leaves."""

    async def hold() -> tuple[bytes, bytes]:
        async with open_hall(opens_in_ms=60_000) as hall:
            for client in range(12):
                await hall.join(client)
            hall.counters.forget()
            await hall.pass_time(21_000)
            for client in range(20, 38):
                await hall.join(client)
            await hall.pass_time(46_000)
            draw, leaves = await hall.http.get(f"{PATH}/draw"), await hall.http.get(f"{PATH}/draw/leaves")
            return draw.content, leaves.content

    return asyncio.run(hold())


@pytest.fixture
def published(a_draw: tuple[bytes, bytes], tmp_path: Path) -> Path:
    """The folder with its two files."""
    for name, content in zip(("draw.json", "leaves"), a_draw, strict=True):
        (tmp_path / name).write_bytes(content)
    return tmp_path


def verify(folder: Path, *more: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["draw", "verify", str(folder / "draw.json"), str(folder / "leaves"), *more])
    return done.exit_code, done.output


def draw_of(folder: Path) -> dict[str, Any]:
    draw: dict[str, Any] = json.loads((folder / "draw.json").read_text())["lines"]["general"]
    return draw


def test_a_draw_as_it_was_held_is_found_right(published: Path) -> None:
    code, told = verify(published, "--number", "3")
    assert code == 0, told
    draw = draw_of(published)
    assert len(draw["roots"]) >= 2
    assert f"number 3 has place {place_of(bytes.fromhex(draw['seed']), draw['size'], 3)}" in told
    assert verify(published, "--number", str(draw["size"] + 5))[1].endswith(f"place {draw['size'] + 5}\n")


def flipped(text: str) -> str:
    return ("1" if text[0] == "0" else "0") + text[1:]


CHANGES: dict[str, Callable[[dict[str, Any]], None]] = {
    "size": lambda draw: draw.update(size=draw["size"] - 1),
    "roots": lambda draw: draw.update(root=flipped(draw["root"])),
    "roots on the way": lambda draw: draw["roots"][-1].update(root=flipped(draw["roots"][-1]["root"])),
    "beacon": lambda draw: draw["beacon"].update(value=flipped(draw["beacon"]["value"])),
    "seed": lambda draw: draw.update(seed=flipped(draw["seed"])),
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_is_changed_is_found(published: Path, name: str) -> None:
    told = json.loads((published / "draw.json").read_text())
    CHANGES[name](told["lines"]["general"])
    (published / "draw.json").write_text(json.dumps(told))
    code, words = verify(published)
    assert code == 1
    assert f"FAIL  {name.split(maxsplit=1)[0]}" in words


def test_a_leaf_that_was_exchanged_is_found(published: Path) -> None:
    leaves = bytearray((published / "leaves").read_bytes())
    leaves[32:64] = hashlib.sha256(b"somebody else").digest()
    (published / "leaves").write_bytes(leaves)
    assert "FAIL  roots" in verify(published)[1]


@pytest.mark.parametrize("text", ["", "[]", '{"lines": {"general": {}}}'])
def test_other_files_are_no_draw(published: Path, text: str) -> None:
    (published / "draw.json").write_text(text)
    assert verify(published)[0] == 2


def test_a_line_without_a_draw_is_said(published: Path) -> None:
    assert verify(published, "--line", "presale") == (1, "line presale has no draw\n")


def test_the_lines_of_the_documentation_find_the_same_places(published: Path) -> None:
    lines = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    assert lines is not None
    program = lines[1] + (
        "import sys\nfound = check(json.load(open('draw.json'))['lines']['general'], open('leaves', 'rb').read())\n"
        "json.dump(found, sys.stdout)\n"
    )
    told = subprocess.run(
        [sys.executable, "-I", "-c", program], cwd=published, capture_output=True, text=True, check=True, timeout=60
    )
    draw = draw_of(published)
    seed, size = bytes.fromhex(draw["seed"]), draw["size"]
    assert json.loads(told.stdout) == [place_of(seed, size, n) for n in range(1, size + 1)]


def test_checking_needs_nothing_but_the_standard_library(published: Path) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); from onsale.draw_check import main\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    words = [sys.executable, "-I", "-S", "-c", program, str(ROOT), "draw.json", "leaves"]
    told = subprocess.run(words, cwd=published, capture_output=True, text=True, check=False, timeout=60)
    assert told.returncode == 0, told.stdout + told.stderr
