"""The room's page: one file of `web/room` in each language, with the show's id in it. Its module does all else.

Beside it the page for browsers without scripts, which is filled for each fan.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from runtime.localised import LocalisedPage, read_page

KEPT_MAX = 1_000
"""Pages that are kept as they were sent: at ten o'clock all come for the same few."""


@dataclass(frozen=True, slots=True)
class RoomPage:
    """`render(show, language)`: the page of one show, in a language that `runtime.localised` knows; and the headers of
    every page."""

    render: Callable[[str, str], str]
    headers: dict[str, str]
    plain: LocalisedPage
    """The page for browsers without scripts, which is made anew for each fan."""


def read_room_page() -> RoomPage:
    """The page as installed."""
    web = resources.files("web")
    headers: dict[str, str] = json.loads(web.joinpath("headers.json").read_text())
    page = read_page(web, "room/room.html", ["room"])

    plain = read_page(web, "room/plain.html", ["room", "plain"])

    @lru_cache(maxsize=KEPT_MAX)
    def render(show: str, language: str) -> str:
        return page.render(language, show=show)

    return RoomPage(render, headers, plain)
