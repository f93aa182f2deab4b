"""Directories that servers of another user pass through."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from infra.embedded.accounts import make_data_directory

AT_ONCE = 4
DIRECTORIES = 200


def test_of_many_that_start_at_once_each_finds_the_directory(tmp_path: Path) -> None:
    together = Barrier(AT_ONCE)

    def start(path: Path) -> None:
        together.wait()
        make_data_directory(path)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number in range(DIRECTORIES):
            path = tmp_path / str(number) / "data"
            list(pool.map(start, [path] * AT_ONCE))  # raises what any of them raised
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode == (0o711 if os.geteuid() == 0 else 0o700), "nothing in it can be listed"


def test_what_is_there_stays_as_its_owner_made_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    make_data_directory(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(FileExistsError):
        make_data_directory(tmp_path / "data")
