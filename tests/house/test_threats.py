"""docs/threats.md names tests that there are."""

import re

from tests.house.sources import ROOT

PAGE = ROOT / "docs" / "threats.md"


def test_each_test_on_the_page_exists() -> None:
    text = PAGE.read_text()
    named = set(re.findall(r"\b(?:tests/[\w/]+/)?test_\w+\.py", text))
    there = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")}
    names = {path.rpartition("/")[2] for path in there}
    assert len(named) > 10
    assert {name for name in named if name not in (there if "/" in name else names)} == set()


def test_each_variable_on_the_page_exists() -> None:
    variables = set(re.findall(r"`(ONSALE_[A-Z_]+)`", PAGE.read_text()))
    example = (ROOT / ".env.example").read_text()
    assert {name for name in variables if f"#{name}=" not in example} == set()
