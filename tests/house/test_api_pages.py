"""docs/api/calls.md and the table in the code name the same calls, both ways; docs/api/words.md says what there is."""

import json
import re
from pathlib import Path

import pytest

from ingress.asyncapi import document as asyncapi
from ingress.operations import Operation
from ingress.rows import all_operations
from tests.unit.ingress.stage import Stage
from ticketing.problems import PROBLEMS
from ticketing.vocabulary import ReservationStatus

pytestmark = pytest.mark.anyio

PAGES = Path(__file__).parents[2] / "docs" / "api"
CALL = re.compile(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`]*)`")
ROW = re.compile(r"^\| `([A-Z]+ /[^`]+)` \| (anybody|signed in|admin) \| (.+) \|$", re.MULTILINE)
WORD = re.compile(r"`([A-Za-z_-]+)`")
IN_THE_PAGE_ONLY = {"book"}
"""Words that are understood and not said."""


async def rows() -> dict[str, Operation]:
    stage = Stage()
    return {f"{row.method} {row.path}": row for row in all_operations(stage.ports, stage.settings)}


async def test_the_page_of_calls_and_openapi_name_the_same_calls() -> None:
    there = await rows()
    page = ROW.findall((PAGES / "calls.md").read_text())
    assert sorted(call for call, _, _ in page) == sorted(there), "docs/api/calls.md has a line for each call"
    assert {call: who for call, who, _ in page} == {call: row.who.replace("_", " ") for call, row in there.items()}
    stage = Stage()
    announced = (await stage.call("GET", "/api/openapi.json")).body["paths"]
    told = {f"{method.upper()} {path}" for path, methods in announced.items() for method in methods}
    assert sorted(call for call, _, _ in page) == sorted(told), "the document that is served tells the same"


async def test_each_word_on_the_page_of_words_is_one_of_ours() -> None:
    here = " ".join(line.rsplit("|", 2)[1] for line in (PAGES / "words.md").read_text().splitlines() if "|" in line)
    there = await rows()
    assert set(CALL.findall(here)) <= set(there)
    (openapi,) = [row for row in there.values() if row.name == "read_openapi"]
    stage = Stage()
    reply = await stage.call("GET", openapi.path)
    ours = (
        set(re.findall(r"[A-Za-z_-]+", f"{json.dumps(reply.body)} {json.dumps(asyncapi())}"))
        | set(PROBLEMS)
        | set(ReservationStatus)
    )
    words = set(WORD.findall(here))
    assert words - IN_THE_PAGE_ONLY - ours == set()


async def test_the_page_of_each_paper_names_calls_that_there_are_and_the_test_that_runs_it() -> None:
    there = await rows()
    files = sorted((Path(__file__).parents[1] / "acceptance").glob("test_*paper*.py"))
    stories = "".join(file.read_text() for file in files)
    pages = sorted((PAGES / "papers").glob("*.md"))
    assert len(pages) == stories.count("async def test_the_paper_of_") == 5
    for page in pages:
        text = page.read_text()
        assert CALL.findall(text) and set(CALL.findall(text)) <= set(there), page.name
        (story,) = re.findall(r"`(test_the_paper_of_\w+)`", text)
        assert f"async def {story}(" in stories
