"""The room's page: one file of `web/room`, with the show's id in it. Everything else is done by its module."""

import json
from dataclasses import dataclass
from importlib import resources

SHOW_MARK = "{{show}}"


@dataclass(frozen=True, slots=True)
class RoomPage:
    """The page before a show is put into it, and the headers of every page."""

    template: str
    headers: dict[str, str]

    def render(self, show: str) -> str:
        """The page of one show; `show` is an id that has been checked, so there is nothing in it to escape."""
        return self.template.replace(SHOW_MARK, show)


def read_page() -> RoomPage:
    """The page as installed."""
    web = resources.files("web")
    headers: dict[str, str] = json.loads(web.joinpath("headers.json").read_text())
    return RoomPage(web.joinpath("room", "room.html").read_text(), headers)
