"""Every command says what it does, what it needs, and what its exit code means."""

import pytest
from typer.testing import CliRunner

from onsale.cli import app

runner = CliRunner()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ([], ["up", "demo", "verify", "doctor", "keys", "stop"]),
        (["up"], ["--data-dir", "--port", "ONSALE_POSTGRES_URL", "Ctrl-C"]),
        (["demo"], ["--fans", "--seats", "--seed", "--once", "--json", "--kill-allocator", "Exit code 0"]),
        (["verify"], ["--show", "--json", "Exit code 0"]),
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
