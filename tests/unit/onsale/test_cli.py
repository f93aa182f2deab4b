"""Every command says what it does, what it needs, and what its exit code means."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from onsale import demo
from onsale.cli import app
from onsale.crowd.http import Unreachable
from onsale.crowd.prober import ProbeFailed

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
        (["provision"], ["--replicas", "ONSALE_POSTGRES_URL", "harmless", "Exit code 0"]),
    ],
)
def test_help_is_worth_reading(command: list[str], words: list[str]) -> None:
    answer = runner.invoke(app, [*command, "--help"], env={"COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"})
    assert answer.exit_code == 0
    said = " ".join(answer.output.split())
    assert [word for word in words if word not in said] == []


def test_what_a_demo_has_not_started_it_does_not_kill() -> None:
    assert runner.invoke(app, ["demo", "--at", "http://127.0.0.1:1", "--kill-allocator", "1"]).exit_code == 2


def test_a_demo_elsewhere_says_what_an_address_looks_like(tmp_path: Path) -> None:
    for address in ("https://127.0.0.1:1", "http://example.org", "http://127.0.0.1:1/shop"):
        answer = runner.invoke(app, ["demo", "--once", "--at", address, "--data-dir", str(tmp_path)])
        assert (answer.exit_code, "http://HOST:PORT" in answer.output) == (2, True)


@pytest.mark.parametrize(
    "error", [Unreachable("probe is not decided"), ProbeFailed("no hold to probe with: 404 {'code': 'not_found'}")]
)
def test_a_demo_whose_sale_decides_nothing_says_so_and_could_not_run(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_: demo.DemoOptions) -> int:
        raise error

    monkeypatch.setattr(demo, "demo", fails)
    answer = runner.invoke(app, ["demo", "--once"])
    assert (answer.exit_code, str(error) in answer.output) == (2, True), answer.output


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


def test_a_server_of_yours_is_backed_up_by_its_own_means(tmp_path: Path) -> None:
    foreign = {"ONSALE_POSTGRES_URL": "postgresql://elsewhere/x"}
    for words in (["backup", str(tmp_path / "copy")], ["restore", str(tmp_path)]):
        answer = runner.invoke(app, [*words, "--data-dir", str(tmp_path)], env=foreign)
        assert (answer.exit_code, "docs/runbook.md" in " ".join(answer.output.split())) == (2, True)


def test_of_the_embedded_server_it_must_be_said_which_backup(tmp_path: Path) -> None:
    answer = runner.invoke(app, ["restore", "--data-dir", str(tmp_path)], env={"ONSALE_POSTGRES_URL": None})
    assert answer.exit_code == 2
    assert "which backup" in answer.output
    answer = runner.invoke(
        app, ["restore", str(tmp_path), "--data-dir", str(tmp_path)], env={"ONSALE_POSTGRES_URL": None}
    )
    assert answer.exit_code == 2
    assert "not a whole backup" in " ".join(answer.output.split())


def test_an_archive_that_is_not_there_could_not_be_verified(tmp_path: Path) -> None:
    assert runner.invoke(app, ["verify", "--archive", str(tmp_path / "nothing")]).exit_code == 2
