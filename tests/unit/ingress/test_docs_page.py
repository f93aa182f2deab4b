"""The page for reading: all of the document, and nothing that comes from elsewhere; its one script tries calls."""

import hashlib
import json
from base64 import b64encode
from html.parser import HTMLParser
from typing import Any

import pytest

from ingress.docs_page import docs_page
from ingress.examples import read_examples
from tests.unit.ingress.stage import Stage

pytestmark = pytest.mark.anyio

NEVER_CLOSED = {"meta", "br"}
LOADING = {"src", "srcset", "style", "action", "data"}


class Page(HTMLParser):
    """What the page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.scripts: list[dict[str, str | None]] = []
        self.calls: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in NEVER_CLOSED:
            self.open.append(tag)
        if tag == "script":
            self.scripts.append(dict(attrs))
        for name, value in attrs:
            if name == "data-call":
                self.calls.append(value or "")
            self.attributes.add(name)
            if name == "id":
                self.ids.append(value or "")
            if name == "href":
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


async def test_every_call_and_every_shape_stands_on_it_and_every_link_leads_there() -> None:
    stage = Stage()
    reply = await stage.call("GET", "/api/docs")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    page = Page(reply.raw.decode())
    assert page.open == []
    document = (await stage.call("GET", "/api/openapi.json")).body
    calls = [call["operationId"] for methods in document["paths"].values() for call in methods.values()]
    assert sorted(page.ids) == sorted([*calls, *(f"shape-{name}" for name in document["components"]["schemas"])])
    assert {link for link in page.links if not link.startswith("#")} == {"/api/openapi.json"}
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert {f"#{call}" for call in calls} <= set(page.links)
    assert all(call.summary in page.text for call in stage.operations)


async def test_one_script_of_ours_runs_and_nothing_else_is_loaded() -> None:
    reply = await Stage().call("GET", "/api/docs")
    page = Page(reply.raw.decode())
    assert page.scripts == [{"type": "module", "src": "/api/docs.js"}]
    assert not {"link", "img", "iframe", "form", "object"} & set(page.tags)
    assert LOADING & page.attributes == {"src"}
    assert not [name for name in page.attributes if name.startswith("on")]
    assert b"://" not in reply.raw.partition(b"<body>")[0]


async def test_a_browser_is_told_what_it_may_load_and_nothing_written_in_the_page_runs() -> None:
    reply = await Stage().call("GET", "/api/docs")
    said = reply.headers["content-security-policy"]
    policy = {name: sources for name, *sources in (part.split() for part in said.split("; "))}
    style = reply.raw.partition(b"<style>")[2].partition(b"</style>")[0]
    digest = b64encode(hashlib.sha256(style).digest()).decode()
    assert policy == {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "connect-src": ["'self'"],
        "style-src": [f"'sha256-{digest}'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["'none'"],
    }


async def test_there_is_a_place_to_try_each_call_of_the_document() -> None:
    stage = Stage()
    page = Page((await stage.call("GET", "/api/docs")).raw.decode())
    paths = (await stage.call("GET", "/api/openapi.json")).body["paths"]
    assert sorted(page.calls) == sorted(f"{path} {method}" for path, methods in paths.items() for method in methods)


async def test_the_script_asks_this_origin_alone_and_makes_no_markup_of_what_it_hears() -> None:
    stage = Stage()
    reply = await stage.call("GET", "/api/docs.js")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    script = reply.raw.decode()
    assert "://" not in script and "import" not in script
    for risky in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "Storage",
        "cookie",
    ):
        assert risky not in script, risky
    assert script.count("fetch(") == script.count('credentials: "omit"') == 2
    again = await stage.call("GET", "/api/docs.js", headers={"if-none-match": reply.headers["etag"]})
    assert (again.status, again.raw) == (304, b"")


async def test_what_the_document_says_is_text_and_never_markup() -> None:
    evil = "<script>alert(1)</script>"
    schema = {"description": evil, "properties": {evil: {"enum": [evil]}}, "required": []}
    call: dict[str, Any] = {"operationId": evil, "summary": evil, "parameters": [], "responses": {}}
    document = {
        "info": {"title": evil, "version": evil, "description": evil},
        "paths": {f"/{evil}": {"get": call}},
        "components": {"schemas": {evil: schema}},
    }
    page = Page(docs_page(document).decode())
    assert page.scripts == [{"type": "module", "src": "/api/docs.js"}]
    assert page.calls == [f"/{evil} get"]


async def test_it_is_asked_for_once_as_long_as_it_is_the_same() -> None:
    stage = Stage()
    first = await stage.call("GET", "/api/docs")
    again = await stage.call("GET", "/api/docs", headers={"if-none-match": first.headers["etag"]})
    assert (again.status, again.raw) == (304, b"")


async def test_each_example_can_be_copied_and_its_answer_read() -> None:
    stage = Stage()
    page = Page((await stage.call("GET", "/api/docs")).raw.decode())
    examples = read_examples()
    assert page.tags.count("details") == page.text.count("curl -X ") == len(examples)
    shown = next(it for it in examples if it.asked.name == "at-the-door")
    assert f"-d '{json.dumps(shown.asked.body)}'" in page.text
    assert shown.answer["booking"] in page.text
    assert 'curl -X POST "$ONSALE/api/bookings" -H "Authorization: Bearer $KEY"' in page.text
