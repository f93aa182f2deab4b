"""What the pages name is there: other pages and their headings, commands with their options, targets of make."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.core
import typer.main

from onsale.cli import app
from tests.house.sources import ROOT, tracked_files

PAGES = [path for path in tracked_files() if path.suffix == ".md" and path.is_relative_to(ROOT / "docs")]
OPERATING = ("alerts", "console", "containers", "dashboards", "runbook", "upgrades")
CODE = re.compile(r"`([^`\n]+)`|^ {4,}(\S[^\n]*)$", flags=re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def code(page: Path) -> Iterator[str]:
    """What stands between backticks, and indented lines."""
    for inside, line in CODE.findall(page.read_text()):
        yield inside or line


def headings(page: Path) -> set[str]:
    """Their names as links have them."""
    found = re.findall(r"(?m)^#+ (.+)$", page.read_text())
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text()):
        name, _, heading = link.partition("#")
        if "://" in name:
            continue
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), link
        assert not heading or heading in headings(there), link


@pytest.mark.parametrize("name", OPERATING)
def test_commands_for_operators_are_there_with_their_options(name: str) -> None:
    for line in code(ROOT / "docs" / f"{name}.md"):
        for words in re.findall(r"(?:^|[|;(] ?|run --rm \w+ )onsale ((?:(?! [#|;]).)+)", line):
            unknown = unknown_words(shlex.split(words.replace("…", "")))
            assert unknown == [], line


def test_an_option_that_is_not_there_would_be_found() -> None:
    assert unknown_words(["admin", "pause", "shw_1", "--reason", "why"]) == []
    assert unknown_words(["admin", "pause", "shw_1", "--because", "why"]) == ["--because"]
    assert unknown_words(["halt"]) == ["halt"]


def test_targets_of_make_are_there() -> None:
    there = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text()))
    named = {target for page in PAGES for line in code(page) for target in re.findall(r"^make ([a-z]+)", line)}
    assert named
    assert named - there == set()


def unknown_words(words: list[str]) -> list[str]:
    """Of the words behind `onsale`: a command that is not there, or options that it has not."""
    command = typer.main.get_command(app)
    while isinstance(command, typer.core.TyperGroup):
        if not words or words[0].startswith("-"):
            break
        found = command.commands.get(words[0])
        if found is None:
            return [words[0]]
        command, words = found, words[1:]
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return [word for word in words if word.startswith("--") and word.partition("=")[0] not in options | {"--help"}]
