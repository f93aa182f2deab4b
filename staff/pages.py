"""The sign-in page: `web/sign_in`, with what was wrong with the last try."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from runtime.localised import LocalisedPage, read_page


@dataclass(frozen=True, slots=True)
class SignInPage:
    """With the headers of every page."""

    page: LocalisedPage
    headers: dict[str, str]

    def render(self, language: str, values: Mapping[str, str]) -> str:
        """`values`: `csrf`, `next`, `email`, `problem` (a word's key, or none), `minutes`."""
        return self.page.render(language, **values)


def read_sign_in_page() -> SignInPage:
    """The page as installed."""
    web = resources.files("web")
    headers: dict[str, str] = json.loads(web.joinpath("headers.json").read_text())
    return SignInPage(read_page(web, "sign_in/sign_in.html", ["staff"]), headers)
