"""The page for reading: all of the document, and nothing that comes from elsewhere or runs."""

import json
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
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in NEVER_CLOSED:
            self.open.append(tag)
        for name, value in attrs:
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


async def test_nothing_runs_and_nothing_is_loaded() -> None:
    reply = await Stage().call("GET", "/api/docs")
    page = Page(reply.raw.decode())
    assert not {"script", "link", "img", "iframe", "form", "object"} & set(page.tags)
    assert not LOADING & page.attributes
    assert not [name for name in page.attributes if name.startswith("on")]
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert b"://" not in reply.raw.partition(b"<body>")[0]


async def test_what_the_document_says_is_text_and_never_markup() -> None:
    evil = "<script>alert(1)</script>"
    schema = {"description": evil, "properties": {evil: {"enum": [evil]}}, "required": []}
    call: dict[str, Any] = {"operationId": evil, "summary": evil, "parameters": [], "responses": {}}
    document = {
        "info": {"title": evil, "version": evil, "description": evil},
        "paths": {f"/{evil}": {"get": call}},
        "components": {"schemas": {evil: schema}},
    }
    assert "script" not in Page(docs_page(document).decode()).tags


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
