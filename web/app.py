"""Static files from this package as an ASGI application, with the headers of `headers.json` on every answer."""

import hashlib
import json
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
PAGE_CACHE = "no-cache"
FILE_CACHE = "public, max-age=60, stale-while-revalidate=600"


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is sent. `etag` is quoted."""

    body: bytes
    media_type: str
    etag: str
    cache: str


def create_app() -> ASGIApp:
    """`/`, and `/static/<folder>/<file>` for every style, module and picture of this package."""
    package = resources.files("web")
    headers: dict[str, str] = json.loads(package.joinpath("headers.json").read_text())
    files = {f"/static/{path}": _file(found) for path, found in _walk(package)}
    files["/"] = _file(package.joinpath("home", "home.html"))
    missing = package.joinpath("missing", "missing.html").read_bytes()

    async def answer(request: Request) -> Response:
        file = files.get(request.url.path)
        if file is None:
            raise HTTPException(404)
        found = headers | {"ETag": file.etag, "Cache-Control": file.cache}
        if file.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=found)
        return Response(file.body, media_type=file.media_type, headers=found)

    async def refuse(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return Response(missing, error.status_code, headers | dict(error.headers or {}), "text/html")

    return Starlette(
        routes=[Route("/{path:path}", answer, methods=["GET"])], exception_handlers={HTTPException: refuse}
    )


def _walk(folder: Traversable, path: str = "") -> list[tuple[str, Traversable]]:
    found = []
    for item in folder.iterdir():
        if item.is_dir():
            found += _walk(item, f"{path}{item.name}/")
        elif "." + item.name.rpartition(".")[2] in MEDIA_TYPES:
            found.append((path + item.name, item))
    return found


def _file(found: Traversable) -> File:
    body = found.read_bytes()
    media_type = MEDIA_TYPES.get("." + found.name.rpartition(".")[2])
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    return File(body, media_type or "text/html", etag, FILE_CACHE if media_type else PAGE_CACHE)
