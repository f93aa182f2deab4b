"""Every command says what it does, what it needs, and what its exit code means."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from onsale.cli import app

runner = CliRunner()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ([], ["up", "demo", "verify", "archive", "doctor", "keys", "stop"]),
        (["up"], ["--data-dir", "--port", "ONSALE_POSTGRES_URL", "Ctrl-C"]),
        (["demo"], ["--fans", "--seats", "--seed", "--once", "--json", "--history", "--kill-allocator", "Exit code 0"]),
        (["verify"], ["--show", "--replay", "--history", "--archive", "--json", "Exit code 0"]),
        (["archive"], ["--show", "verify --archive", "Exit code 0"]),
        (["backup"], ["--data-dir", "Exit code 0"]),
        (["restore"], ["--force", "ONSALE_POSTGRES_URL", "runbook.md", "Exit code 0"]),
        (["keys", "create"], ["--name", "--role", "--sandbox", "Example"]),
        (["doctor"], ["Exit code 0"]),
        (["stop"], ["--data-dir"]),
    ],
)
def test_help_is_worth_reading(command: list[str], words: list[str]) -> None:
    answer = runner.invoke(app, [*command, "--help"], env={"COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"})
    assert answer.exit_code == 0
    said = " ".join(answer.output.split())
    assert [word for word in words if word not in said] == []


def test_an_unknown_option_is_a_usage_error() -> None:
    assert runner.invoke(app, ["demo", "--fens", "3"]).exit_code == 2


@pytest.mark.parametrize(
    "options",
    [
        ["--history", "told.jsonl", "--show", "shw_0000000001"],
        ["--archive", "show.jsonl.gz", "--replay"],
        ["--archive", "show.jsonl.gz", "--history", "told.jsonl"],
    ],
)
def test_checks_that_cannot_go_together_are_a_usage_error(options: list[str]) -> None:
    assert runner.invoke(app, ["verify", *options]).exit_code == 2


def test_an_archive_that_is_not_there_could_not_be_verified(tmp_path: Path) -> None:
    assert runner.invoke(app, ["verify", "--archive", str(tmp_path / "nothing")]).exit_code == 2
