"""A run's files, and what is done about those of one that was killed."""

from pathlib import Path

from tests.hosts.directory import LOCK, PREFIX, own_directory


def test_nothing_is_left_of_a_run_that_ends(tmp_path: Path) -> None:
    with own_directory(tmp_path) as mine:
        assert list(tmp_path.iterdir()) == [mine]
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_goes_and_what_a_living_one_has_stays(tmp_path: Path) -> None:
    left = tmp_path / f"{PREFIX}killed"
    (left / "postgres-a").mkdir(parents=True)
    (left / LOCK).touch()
    somebody_elses = tmp_path / "results"
    somebody_elses.mkdir()
    with own_directory(tmp_path) as one, own_directory(tmp_path) as other:
        assert {*tmp_path.iterdir()} == {one, other, somebody_elses}
