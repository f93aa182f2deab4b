"""The pages as they are sent: own files only, nothing inline, headers on everything."""

import re
from importlib import resources
from pathlib import Path

import httpx
import pytest

from web.app import create_app

WEB = Path(str(resources.files("web")))
PAGES = sorted(WEB.rglob("*.html"))
MODULES = sorted(WEB.rglob("*.js"))
ROOM_BYTES_MAX = 60_000


def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=create_app()), base_url="http://test")


@pytest.mark.parametrize("path", ["/", "/static/style/page.css", "/static/home/home.js", "/nothing", "/static/app.py"])
async def test_every_answer_has_the_headers_that_keep_others_out(path: str) -> None:
    async with client() as http:
        answer = await http.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_files_have_their_type_and_are_asked_for_once() -> None:
    async with client() as http:
        module = await http.get("/static/room/room.js")
        assert (module.status_code, module.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
        again = await http.get("/static/room/room.js", headers={"if-none-match": module.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert (await http.get("/static/style/page.css")).headers["content-type"].startswith("text/css")


@pytest.mark.parametrize("path", ["/static/headers.json", "/static/room/room.html", "/static/../app.py", "/shows/x"])
async def test_what_is_no_page_is_not_there(path: str) -> None:
    async with client() as http:
        assert (await http.get(path)).status_code == 404
        assert (await http.post("/")).status_code == 405


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_has_nothing_inline_and_asks_nobody_else(page: Path) -> None:
    html = page.read_text()
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:", html) == []
    assert re.findall(r"<script(?![^>]*\ssrc=)", html) == []
    links = re.findall(r"(?:src|href)=\"([^\"]*)\"", html)
    assert [link for link in links if not link.startswith(("/", "#"))] == []
    here = [WEB / link.removeprefix("/static/") for link in links if link.startswith("/static/")]
    assert here
    assert [file for file in here if not file.is_file()] == []
    assert html.startswith("<!doctype html>")
    assert '<html lang="' in html
    assert 'name="viewport"' in html


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_imports_its_neighbours_only_and_writes_no_markup(module: Path) -> None:
    text = module.read_text()
    imports = re.findall(r"from \"([^\"]+)\"", text)
    assert [name for name in imports if not (module.parent / name).resolve().is_file()] == []
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|https?://", text) == []


def test_every_element_that_a_module_looks_for_is_on_its_page() -> None:
    for page, modules in ((WEB / "room/room.html", WEB / "room"), (WEB / "home/home.html", WEB / "home")):
        there = set(re.findall(r"\sid=\"([^\"]+)\"", page.read_text()))
        wanted = {
            name for module in modules.glob("*.js") for name in re.findall(r"find\(\"([^\"]+)\"\)", module.read_text())
        }
        assert wanted - there == set()


def test_the_room_stays_small() -> None:
    files = [*(WEB / "room").iterdir(), *(WEB / "shared").glob("*.js"), *(WEB / "style").iterdir()]
    assert sum(file.stat().st_size for file in files) < ROOM_BYTES_MAX
