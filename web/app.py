"""Pages and files from this package as an ASGI application, with the headers of `headers.json` on every answer."""

import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from runtime.localised import COOKIE, LANGUAGES, preferred, read_page
from web.table import PAGES, Page

MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
PAGE_CACHE = "no-cache"
FILE_CACHE = "public, max-age=60, stale-while-revalidate=600"


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is sent. `etag` is quoted."""

    body: bytes
    packed: bytes
    media_type: str
    etag: str
    cache: str


def create_app() -> ASGIApp:
    """Every page of `table.PAGES`, and `/static/<folder>/<file>` for every style, module and picture here."""
    package = resources.files("web")
    headers: dict[str, str] = json.loads(package.joinpath("headers.json").read_text())
    files = {f"/static/{path}": _file(found.read_bytes(), path) for path, found in _walk(package)}
    missing = _pages(package, Page("", "missing/missing.html", ()))

    async def static(request: Request) -> Response:
        file = files.get(request.url.path)
        if file is None:
            raise HTTPException(404)
        return _answer(request, file, headers)

    async def refuse(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        page = missing[_language(request)]
        return Response(page.body, error.status_code, headers | dict(error.headers or {}), "text/html")

    routes = [Route(page.path, _page_answer(_pages(package, page), headers), methods=["GET"]) for page in PAGES]
    return Starlette(
        routes=[*routes, Route("/{path:path}", static, methods=["GET"])], exception_handlers={HTTPException: refuse}
    )


def _page_answer(pages: dict[str, File], headers: dict[str, str]) -> Callable[[Request], Response]:
    spoken = headers | {"Vary": "Accept-Language, Cookie"}

    def page(request: Request) -> Response:
        return _answer(request, pages[_language(request)], spoken)

    return page


def _language(request: Request) -> str:
    return preferred(
        asked=request.query_params.get(COOKIE),
        kept=request.cookies.get(COOKIE),
        accepted=request.headers.get("accept-language", ""),
    )


def _answer(request: Request, file: File, headers: dict[str, str]) -> Response:
    found = headers | {"ETag": file.etag, "Cache-Control": file.cache}
    found["Vary"] = ", ".join(filter(None, (headers.get("Vary"), "Accept-Encoding")))
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=found)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, media_type=file.media_type, headers=found | {"Content-Encoding": "gzip"})
    return Response(file.body, media_type=file.media_type, headers=found)


def _pages(package: Traversable, page: Page) -> dict[str, File]:
    found = read_page(package, page.file, page.words)
    return {language: _file(found.render(language).encode(), page.file) for language in LANGUAGES}


def _walk(folder: Traversable, path: str = "") -> list[tuple[str, Traversable]]:
    found = []
    for item in folder.iterdir():
        if item.is_dir():
            found += _walk(item, f"{path}{item.name}/")
        elif "." + item.name.rpartition(".")[2] in MEDIA_TYPES:
            found.append((path + item.name, item))
    return found


def _file(body: bytes, name: str) -> File:
    media_type = MEDIA_TYPES.get("." + name.rpartition(".")[2])
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    packed = gzip.compress(body, mtime=0)
    return File(body, packed, media_type or "text/html", etag, FILE_CACHE if media_type else PAGE_CACHE)
