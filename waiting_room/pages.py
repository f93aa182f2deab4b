"""The room's page: one file of `web/room` in each language, with the show's id in it. Its module does all else."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from runtime.localised import fill, in_every_language


@dataclass(frozen=True, slots=True)
class RoomPage:
    """The page before a show is put into it, by language, and the headers of every page."""

    templates: Mapping[str, str]
    headers: dict[str, str]

    def render(self, show: str, language: str) -> str:
        """The page of one show, in a language that `runtime.localised` knows."""
        return fill(self.templates[language], {"show": show})


def read_page() -> RoomPage:
    """The page as installed."""
    web = resources.files("web")
    headers: dict[str, str] = json.loads(web.joinpath("headers.json").read_text())
    words = [web.joinpath("words", name) for name in ("common", "room")]
    return RoomPage(in_every_language(web.joinpath("room", "room.html").read_text(), words), headers)
