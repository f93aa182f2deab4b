"""docs/api/problems.md and the table in the code say the same, both ways."""

import re
from pathlib import Path

from ticketing.problems import PROBLEMS

PAGE = Path(__file__).parents[3] / "docs" / "api" / "problems.md"
ROW = re.compile(r"^\| `([a-z_]+)` \| (\d{3}) \| (yes|no) \| (.+) \| (.+) \|$", re.MULTILINE)


def test_the_page_has_every_problem_and_no_other() -> None:
    page = {code: (int(status), again == "yes") for code, status, again, _, _ in ROW.findall(PAGE.read_text())}
    assert page == {code: (problem.status, problem.retryable) for code, problem in PROBLEMS.items()}


def test_each_problem_stands_on_the_page_once() -> None:
    codes = [row[0] for row in ROW.findall(PAGE.read_text())]
    assert len(codes) == len(set(codes))
    assert [int(row[1]) for row in ROW.findall(PAGE.read_text())] == sorted(
        int(row[1]) for row in ROW.findall(PAGE.read_text())
    )
