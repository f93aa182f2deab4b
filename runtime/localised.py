"""Pages in several languages: a template (Jinja), and for each language a file of words.

A file of words is a module that a browser can import (`export default {…};`) with JSON between its first brace and its
last, so that page and script have one source.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template

NAMES = {"en": "English", "de": "Deutsch", "es": "Español", "fr": "Français", "ja": "日本語", "ar": "العربية"}
LANGUAGES = tuple(NAMES)
"""The first is spoken to whoever asks for none of them."""
RIGHT_TO_LEFT = frozenset({"ar"})
COOKIE = "lang"
_RANGE = re.compile(r"\s*([A-Za-z*]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?))?\s*")
RANGES_MAX = 20


def read_words(file: Traversable) -> dict[str, str]:
    """Key -> text. Raises ValueError for what is no file of words."""
    text = file.read_text()
    words = json.loads(text[text.index("{") : text.rindex("}") + 1])
    if not all(isinstance(word, str) for word in words.values()):
        raise ValueError(f"{file.name} has something that is no text")
    return dict(words)


@dataclass(frozen=True, slots=True)
class LocalisedPage:
    """A template that extends the frame of all pages, and what it says in each language."""

    template: Template
    words: Mapping[str, Mapping[str, str]]
    folders: tuple[str, ...]

    def render(self, language: str, **values: object) -> str:
        """The page in one of `LANGUAGES`; everything that is put into it is escaped.

        Raises KeyError for a word that nobody wrote, jinja2.UndefinedError for a value that was not given.
        """
        return self.template.render(
            t=self.words[language].__getitem__,
            language=language,
            direction="rtl" if language in RIGHT_TO_LEFT else "ltr",
            languages=NAMES,
            words=self.folders,
            **values,
        )


def read_page(folder: Traversable, file: str, words: Iterable[str]) -> LocalisedPage:
    """The page `file` of a folder that has `words/common` and `words/<name>` for each of `words`."""
    templates = Environment(
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    folders = ("common", *words)
    said = {
        language: {
            key: word
            for name in folders
            for key, word in read_words(folder.joinpath("words", name, f"{language}.js")).items()
        }
        for language in LANGUAGES
    }
    return LocalisedPage(templates.get_template(file), said, folders)


def preferred(*, asked: str | None, kept: str | None, accepted: str) -> str:
    """The language to speak: what the address asks for, else what was chosen before, else what the browser accepts.

    `accepted` is an Accept-Language header (RFC 9110 section 12.5.4), of which the first 20 ranges count.
    """
    for choice in (asked, kept):
        if choice in LANGUAGES:
            return str(choice)
    best, weight = LANGUAGES[0], 0.0
    for text in accepted.split(",")[:RANGES_MAX]:
        found = _RANGE.fullmatch(text)
        if found is not None and found[1].lower() in LANGUAGES and float(found[2] or 1) > weight:
            best, weight = found[1].lower(), float(found[2] or 1)
    return best
