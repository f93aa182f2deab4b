"""What web/ knows of the API's shapes is what the API says of itself."""

import re
from pathlib import Path

from tests.house.api_types import document, render
from tests.house.sources import ROOT

TYPES = ROOT / "web" / "types" / "api.d.ts"
NAMED = re.compile(r'import\("[./]+/types/api\.d\.ts"\)\.(\w+)')


def test_the_types_are_those_of_the_document() -> None:
    assert TYPES.read_text() == render(document()), "python -m tests.house.api_types > web/types/api.d.ts"


def test_every_type_that_a_page_names_is_there() -> None:
    there = set(re.findall(r"^export (?:interface|type) (\w+)", TYPES.read_text(), re.MULTILINE))
    named = {name for page in _pages() for name in NAMED.findall(page.read_text())}
    assert named and named <= there


def test_every_shape_that_a_type_is_made_of_is_there() -> None:
    text = re.sub(r"/\*\*.*?\*/|\"[^\"]*\"|//[^\n]*", "", TYPES.read_text(), flags=re.DOTALL)
    there = set(re.findall(r"^export (?:interface|type) (\w+)", text, re.MULTILINE))
    used = set(re.findall(r"\b[A-Z]\w+\b", text)) - {"Record", "Calls", "ProblemCode"}
    assert used <= there


def _pages() -> list[Path]:
    return sorted((ROOT / "web").rglob("*.js"))
