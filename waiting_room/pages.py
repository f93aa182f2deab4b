"""The room's page: one file of `web/room` in each language, with the show's id in it. Its module does all else."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from runtime.localised import read_page

KEPT_MAX = 1_000
"""Pages that are kept as they were sent: at ten o'clock all come for the same few."""


@dataclass(frozen=True, slots=True)
class RoomPage:
    """`render(show, language)`: the page of one show, in a language that `runtime.localised` knows; and the headers of
    every page."""

    render: Callable[[str, str], str]
    headers: dict[str, str]


def read_room_page() -> RoomPage:
    """The page as installed."""
    web = resources.files("web")
    headers: dict[str, str] = json.loads(web.joinpath("headers.json").read_text())
    page = read_page(web, "room/room.html", ["room"])

    @lru_cache(maxsize=KEPT_MAX)
    def render(show: str, language: str) -> str:
        return page.render(language, show=show)

    return RoomPage(render, headers)
