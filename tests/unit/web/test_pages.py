"""The pages as they are sent: own files only, nothing inline, headers on everything, every language whole."""

import gzip
import re
from importlib import resources
from pathlib import Path

import httpx
import pytest

from runtime.localised import LANGUAGES, read_page, read_words
from waiting_room.pages import read_room_page
from web.app import create_app
from web.table import PAGES, Page

WEB = Path(str(resources.files("web")))
ROOM = Page("/room/{show}", "room/room.html", ("room",))
MISSING = Page("", "missing/missing.html", ())
SIGN_IN = Page("/sign-in", "sign_in/sign_in.html", ("staff",))
ALL = (*PAGES, ROOM, SIGN_IN, MISSING)
MODULES = sorted(WEB.rglob("*.js"))
ROOM_BYTES_MAX = 30_000
"""All that a browser is sent for the room, packed: design/waiting_room.md."""


def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=create_app()), base_url="http://test")


def rendered(page: Page, language: str = "en") -> str:
    given = {"show": "shw_0000000007"} if page is ROOM else {}
    if page is SIGN_IN:
        given = {"csrf": "c", "next": "", "email": "", "problem": "sign_in.locked", "minutes": "15"}
    return read_page(WEB, page.file, page.words).render(language, **given)


def static_files(html: str) -> list[Path]:
    """What a page names, and whatever its modules import from there."""
    found = [WEB / link for link in re.findall(r"(?:src|href)=\"/static/([^\"]+)\"", html)]
    for file in found:
        if file.suffix == ".js":
            imported = re.findall(r"(?:from|import) \"([^\"]+)\"", file.read_text())
            found += [one for name in imported if (one := (file.parent / name).resolve()) not in found]
    return found


@pytest.mark.parametrize(
    "path",
    ["/", "/shows/shw_0000000007", "/static/style/page.css", "/static/home/home.js", "/nothing", "/static/app.py"],
)
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


async def test_a_file_is_packed_for_who_can_unpack_it() -> None:
    async with client() as http:
        packed = await http.get("/static/room/room.js", headers={"accept-encoding": "gzip"})
        plain = await http.get("/static/room/room.js", headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])
    assert packed.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", ["/static/headers.json", "/static/room/room.html", "/static/../app.py", "/shows/x/y"])
async def test_what_is_no_page_is_not_there(path: str) -> None:
    async with client() as http:
        assert (await http.get(path)).status_code == 404
        assert (await http.post("/")).status_code == 405


@pytest.mark.parametrize(
    ("path", "headers", "language"),
    [
        ("/", {}, "en"),
        ("/", {"accept-language": "fr-CH, de;q=0.8"}, "fr"),
        ("/", {"accept-language": "ar", "cookie": "lang=ja"}, "ja"),
        ("/?lang=de", {"accept-language": "ar", "cookie": "lang=ja"}, "de"),
        ("/?lang=xx", {"accept-language": "es"}, "es"),
        ("/nothing", {"accept-language": "ar"}, "ar"),
    ],
)
async def test_a_page_speaks_the_language_that_it_is_asked_for(
    path: str, headers: dict[str, str], language: str
) -> None:
    async with client() as http:
        answer = await http.get(path, headers=headers)
    direction = "rtl" if language == "ar" else "ltr"
    assert f'<html lang="{language}" dir="{direction}"' in answer.text
    if answer.status_code == 200:
        assert {"Accept-Language", "Cookie"} <= set(answer.headers["vary"].split(", "))


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.file)
def test_a_page_has_nothing_inline_and_asks_nobody_else(page: Page) -> None:
    html = rendered(page)
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:", html) == []
    assert re.findall(r"<script(?![^>]*\ssrc=)", html) == []
    links = re.findall(r"(?:src|href)=\"([^\"]*)\"", html)
    assert [link for link in links if not link.startswith(("/", "#", "?lang="))] == []
    assert static_files(html)
    assert [file for file in static_files(html) if not file.is_file()] == []
    assert html.startswith("<!doctype html>")
    assert 'name="viewport"' in html


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.file)
def test_every_word_of_a_page_is_there_in_every_language(page: Page) -> None:
    for language in LANGUAGES:
        html = rendered(page, language)  # raises for a word that is not there
        assert f'<html lang="{language}"' in html
        assert re.findall(r'hreflang="(..)" aria-current', html) == [language]
        assert "{{" not in html and "{%" not in html


@pytest.mark.parametrize("folder", sorted(path.name for path in (WEB / "words").iterdir()))
def test_every_language_says_the_same_things(folder: str) -> None:
    english = read_words(WEB / "words" / folder / "en.js")
    for language in LANGUAGES:
        words = read_words(WEB / "words" / folder / f"{language}.js")
        assert words.keys() == english.keys(), language
        for key, text in words.items():
            assert text.strip(), key
            assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english[key])), (language, key)


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.file)
def test_every_word_that_a_module_says_is_known_on_its_page(page: Page) -> None:
    known = {key for name in ("common", *page.words) for key in read_words(WEB / "words" / name / "en.js")}
    for file in static_files(rendered(page)):
        if file.suffix == ".js":
            said = re.findall(r"\bt\(\s*\"([a-z_.]+)\"", file.read_text())
            assert [key for key in said if key not in known] == [], file


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(WEB)))
def test_a_module_imports_its_neighbours_only_and_writes_no_markup(module: Path) -> None:
    text = module.read_text()
    imports = re.findall(r"from \"([^\"]+)\"|import\(\"([^\"]+)\"\)|^import \"([^\"]+)\"", text, re.MULTILINE)
    names = [name for found in imports for name in found if name]
    assert [name for name in names if not (module.parent / name).resolve().is_file()] == []
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|https?://", text) == []
    assert len(text.splitlines()) <= 300


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.file)
def test_every_element_that_a_module_looks_for_is_on_its_page(page: Page) -> None:
    html = rendered(page)
    there = set(re.findall(r"\sid=\"([^\"]+)\"", html))
    assert len(there) == len(re.findall(r"\sid=\"", html)), "an id is there twice"
    for file in static_files(html):
        if file.suffix == ".js":
            assert set(re.findall(r"find\(\"([^\"]+)\"\)", file.read_text())) - there == set(), file


def test_the_room_stays_small() -> None:
    for language in LANGUAGES:
        html = read_room_page().render("shw_0000000007", language)
        files = [file.read_bytes() for file in static_files(html)]
        assert sum(len(gzip.compress(body)) for body in [html.encode(), *files]) < ROOM_BYTES_MAX, language
