"""What the web room answers, asked in memory: pages, and the files that they need."""

from collections.abc import Mapping
from functools import cache

import httpx

from web.app import create_app

ORIGIN = "http://localhost"


async def from_web_room(target: str, headers: Mapping[str, str]) -> httpx.Response:
    """GET of a path with its query, by somebody who has never been there."""
    http = _web_room()
    http.cookies.clear()
    return await http.get(target, headers=headers)


@cache
def _web_room() -> httpx.AsyncClient:
    # One for all stories: it reads every file when it is made.
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=create_app()), base_url=ORIGIN)
